-- native.lua: Neovim 0.12's own inline completion (vim.lsp.inline_completion), and what it needs to be right:
--  * a suggestion accepted within its 200 ms of quiet replaces the range of an older text: we insert what is left of it instead;
--  * it goes on showing a suggestion that the typed text has left: we take that down at once;
--  * it accepts all or nothing, as part of the surrounding undo step: we accept words and lines too, each a step of its own.
-- Uses its inner object where that is as we know it (compat.native) and only public functions otherwise.
local compat = require('rigpilot.compat')
local ghost = require('rigpilot.ghost')

local M = {}

local turns = {}  -- by buffer: how to go on when the others come that were asked for
local sent = {}   -- by buffer: of the item that shows, what the server sent, where a part of it was taken
local rests = {}  -- by buffer: the text after the cursor when the latest request was sent

local turn
-- Its item as ghost.lua's.
local function as_item(current, buf)
  if not current or type(current.insert_text) ~= 'string' then return nil end
  local item = { text = current.insert_text:gsub('\r\n', '\n'), client = current.client_id, tail = 0, rest = rests[buf], sent = sent[buf],
    id = current.command and current.command.arguments and current.command.arguments[1] }
  local cursor = vim.api.nvim_win_get_cursor(0)
  item.row, item.col = cursor[1] - 1, cursor[2]
  if not item.rest then item.rest = vim.api.nvim_get_current_line():sub(cursor[2] + 1) end
  if current.range then
    local row, col, end_row, end_col = current.range:to_extmark()
    item.row, item.col = row, col
    if end_row == row then item.tail = math.max(0, math.min(end_col - col, #item.rest)) end
  end
  return item
end

function M.attach(client, buf, options)
  vim.lsp.inline_completion.enable(options.auto, { client_id = client.id })
  local group = vim.api.nvim_create_augroup('rigpilot.native.' .. buf, {})
  vim.api.nvim_create_autocmd('LspRequest', { group = group, buffer = buf, callback = function(event)
    local request = event.data.request
    if event.data.client_id ~= client.id or request.method ~= 'textDocument/inlineCompletion' then return end
    if request.type == 'pending' then
      sent[buf] = nil
      rests[buf] = vim.api.nvim_get_current_line():sub(vim.api.nvim_win_get_cursor(0)[2] + 1)
    elseif request.type == 'complete' then
      vim.schedule(function()
        local native, wanted = compat.native(buf), turns[buf]
        turns[buf] = nil
        if native and wanted and wanted.tick == vim.api.nvim_buf_get_changedtick(buf) then turn(native, buf, wanted.step, wanted.shown) end
        local item = vim.api.nvim_get_current_buf() == buf and M.current(buf)
        if item then ghost.shown(item) end
      end)
    end
  end })
  vim.api.nvim_create_autocmd({ 'InsertEnter', 'CursorMovedI', 'TextChangedI', 'TextChangedP' }, { group = group, buffer = buf, callback = function()
    local native = compat.native(buf)
    -- Nothing by itself while a macro is recorded: a key that takes a suggestion would do something else when it runs.
    if native and vim.fn.reg_recording() ~= '' then return native:abort() end
    if not native or not native.current or M.current(buf) then return end
    native:hide()
    native.current = nil
  end })
end

function M.detach(buf)
  pcall(vim.api.nvim_del_augroup_by_name, 'rigpilot.native.' .. buf)
  rests[buf] = nil
end

function M.current(buf)
  local native = compat.native(buf)
  local item = native and as_item(native.current, buf)
  return item and ghost.left(item, buf) and item or nil
end

-- What is left of an item goes on showing.
local function show_again(native, current, item, buf)
  current.insert_text = item.text
  current.range = vim.range.extmark(buf, item.row, item.col, item.row, item.col + item.tail)
  native.current = current
  native:show()
end

function M.accept(buf, amount)
  local native = compat.native(buf)
  if not native then
    return vim.lsp.inline_completion.get({ bufnr = buf, on_accept = function(current)
      local item = as_item(current, buf)
      if item then ghost.accept(item, buf, amount) end
    end })
  end
  local current = native.current
  local item = M.current(buf)
  if not item then return false end
  native:abort()
  local left = ghost.accept(item, buf, amount)
  if left then
    rests[buf], sent[buf] = left.rest, left.sent
    show_again(native, current, left, buf)
  end
  return true
end

function M.dismiss(buf)
  local native = compat.native(buf)
  if not native then return vim.lsp.inline_completion.get({ bufnr = buf, on_accept = function() end }) end
  local was, item = native.current ~= nil, M.current(buf)
  if item then ghost.dismissed(item) end
  native:abort()
  return was
end

-- Goes on to an item that fits the text and is not `shown`, which may be among them.
function turn(native, buf, step, shown)
  for _ = 1, native:count_items() do
    vim.lsp.inline_completion.select({ bufnr = buf, count = step })
    local item = M.current(buf)
    if item and ghost.left(item, buf) ~= shown then return end
  end
end

-- The others are asked for when they are wanted: typing gets one.
function M.select(buf, step)
  local native = compat.native(buf)
  local item = native and M.current(buf)
  if not item then return M.trigger(buf) end
  local shown = ghost.left(item, buf)
  if native:count_items() > 1 then return turn(native, buf, step, shown) end
  turns[buf] = { step = step, shown = shown, tick = vim.api.nvim_buf_get_changedtick(buf) }
  native:request(1)
end

function M.trigger(buf)
  local native = compat.native(buf)
  if native then native:request(1) end
end

return M
