-- compat.lua: what differs between Neovim 0.10, 0.11 and 0.12, in one place.
local M = {}

local new = vim.fn.has('nvim-0.11') == 1

-- The id of the request, or nil.
function M.request(client, method, params, handler, buf)
  local ok, id
  if new then ok, id = client:request(method, params, handler, buf) else ok, id = client.request(method, params, handler, buf) end
  return ok and id or nil
end

function M.notify(client, method, params)
  if new then client:notify(method, params) else client.notify(method, params) end
end

function M.cancel(client, id)
  if new then client:cancel_request(id) else client.cancel_request(id) end
end

function M.stop(client)
  if new then client:stop() else client.stop() end
end

function M.initialized(client) return client and client.initialized and not (new and client:is_stopped() or not new and client.is_stopped()) end

-- Whether the text may be changed now. Nothing says so but a call that is refused; this one would do nothing.
function M.text_is_free() return (pcall(vim.api.nvim_set_current_win, vim.api.nvim_get_current_win())) end

-- A column as the server counts it, as a byte of the line (from 0).
function M.byte(line, column, encoding)
  if encoding == 'utf-8' then return math.min(column, #line) end
  local ok, byte
  if new then ok, byte = pcall(vim.str_byteindex, line, encoding, column, false)
  else ok, byte = pcall(vim.str_byteindex, line, column, encoding == 'utf-16') end
  return ok and byte or #line
end

function M.utf16_length(text)
  if new then return vim.str_utfindex(text, 'utf-16') end
  return select(2, vim.str_utfindex(text))
end

-- Neovim's own inline completion for a buffer, or nil where there is none. It is not public API, so whoever asks must do without.
function M.native(buf)
  if not (vim.lsp.inline_completion and vim.lsp.inline_completion.enable) then return nil end
  local ok, capability = pcall(require, 'vim.lsp._capability')
  local kind = ok and type(capability) == 'table' and capability.all and capability.all.inline_completion
  local active = kind and kind.active and kind.active[buf]
  if not active then return nil end
  for _, method in ipairs({ 'abort', 'show', 'hide', 'request', 'select' }) do
    if type(active[method]) ~= 'function' then return nil end
  end
  return active
end

return M
