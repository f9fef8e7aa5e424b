-- server.lua: finding, starting, watching and asking the server. One process serves every buffer: a model fits once.
local compat = require('rigpilot.compat')
local status = require('rigpilot.status')

local M = {}

local state = { client = nil, options = nil, ended = {}, stopping = false, stderr = {} }
local kMostRestarts, kWithin = 3, 60  -- seconds

function M.program()
  local given = vim.g.rigpilot_program
  if given and given ~= '' then return vim.fn.expand(given) end
  local found = vim.fn.exepath('rigpilot')
  return found ~= '' and found or nil
end

function M.command(options)
  local cmd = options.cmd and vim.deepcopy(options.cmd) or nil
  if not cmd then
    local program = M.program()
    if not program then return nil, "there is no 'rigpilot' in $PATH (:checkhealth rigpilot)" end
    cmd = { program, 'lsp' }
  end
  if vim.fn.executable(cmd[1]) ~= 1 then return nil, ("'%s' cannot be run (:checkhealth rigpilot)"):format(cmd[1]) end
  if options.model then vim.list_extend(cmd, { '--model', vim.fn.expand(options.model) }) end
  return cmd
end

function M.client()
  local client = state.client and vim.lsp.get_client_by_id(state.client)
  return compat.initialized(client) and client or nil
end

local function on_exit(how)
  state.client = nil
  if vim.v.exiting ~= vim.NIL then return end
  status.set({ state = 'off', message = 'the server ended (' .. how .. ')', model = '' })
  if state.stopping then return end
  local now = os.time()
  state.ended = vim.tbl_filter(function(at) return now - at < kWithin end, state.ended)
  table.insert(state.ended, now)
  if #state.ended > kMostRestarts then
    status.set({ state = 'error', message = 'the server ends again and again', model = '' })
    return status.say('its server ended ' .. #state.ended .. ' times in a minute (:Rigpilot log, :Rigpilot restart)')
  end
  state.ended_how = how
  M.attach_all()
end

-- Told once the new one is there: what a server draws while it starts would take the message away again.
local function on_status(_, now)
  status.set(now)
  if now.state ~= 'ready' or not state.ended_how then return end
  local how = state.ended_how
  state.ended_how = nil
  status.notice_for('restarted', 4000)
  vim.defer_fn(function() status.say(('its server ended (%s) and was started again'):format(how)) end, 50)
end

-- Neovim would tell of the end too, in its own words and in the way of whoever types: it is told of a quiet one.
local function start_process(cmd)
  return function(dispatchers)
    local told = dispatchers.on_exit
    dispatchers.on_exit = function(code, signal)
      told(0, 0)
      vim.schedule(function() on_exit(signal ~= 0 and 'signal ' .. signal or 'code ' .. code) end)
    end
    return vim.lsp.rpc.start(cmd, dispatchers)
  end
end

function M.client_config(options, cmd)
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  capabilities.textDocument.inlineCompletion = { dynamicRegistration = false }
  capabilities.experimental = { rigpilotStatus = true }
  local section = vim.tbl_isempty(options.settings) and vim.empty_dict() or options.settings
  return {
    name = 'rigpilot',
    cmd = start_process(cmd),
    capabilities = capabilities,
    init_options = { rigpilot = section },
    settings = { rigpilot = section },
    handlers = { ['rigpilot/status'] = on_status },
  }
end

local function wanted(buf, options)
  if vim.bo[buf].buftype ~= '' or not vim.bo[buf].modifiable then return false end
  return not vim.tbl_contains(options.ignore_filetypes, vim.bo[buf].filetype)
end

function M.attach(buf)
  local options = state.options
  if not options or not vim.api.nvim_buf_is_loaded(buf) or not wanted(buf, options) then return end
  -- Also one that is not initialized yet: two of them would hold two models.
  if state.client and vim.lsp.get_client_by_id(state.client) then return vim.lsp.buf_attach_client(buf, state.client) end
  local cmd, problem = M.command(options)
  if not cmd then
    status.set({ state = 'error', message = problem, model = '' })
    if state.problem ~= problem then status.say(problem) end
    state.problem = problem
    return
  end
  state.client = vim.lsp.start(M.client_config(options, cmd), { bufnr = buf, reuse_client = function() return false end })
end

function M.attach_all()
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do M.attach(buf) end
end

function M.start(options)
  state.options = options
  state.stopping = false
  local group = vim.api.nvim_create_augroup('rigpilot.server', {})
  vim.api.nvim_create_autocmd({ 'FileType', 'BufEnter' }, { group = group, callback = function(event)
    if vim.v.vim_did_enter == 1 then M.attach(event.buf) end
  end })
  vim.api.nvim_create_autocmd('VimLeavePre', { group = group, callback = function() state.stopping = true end })
  if vim.v.vim_did_enter == 1 then return M.attach_all() end
  vim.api.nvim_create_autocmd('VimEnter', { group = group, callback = M.attach_all })
end

function M.restart()
  state.ended = {}
  local client = state.client and vim.lsp.get_client_by_id(state.client)
  if not client then return M.attach_all() end
  state.stopping = true
  compat.stop(client)
  vim.wait(3000, function() return state.client == nil end, 20)
  state.stopping = false
  M.attach_all()
end

-- Runs a command of the server; `done(result)` with what it says.
function M.execute(command, arguments, done)
  local client = M.client()
  if not client then return status.say('its server does not run (:checkhealth rigpilot)') end
  compat.request(client, 'workspace/executeCommand', { command = 'rigpilot.server.' .. command, arguments = arguments }, function(err, result)
    if err then return status.say(err.message or vim.inspect(err)) end
    if done then done(result) end
  end)
end

return M
