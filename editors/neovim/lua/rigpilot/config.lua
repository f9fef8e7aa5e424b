-- config.lua: what a user may set in setup(), its defaults, and one sentence for everything that is wrong with it.
local M = {}

M.defaults = {
  -- The program and its arguments; nil: `rigpilot` from $PATH (or vim.g.rigpilot_program) with `lsp`.
  cmd = nil,
  -- A Hugging Face folder, a .gguf file or a name of `rigpilot model list`; nil: the model that comes with Rigpilot.
  model = nil,
  -- What `rigpilot settings` lists, without the "rigpilot." before it.
  settings = {},
  -- Suggestions appear by themselves; false: only when asked for (keys.trigger).
  auto = true,
  -- Quiet time after a key before asking, where Neovim has no inline completion of its own (0.10, 0.11).
  debounce_ms = 40,
  -- Filetypes that the server is not even told about.
  ignore_filetypes = {},
  -- Keys in insert mode; false leaves one alone. What stands there falls through while no suggestion shows.
  keys = {
    accept = '<Tab>',
    accept_word = '<M-w>',
    accept_line = '<M-l>',
    next = '<M-]>',
    previous = '<M-[>',
    dismiss = '<C-]>',
    trigger = '<M-\\>',
  },
  -- Neovim 0.12's own inline completion; false: drawn by this plugin there too.
  native = true,
}

local kinds = {
  cmd = { 'table' }, model = { 'string' }, settings = { 'table' }, auto = { 'boolean' }, debounce_ms = { 'number' },
  ignore_filetypes = { 'table' }, keys = { 'table', 'boolean' }, native = { 'boolean' },
}

-- The complaints about what was given; none: it is fine.
function M.complaints(given)
  local out = {}
  for name, value in pairs(given) do
    local kind = kinds[name]
    if not kind then
      out[#out + 1] = ("'%s' is unknown"):format(name)
    elseif not vim.tbl_contains(kind, type(value)) then
      out[#out + 1] = ("'%s' is a %s: expected a %s"):format(name, type(value), kind[1])
    end
  end
  for name, value in pairs(type(given.keys) == 'table' and given.keys or {}) do
    if M.defaults.keys[name] == nil then
      out[#out + 1] = ("'keys.%s' is unknown"):format(name)
    elseif value ~= false and type(value) ~= 'string' then
      out[#out + 1] = ("'keys.%s' is a %s: expected a key or false"):format(name, type(value))
    end
  end
  table.sort(out)
  return out
end

function M.merge(given)
  local out = vim.tbl_deep_extend('force', M.defaults, given or {})
  if given and given.keys == false then out.keys = {} end
  return out
end

return M
