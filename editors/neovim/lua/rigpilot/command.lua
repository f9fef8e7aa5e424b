-- command.lua: `:Rigpilot WORD`, each word a function of the table below.
local server = require('rigpilot.server')
local status = require('rigpilot.status')

local M = {}

local function show(title, text)
  vim.cmd('botright new')
  local buf = vim.api.nvim_get_current_buf()
  vim.bo[buf].buftype, vim.bo[buf].bufhidden, vim.bo[buf].swapfile = 'nofile', 'wipe', false
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, vim.split(text:gsub('\n$', ''), '\n', { plain = true }))
  vim.bo[buf].modifiable = false
  pcall(vim.api.nvim_buf_set_name, buf, 'rigpilot://' .. title)
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buf })
end

local function say(text) vim.api.nvim_echo({ { text } }, true, {}) end

local function describe(now)
  local off = #(now.languagesOff or {}) > 0 and ('; off for ' .. table.concat(now.languagesOff, ', ')) or ''
  return ('Rigpilot: %s%s%s'):format(now.state, now.message ~= now.state and now.message ~= '' and ', ' .. now.message or '', off)
end

local function choose_model(models)
  if #models == 0 then return say('Rigpilot: the model store is empty (`rigpilot model list`)') end
  vim.ui.select(models, { prompt = 'Model', format_item = function(m) return (m.loaded and '* ' or '  ') .. m.name .. '  ' .. m.detail end }, function(model)
    if model then server.execute('loadModel', { model.name }) end
  end)
end

M.words = {
  status = function() say(describe(status.last)) end,
  pause = function(language)
    if language then server.execute('pauseLanguage', { language }, function(now) say(describe(now)) end)
    else server.execute('pause', nil, function(now) say(describe(now)) end) end
  end,
  resume = function(language)
    if language then server.execute('resumeLanguage', { language }, function(now) say(describe(now)) end)
    else server.execute('resume', nil, function(now) say(describe(now)) end) end
  end,
  model = function(name)
    if name then server.execute('loadModel', { name }) else server.execute('models', nil, choose_model) end
  end,
  explain = function() server.execute('explain', nil, function(text) show('explain', text) end) end,
  stats = function()
    server.execute('statistics', nil, function(s)
      say(('Rigpilot: %d asked, %d suggested (%d while typing through), %d shown, %d accepted, %d in part; %d characters; %d dismissed; %.0f ms median, %.0f ms p95'):format(
        s.requests, s.offered, s.fromReady, s.shown, s.accepted, s.partlyAccepted, s.acceptedCharacters, s.dismissed, s.latencyMs.p50, s.latencyMs.p95))
    end)
  end,
  restart = function() server.restart() end,
  log = function() vim.cmd('botright split ' .. vim.fn.fnameescape(vim.lsp.get_log_path and vim.lsp.get_log_path() or vim.lsp.log.get_filename())) end,
  trigger = function() require('rigpilot').trigger() end,
}

function M.complete(lead, line)
  local words = vim.split(line, '%s+')
  if #words > 3 then return {} end
  local from = vim.fn.sort(vim.tbl_keys(M.words))
  if #words == 3 then from = (words[2] == 'pause' or words[2] == 'resume') and { vim.bo.filetype } or {} end
  return vim.tbl_filter(function(word) return vim.startswith(word, lead) end, from)
end

function M.run(arguments)
  local word = arguments[1] or 'status'
  if not M.words[word] then
    return status.say(("'%s' is unknown (:help :Rigpilot)"):format(word))
  end
  M.words[word](arguments[2])
end

return M
