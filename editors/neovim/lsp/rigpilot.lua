-- For `vim.lsp.enable('rigpilot')` alone (Neovim 0.12), without the plugin around it:
--   vim.lsp.enable('rigpilot')
--   vim.lsp.inline_completion.enable()
--   vim.keymap.set('i', '<Tab>', function() return vim.lsp.inline_completion.get() and '' or '<Tab>' end, { expr = true })
---@type vim.lsp.Config
return {
  cmd = { 'rigpilot', 'lsp' },
  -- One server for everything: a model fits into memory once.
  reuse_client = function(client, config) return client.name == config.name end,
}
