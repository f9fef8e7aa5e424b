-- status.lua: the server's state as it tells it (rigpilot/status), for the status line and for whoever listens.
-- Fires `User RigpilotStatus` on every change.
local M = {}

M.last = { state = 'off', message = 'not started', model = '', languagesOff = {} }

function M.set(status)
  M.last = vim.tbl_extend('keep', status, { languagesOff = {} })
  vim.api.nvim_exec_autocmds('User', { pattern = 'RigpilotStatus', modeline = false })
  vim.cmd.redrawstatus()
end

-- A warning, outside of whatever runs now: in an autocommand it would read like a failure of Neovim's.
function M.say(text)
  vim.schedule(function() vim.notify('Rigpilot: ' .. text, vim.log.levels.WARN) end)
end

-- A word in the status line for some seconds: messages that come in insert mode are not drawn.
function M.notice_for(word, ms)
  M.notice = word
  vim.cmd.redrawstatus()
  vim.defer_fn(function()
    M.notice = nil
    vim.cmd.redrawstatus()
  end, ms)
end

-- Whether the buffer's language is switched off.
function M.language_off(buf)
  local off = M.last.languagesOff or {}
  return vim.tbl_contains(off, vim.bo[buf or 0].filetype)
end

-- A few letters for a status line: what it does, or why it does nothing.
function M.line()
  local last = M.last
  if M.notice then return 'rigpilot ' .. M.notice end
  if last.state == 'off' then return '' end
  if last.state == 'loading' then return last.percent and ('rigpilot %d%%%%'):format(last.percent) or 'rigpilot ...' end
  if last.state == 'error' then return 'rigpilot error' end
  if last.state == 'paused' then return 'rigpilot paused' end
  if M.language_off() then return 'rigpilot off here' end
  return last.state == 'thinking' and 'rigpilot *' or 'rigpilot'
end

return M
