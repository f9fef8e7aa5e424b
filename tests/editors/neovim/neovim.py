"""Neovim as the tests drive it: on a terminal of its own, asked by --server for what the screen does not show."""

import json
import os
import pathlib
import re
import signal
import subprocess

from lsp_client import ROOT, program
from scenarios import Editor, plain, split_mark
from terminal import Terminal

GHOST = "aa00aa"
HERE = pathlib.Path(__file__).parent


def version_of(nvim):
    said = subprocess.run([nvim, "--version"], capture_output=True, text=True).stdout
    return tuple(int(n) for n in re.search(r"NVIM v(\d+)\.(\d+)", said).groups())


def weights():
    """The path of the small model, where the program under test can run it."""
    if not (pathlib.Path(program()).parent / "librigpilot_torch.so").exists():
        return None
    said = subprocess.run([program(), "model", "list", "--json"], capture_output=True, text=True)
    models = [m["path"] for m in json.loads(said.stdout or "{}").get("models", []) if "SmolLM2" in m["name"]]
    return models[0] if models else None


class Neovim(Editor):
    def __init__(self, nvim, folder, wrap=(), init=None):
        self.nvim, self.folder, self.wrap = nvim, pathlib.Path(folder), list(wrap)
        self.init = init or HERE / "init.lua"
        self.socket = self.folder / "nvim.sock"
        self.terminal = None

    def start(self, engine, name, marked, options=None, arguments=(), env=None, ready=True, insert=True, cmd=None, rows=24):
        text, line, column = split_mark(marked)
        self.file = self.folder / name
        self.file.write_bytes(text.encode("utf-8"))
        command = [program(), "lsp"]
        if isinstance(engine, dict):
            (self.folder / "engine.json").write_text(json.dumps(engine), encoding="utf-8")
            command += ["--engine", f"scripted:{self.folder / 'engine.json'}"]
        else:
            command += ["--model", str(engine)]
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        place = f"call cursor({line}, 1) | normal! {column}l" if column else f"call cursor({line}, 1)"
        before = text.split("\n")[line - 1]
        self.terminal = Terminal(
            [*self.wrap, self.nvim, "-n", "-u", self.init, "--listen", self.socket, name, "-c", place, "-c", "startinsert!" if column and column == len(before.rstrip("\r")) else "startinsert", *arguments],
            cwd=self.folder, watch=GHOST, rows=rows,
            env={"RIGPILOT_COMMAND": json.dumps(cmd or command), "RIGPILOT_PLUGIN": str(ROOT / "editors/neovim"), "RIGPILOT_OPTIONS": json.dumps(options or {}), "HOME": str(home),
                 "XDG_RUNTIME_DIR": str(home), "XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home), **self.runtime(), **(env or {})})
        if insert:
            self.terminal.wait(lambda: "[i]" in self.terminal.text(), "insert mode")
        if insert and ready:
            self.terminal.wait(lambda: re.search(r"rigpilot\s*$", self.terminal.text(), re.M), "the server to be ready")

    def runtime(self):
        """Of a Neovim that was unpacked rather than installed: it looks elsewhere for its own files."""
        share = pathlib.Path(self.nvim).resolve().parents[1] / "share/nvim/runtime"
        return {"VIMRUNTIME": str(share)} if share.is_dir() else {}

    def ask(self, expression, seconds=20):
        """The value of a Vimscript expression, as JSON."""
        said = subprocess.run([*self.wrap, self.nvim, "--headless", "--server", self.socket, "--remote-expr", f"json_encode({expression})"],
                              capture_output=True, text=True, timeout=seconds, env={**os.environ, **self.runtime()})
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout or said.stderr)

    def lua(self, chunk):
        return self.ask("luaeval('(function() " + chunk.replace("'", "''") + " end)()')")

    # -- Editor ----------------------------------------------------------------------------------------------------

    def type(self, text, pause=0.0): self.terminal.type(text, pause)
    def type_tab(self): self.terminal.type("\x16\t")
    def ghost(self): return plain(self.terminal.in_colour(GHOST))
    def see(self, ghost): self.terminal.wait(lambda: self.ghost() == plain(ghost), f"the ghost {ghost!r}; now {self.ghost()!r}")
    def mark_frames(self): self.terminal.frames.clear()
    def frames(self): return [plain(text) for _, text in self.terminal.frames]
    def accept(self, amount): self.terminal.press({"all": "Tab", "word": "M-w", "line": "M-l"}[amount])
    def dismiss(self): self.terminal.press("C-]")
    def another(self, step): self.terminal.press("M-]" if step > 0 else "M-[")
    def ask_for_one(self): self.terminal.press("M-\\")

    def press_escape(self):
        self.terminal.press("Esc")
        self.terminal.wait(lambda: "[n]" in self.terminal.text(), "normal mode")

    def undo(self):
        self.press_escape()
        self.terminal.type("u")
        self.terminal.settle()

    def saved(self):
        self.terminal.settle(0.08)
        self.lua("vim.cmd.stopinsert() vim.cmd.write({ bang = true, mods = { silent = true } })")
        return self.file.read_bytes()

    def shows(self, text):
        """On the screen now or a moment ago, or among Neovim's messages: it does not draw those that come in insert mode."""
        def there():
            if text in self.terminal.text() or any(text in line for line in self.terminal.said):
                return True
            if "Press ENTER" in self.terminal.text():
                return False
            try:
                return text in self.ask('execute("messages")', seconds=3)
            except subprocess.TimeoutExpired:  # it waits for a key
                return False
        self.terminal.wait(there, repr(text))

    def server_pid(self):
        return self.lua("for _, c in ipairs(vim.lsp.get_clients({ name = \"rigpilot\" })) do local ok, pid = pcall(function() return c.rpc.pid end) if ok and pid then return pid end end return 0")

    def kill_server(self):
        """The server that is a child of this Neovim, and no other."""
        children = {}
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_text()
                    children[int(entry.name)] = (stat[stat.index("(") + 1:stat.rindex(")")], int(stat[stat.rindex(")") + 2:].split()[1]))
                except (OSError, ValueError):
                    pass
        ours, grew = {self.terminal.pid}, True
        while grew:
            more = {pid for pid, (_, parent) in children.items() if parent in ours} - ours
            ours, grew = ours | more, bool(more)
        servers = [pid for pid in ours if children.get(pid, ("",))[0].startswith("rigpilot")]
        assert len(servers) == 1, servers
        os.kill(servers[0], signal.SIGKILL)

    def statistics(self):
        self.terminal.settle()
        return self.lua("local c = vim.lsp.get_clients({ name = \"rigpilot\" })[1] return c.request_sync and "
                        "(vim.fn.has(\"nvim-0.11\") == 1 and c:request_sync(\"workspace/executeCommand\", { command = \"rigpilot.server.statistics\" }, 3000) or "
                        "c.request_sync(\"workspace/executeCommand\", { command = \"rigpilot.server.statistics\" }, 3000)).result")

    def close(self):
        if self.terminal:
            self.terminal.close()
