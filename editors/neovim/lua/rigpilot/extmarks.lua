-- extmarks.lua: inline suggestions drawn by this plugin, where Neovim has none of its own (0.10, 0.11).
-- One suggestion at a time, in the current buffer. It stays while it is typed and goes as soon as the text goes another way.
local compat = require('rigpilot.compat')
local ghost = require('rigpilot.ghost')

local M = {}

local namespace = vim.api.nvim_create_namespace('rigpilot')
local state = { items = {}, index = 1, buf = nil, client = nil, asked = nil, timer = nil, quiet_at = nil }

vim.api.nvim_set_hl(0, 'RigpilotGhost', { link = 'NonText', default = true })

-- Virtual text does not know tabs: as many spaces as they would be.
local function without_tabs(text, column, buf)
  local out = ''
  local stop = vim.bo[buf].tabstop
  for piece, tab in text:gmatch('([^\t]*)(\t?)') do
    out = out .. piece
    if tab ~= '' then
      local at = column + vim.fn.strdisplaywidth(out)
      out = out .. (' '):rep(stop - at % stop)
    end
  end
  return out
end

local function erase(buf)
  if buf and vim.api.nvim_buf_is_valid(buf) then vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1) end
end

local function current() return state.items[state.index] end

local function draw()
  local item, buf = current(), state.buf
  erase(buf)
  local left, tail = nil, nil
  if item then left, tail = ghost.left(item, buf) end
  if not left then
    state.items = {}
    return false
  end
  local row, col = item.row, vim.api.nvim_win_get_cursor(0)[2]
  local after = item.rest:sub(1, tail)
  local over = false
  -- What comes again after the cursor is there already; where it comes elsewhere, the text is drawn over it.
  if tail > 0 and vim.endswith(left, after) then left = left:sub(1, #left - tail) else over = tail > 0 end
  local lines = vim.split(left, '\n', { plain = true })
  local column = vim.fn.virtcol('.') - 1
  local below = {}
  for i = 2, #lines do below[#below + 1] = { { without_tabs(lines[i], 0, buf), 'RigpilotGhost' } } end
  vim.api.nvim_buf_set_extmark(buf, namespace, row, col, {
    virt_text = { { without_tabs(lines[1], column, buf), 'RigpilotGhost' } },
    virt_text_pos = over and 'overlay' or 'inline',
    virt_lines = #below > 0 and below or nil,
    hl_mode = 'combine',
  })
  ghost.shown(item)
  return true
end

local function read_item(raw, client, buf, rest)
  local text = type(raw.insertText) == 'table' and raw.insertText.value or raw.insertText
  local item = { text = text:gsub('\r\n', '\n'), rest = rest, client = client.id, id = raw.command and raw.command.arguments and raw.command.arguments[1] }
  local cursor = vim.api.nvim_win_get_cursor(0)
  item.row, item.col, item.tail = cursor[1] - 1, cursor[2], 0
  if not raw.range then return item end
  local line = vim.api.nvim_buf_get_lines(buf, raw.range.start.line, raw.range.start.line + 1, false)[1] or ''
  item.row = raw.range.start.line
  item.col = compat.byte(line, raw.range.start.character, client.offset_encoding)
  item.tail = math.max(0, compat.byte(line, raw.range['end'].character, client.offset_encoding) - (#line - #rest))
  return item
end

local function cancel()
  if state.asked then compat.cancel(state.asked.client, state.asked.id) end
  state.asked = nil
  if state.timer then state.timer:stop() end
end

-- `turn`: what to do with the items that come, beside showing the first.
local function ask(kind, turn)
  local client = vim.lsp.get_client_by_id(state.client or -1)
  local buf = vim.api.nvim_get_current_buf()
  if not compat.initialized(client) or state.buf ~= buf then return end
  cancel()
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind }
  local tick = vim.api.nvim_buf_get_changedtick(buf)
  local rest = vim.api.nvim_get_current_line():sub(vim.api.nvim_win_get_cursor(0)[2] + 1)
  local mine = {}
  local id = compat.request(client, 'textDocument/inlineCompletion', params, function(err, result)
    if state.asked == mine then state.asked = nil end
    local late = buf ~= vim.api.nvim_get_current_buf() or tick ~= vim.api.nvim_buf_get_changedtick(buf)
    if err or not result or late or not vim.api.nvim_get_mode().mode:match('^[iR]') then return end
    state.items, state.index = {}, 1
    for _, raw in ipairs(result.items or result) do state.items[#state.items + 1] = read_item(raw, client, buf, rest) end
    if turn then turn() else draw() end
  end, buf)
  -- From here on the server knows what is left as an item of its own.
  for _, item in ipairs(state.items) do item.sent = nil end
  if id then mine.client, mine.id, state.asked = client, id, mine end
end

function M.attach(client, buf, options)
  state.client = client.id
  local group = vim.api.nvim_create_augroup('rigpilot.extmarks.' .. buf, {})
  vim.api.nvim_create_autocmd({ 'InsertEnter', 'CursorMovedI', 'TextChangedI', 'TextChangedP' }, {
    group = group, buffer = buf, callback = function()
      state.buf = buf
      local place = vim.api.nvim_win_get_cursor(0)
      local now = ('%d:%d:%d'):format(vim.api.nvim_buf_get_changedtick(buf), place[1], place[2])
      if now == state.place and state.place_buf == buf then return end  -- one key is several events
      state.place, state.place_buf = now, buf
      draw()
      if not options.auto then return end
      state.timer = state.timer or vim.uv.new_timer()
      state.timer:stop()
      state.timer:start(options.debounce_ms, 0, vim.schedule_wrap(function()
        -- Not while a macro is recorded: a key that takes a suggestion would do something else when it runs.
        if vim.api.nvim_get_mode().mode:match('^[iR]') and vim.fn.reg_recording() == '' then ask(2) end
      end))
    end })
  vim.api.nvim_create_autocmd({ 'InsertLeave', 'BufLeave' }, { group = group, buffer = buf, callback = function()
    cancel()
    state.items, state.place = {}, nil
    erase(buf)
  end })
end

function M.detach(buf)
  pcall(vim.api.nvim_del_augroup_by_name, 'rigpilot.extmarks.' .. buf)
  if state.buf == buf then state.items = {} end
  erase(buf)
end

-- The suggestion on the screen, as ghost.lua's item, or nil.
function M.current(buf)
  local item = state.buf == buf and current() or nil
  return item and ghost.left(item, buf) and item or nil
end

function M.accept(buf, amount)
  local item = M.current(buf)
  if not item then return false end
  cancel()
  local left = ghost.accept(item, buf, amount)
  state.items, state.index = left and { left } or {}, 1
  draw()
  return true
end

function M.dismiss(buf)
  cancel()
  local item = M.current(buf)
  if item then ghost.dismissed(item) end
  state.items = {}
  erase(buf)
  return item ~= nil
end

-- Goes on to an item that fits the text and is not `shown`, which may be among them.
local function turn(buf, step, shown)
  for _ = 1, #state.items do
    state.index = (state.index - 1 + step) % #state.items + 1
    local left = ghost.left(current(), buf)
    if left and left ~= shown then break end
  end
  draw()
end

-- The others are asked for when they are wanted: typing gets one.
function M.select(buf, step)
  local item = M.current(buf)
  if not item then return M.trigger(buf) end
  local shown = ghost.left(item, buf)
  if #state.items > 1 then return turn(buf, step, shown) end
  ask(1, function() turn(buf, step, shown) end)
end

function M.trigger(buf)
  state.buf = buf
  ask(1)
end

return M
