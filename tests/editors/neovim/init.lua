-- The configuration under test: this plugin and nothing else, in colours a test can tell apart.
vim.o.swapfile, vim.o.shadafile, vim.o.termguicolors = false, 'NONE', true
vim.o.fixendofline, vim.o.laststatus, vim.o.ruler = false, 2, false
vim.o.statusline = '%f [%{mode()}] %{%v:lua.require("rigpilot").statusline()%}'
vim.o.fileformats = 'unix,dos'
vim.cmd('filetype on')
vim.api.nvim_create_autocmd('ModeChanged', { callback = function() vim.cmd.redrawstatus() end })
vim.opt.runtimepath:prepend(vim.env.RIGPILOT_PLUGIN)
vim.cmd('runtime plugin/rigpilot.lua')
vim.api.nvim_set_hl(0, 'RigpilotGhost', { fg = '#aa00aa' })
vim.api.nvim_set_hl(0, 'ComplHint', { fg = '#aa00aa' })
vim.api.nvim_set_hl(0, 'ComplHintMore', { fg = '#00aa00' })  -- the count of suggestions behind one of several
local options = vim.json.decode(vim.env.RIGPILOT_OPTIONS or '{}')
options.cmd = vim.json.decode(vim.env.RIGPILOT_COMMAND)
require('rigpilot').setup(options)
