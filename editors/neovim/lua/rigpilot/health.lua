-- health.lua: `:checkhealth rigpilot`: what is there, what works, and what to do about the rest.
local M = {}

local function program(server, options)
  local health = vim.health
  local cmd, problem = server.command(options)
  if not cmd then return health.error(problem, { 'Install it (scripts/setup builds build/release/rigpilot) and put it into $PATH', 'or set cmd in setup(), or vim.g.rigpilot_program' }) end
  local version = vim.fn.system({ cmd[1], '--version' })
  if vim.v.shell_error ~= 0 then
    return health.error(("'%s --version' failed: %s"):format(cmd[1], vim.trim(version)), { 'Is it the right program? See cmd in setup()' })
  end
  health.ok(('%s (%s)'):format(vim.trim(version), cmd[1]))
end

local function model(server, status)
  local health = vim.health
  local client = server.client()
  if not client then
    return health.warn('the server does not run', { 'Open a file first; `:Rigpilot log` says why it did not start', '`:Rigpilot restart` tries again' })
  end
  health.ok(('the server runs (client %d), positions in %s'):format(client.id, client.offset_encoding))
  local last = status.last
  if last.state == 'error' then return health.error(last.message, { '`:Rigpilot model` chooses another one', '`rigpilot model list` shows the store' }) end
  if last.state == 'loading' then return health.info(last.message) end
  if last.state == 'paused' then return health.warn('paused', { ':Rigpilot resume' }) end
  health.ok('model: ' .. last.model)
end

local function keys(options)
  local health = vim.health
  for name, lhs in pairs(options.keys) do
    local map = lhs and vim.fn.maparg(lhs, 'i', false, true)
    if map and not (map.desc or ''):find('^Rigpilot: ') then
      health.warn(('%s (%s) is mapped to something else now'):format(lhs, name), { 'Call setup() after the other plugin, or choose another key in keys' })
    end
  end
  for _, other in ipairs({ 'copilot', 'codeium', 'supermaven-nvim', 'minuet' }) do
    if package.loaded[other] then health.warn(("'%s' is loaded too: both draw suggestions in the same place"):format(other), { 'Use one of them at a time' }) end
  end
end

function M.check()
  local health = vim.health
  health.start('Rigpilot')
  if vim.fn.has('nvim-0.10') == 0 then return health.error('Neovim 0.10 or later is needed') end
  local rigpilot, server, status = require('rigpilot'), require('rigpilot.server'), require('rigpilot.status')
  if not rigpilot.options then return health.error('setup() was not called', { "require('rigpilot').setup({})" }) end
  local native = rigpilot.options.native and vim.lsp.inline_completion
  health.ok(('Neovim %s, suggestions drawn by %s'):format(tostring(vim.version()), native and "Neovim's own inline completion" or 'this plugin'))
  if native and #vim.lsp.get_clients({ name = 'rigpilot' }) > 0 and not require('rigpilot.compat').native(vim.api.nvim_get_current_buf()) then
    health.info("this buffer has no inline completion, or Neovim's is not as this plugin knows it: accepting still works")
  end
  program(server, rigpilot.options)
  model(server, status)
  keys(rigpilot.options)
end

return M
