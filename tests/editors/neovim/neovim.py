"""Neovim as the tests drive it: on a terminal of its own, asked by --server for what the screen does not show."""

import json
import os
import pathlib
import re
import subprocess

from lsp_client import ROOT
from scenarios import split_mark
from terminal import Terminal
from terminal_editor import GHOST, TerminalEditor

HERE = pathlib.Path(__file__).parent


def version_of(nvim):
    said = subprocess.run([nvim, "--version"], capture_output=True, text=True).stdout
    return tuple(int(n) for n in re.search(r"NVIM v(\d+)\.(\d+)", said).groups())


class Neovim(TerminalEditor):
    KEYS = {"all": ["Tab"], "word": ["M-w"], "line": ["M-l"], "dismiss": ["C-]"], "next": ["M-]"], "previous": ["M-["], "trigger": ["M-\\"]}

    def __init__(self, nvim, folder, wrap=(), init=None):
        super().__init__(nvim, folder, wrap)
        self.init = init or HERE / "init.lua"
        self.socket = self.folder / "nvim.sock"

    def start(self, engine, name, marked, options=None, arguments=(), env=None, ready=True, insert=True, cmd=None, rows=24):
        text, line, column = split_mark(marked)
        self.file = self.folder / name
        self.file.write_bytes(text.encode("utf-8"))
        home = str(self.home())
        place = f"call cursor({line}, 1) | normal! {column}l" if column else f"call cursor({line}, 1)"
        before = text.split("\n")[line - 1]
        self.terminal = Terminal(
            [*self.wrap, self.editor, "-n", "-u", self.init, "--listen", self.socket, name, "-c", place, "-c", "startinsert!" if column and column == len(before.rstrip("\r")) else "startinsert", *arguments],
            cwd=self.folder, watch=GHOST, rows=rows,
            env={"RIGPILOT_COMMAND": json.dumps(cmd or self.server(engine)), "RIGPILOT_PLUGIN": str(ROOT / "editors/neovim"), "RIGPILOT_OPTIONS": json.dumps(options or {}), "HOME": home,
                 "XDG_RUNTIME_DIR": home, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, **self.runtime(), **(env or {})})
        if insert:
            self.terminal.wait(lambda: "[i]" in self.terminal.text(), "insert mode")
        if insert and ready:
            self.terminal.wait(lambda: re.search(r"rigpilot\s*$", self.terminal.text(), re.M), "the server to be ready")

    def runtime(self):
        """Of a Neovim that was unpacked rather than installed: it looks elsewhere for its own files."""
        share = self.editor.resolve().parents[1] / "share/nvim/runtime"
        return {"VIMRUNTIME": str(share)} if share.is_dir() else {}

    def ask(self, expression, seconds=20):
        """The value of a Vimscript expression, as JSON."""
        said = subprocess.run([*self.wrap, self.editor, "--headless", "--server", self.socket, "--remote-expr", f"json_encode({expression})"],
                              capture_output=True, text=True, timeout=seconds, env={**os.environ, **self.runtime()})
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout or said.stderr)

    def lua(self, chunk):
        return self.ask("luaeval('(function() " + chunk.replace("'", "''") + " end)()')")

    # -- Editor ----------------------------------------------------------------------------------------------------

    def type_tab(self): self.terminal.type("\x16\t")

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

    def statistics(self):
        self.terminal.settle()
        return self.lua("local c = vim.lsp.get_clients({ name = \"rigpilot\" })[1] return c.request_sync and "
                        "(vim.fn.has(\"nvim-0.11\") == 1 and c:request_sync(\"workspace/executeCommand\", { command = \"rigpilot.server.statistics\" }, 3000) or "
                        "c.request_sync(\"workspace/executeCommand\", { command = \"rigpilot.server.statistics\" }, 3000)).result")
