-- Rigpilot for Neovim: inline suggestions from a model on your own machine. :help rigpilot
--   require('rigpilot').setup({})                        starts it; every option is in lua/rigpilot/config.lua
--   accept() accept_word() accept_line() next() previous() dismiss() trigger()      for mappings of your own
--   statusline()                                          a few letters for a status line
local compat = require('rigpilot.compat')
local config = require('rigpilot.config')
local server = require('rigpilot.server')
local status = require('rigpilot.status')

local M = {}

local backend

local function here() return vim.api.nvim_get_current_buf() end

-- In an expr mapping, as those of blink.cmp are, the text is locked: it is changed right after.
local function accept(amount)
  if not backend then return false end
  if compat.text_is_free() then return backend.accept(here(), amount) end
  if not backend.current(here()) then return false end
  vim.schedule(function() backend.accept(here(), amount) end)
  return true
end

-- Each says whether it did something: what it returns decides whether a key falls through.
function M.accept() return accept('all') end
function M.accept_word() return accept('word') end
function M.accept_line() return accept('line') end
function M.dismiss() return backend ~= nil and backend.dismiss(here()) end
function M.next() if backend then backend.select(here(), 1) end return backend ~= nil end
function M.previous() if backend then backend.select(here(), -1) end return backend ~= nil end
function M.trigger() if backend then backend.trigger(here()) end return backend ~= nil end
function M.visible() return backend ~= nil and backend.current(here()) ~= nil end

M.statusline = status.line
function M.status() return vim.deepcopy(status.last) end

local function attach(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  if client and client.name == 'rigpilot' then backend.attach(client, event.buf, M.options) end
end

function M.setup(given)
  if vim.fn.has('nvim-0.10') == 0 then
    return vim.notify('Rigpilot needs Neovim 0.10 or later; this is ' .. tostring(vim.version()), vim.log.levels.ERROR)
  end
  local complaints = config.complaints(given or {})
  if #complaints > 0 then status.say('setup: ' .. table.concat(complaints, '\n  ') .. ' (:help rigpilot-setup)') end
  M.options = config.merge(#complaints == 0 and given or {})
  vim.g.rigpilot_set_up = true
  local native = M.options.native and vim.lsp.inline_completion ~= nil
  backend = require(native and 'rigpilot.native' or 'rigpilot.extmarks')
  local group = vim.api.nvim_create_augroup('rigpilot', {})
  vim.api.nvim_create_autocmd('LspAttach', { group = group, callback = attach })
  vim.api.nvim_create_autocmd('BufWipeout', { group = group, callback = function(event) backend.detach(event.buf) end })
  require('rigpilot.keys').map(M.options.keys, M)
  server.start(M.options)
end

return M
