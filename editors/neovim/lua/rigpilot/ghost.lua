-- ghost.lua: a suggestion against the text as it is now: what of it is still to come, and taking a part of it.
-- An item is { row, col, text, tail, rest, id, client }: bytes from 0; text stands from (row, col) once accepted; `tail` bytes after
-- the cursor are replaced; `rest` is the text after the cursor when it was made. Knows nothing of who draws it.
local compat = require('rigpilot.compat')

local M = {}

-- What of the item is not typed yet, and how many bytes after the cursor it replaces; nil where the text went another way.
function M.left(item, buf)
  local cursor = vim.api.nvim_win_get_cursor(0)
  if vim.api.nvim_get_current_buf() ~= buf or cursor[1] - 1 ~= item.row or cursor[2] < item.col then return nil end
  local line = vim.api.nvim_buf_get_lines(buf, item.row, item.row + 1, false)[1] or ''
  local typed = line:sub(item.col + 1, cursor[2])
  if line:sub(cursor[2] + 1) ~= item.rest or not vim.startswith(item.text, typed) then return nil end
  local left = item.text:sub(#typed + 1)
  if left == '' or left == item.rest:sub(1, item.tail) then return nil end
  return left, item.tail
end

-- The part's length in bytes. A word takes the blanks before it; after a line's end, also the next line's indentation.
function M.part(left, amount)
  if amount == 'line' then
    local at = left:find('\n', 1, true)
    if at == 1 then at = left:find('\n', 2, true) end
    return at and at - 1 or #left
  end
  if amount == 'word' then
    local blanks = #left:match('^%s*')
    local rest = left:sub(blanks + 1)
    -- Letters, digits, _ and everything above ASCII make a word; other signs go together.
    local word = rest:match('^[%w_\128-\255]+') or rest:match('^[^%w_%s\128-\255]+') or ''
    return blanks + #word
  end
  return #left
end

local function utf16(text) return compat.utf16_length(text) end

-- `taken` bytes of the item are in the text. The server knows it as it was sent: `sent`, of which the item is what is left.
local function tell(item, taken, whole)
  local sent = item.sent or { text = item.text, before = 0 }
  local client = vim.lsp.get_client_by_id(item.client)
  if not client or not item.id then return end
  if whole then
    compat.request(client, 'workspace/executeCommand', { command = 'rigpilot.didAccept', arguments = { item.id } }, function() end)
  else
    compat.notify(client, 'textDocument/didPartiallyAcceptCompletion',
      { item = { insertText = sent.text, command = { arguments = { item.id } } }, acceptedLength = utf16(sent.text:sub(1, sent.before + taken)) })
  end
end

-- Takes 'all', a 'word' or a 'line' of the item into the buffer, as one step of undo. What is left of it afterwards, or nil.
function M.accept(item, buf, amount)
  local left, tail = M.left(item, buf)
  if not left then return nil end
  local cursor = vim.api.nvim_win_get_cursor(0)
  local row, col = cursor[1] - 1, cursor[2]
  local length = M.part(left, amount)
  local whole = length == #left
  -- Before the end, what stands after the cursor stays there.
  local part = left:sub(1, length)
  local replaced = whole and tail or 0
  -- Where only the text after the cursor is left of it, everything new is in.
  if not whole and left:sub(length + 1) == item.rest:sub(1, tail) and tail > 0 then whole = true end
  local lines = vim.split(part, '\n', { plain = true })
  vim.bo[buf].undolevels = vim.bo[buf].undolevels  -- a step of its own
  vim.api.nvim_buf_set_text(buf, row, col, row, col + replaced, lines)
  local end_col = (#lines == 1 and col or 0) + #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { row + #lines, end_col })
  vim.bo[buf].undolevels = vim.bo[buf].undolevels
  local taken = #item.text - #left + length
  tell(item, taken, whole)
  if whole then return nil end
  local sent = item.sent or { text = item.text, before = 0 }
  return { sent = { text = sent.text, before = sent.before + taken }, row = row + #lines - 1, col = end_col, text = left:sub(length + 1), tail = tail, rest = item.rest, id = item.id, client = item.client }
end

-- The user waved it away: the server does not bring it back here by typing.
function M.dismissed(item)
  local client = item.id and vim.lsp.get_client_by_id(item.client)
  if not client then return end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.item = { insertText = item.text, command = { arguments = { item.id } } }
  compat.notify(client, 'rigpilot/didDismiss', params)
end

-- Told once an item, for the statistics.
local told
function M.shown(item)
  local client = item.id and item.id ~= told and vim.lsp.get_client_by_id(item.client)
  if not client then return end
  told = item.id
  compat.notify(client, 'textDocument/didShowCompletion', { item = { insertText = item.text, command = { arguments = { item.id } } } })
end

return M
