-- keys.lua: the keys in insert mode. Each does what it did before while no suggestion shows.
local M = {}

local function feed(keys, mode) vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), mode, false) end

-- What the key was mapped to before us, or the key itself.
local function fall_through(lhs, before)
  if not before or vim.tbl_isempty(before) or (not before.rhs and not before.callback) then return feed(lhs, 'ni') end
  if before.callback then
    local result = before.callback()
    if before.expr == 1 and type(result) == 'string' then feed(result, before.noremap == 1 and 'ni' or 'mi') end
    return
  end
  local rhs = before.rhs
  if before.expr == 1 then rhs = vim.api.nvim_eval(rhs) end
  feed(rhs, before.noremap == 1 and 'ni' or 'mi')
end

local function pick_in_menu() return vim.fn.pumvisible() == 1 and vim.fn.complete_info({ 'selected' }).selected ~= -1 end

function M.map(keys, actions)
  local describe = { accept = 'accept the suggestion', accept_word = 'accept its next word', accept_line = 'accept its next line', next = 'next suggestion',
    previous = 'previous suggestion', dismiss = 'dismiss the suggestion', trigger = 'suggest here' }
  for name, lhs in pairs(keys) do
    if lhs then
      local before = vim.fn.maparg(lhs, 'i', false, true)
      if (before.desc or ''):find('^Rigpilot: ') then before = nil end  -- setup() was called before
      vim.keymap.set('i', lhs, function()
        -- A chosen entry of the completion menu goes first.
        if pick_in_menu() and vim.startswith(name, 'accept') then return fall_through(lhs, before) end
        if not actions[name]() then fall_through(lhs, before) end
      end, { desc = 'Rigpilot: ' .. describe[name] })
    end
  end
end

return M
