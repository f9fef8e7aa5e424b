-- The command; everything else is loaded by setup().
if vim.g.loaded_rigpilot then return end
vim.g.loaded_rigpilot = true

vim.api.nvim_create_user_command('Rigpilot', function(given) require('rigpilot.command').run(given.fargs) end, {
  nargs = '*',
  desc = "Rigpilot's state, model, explanations and statistics",
  complete = function(lead, line) return require('rigpilot.command').complete(lead, line) end,
})
