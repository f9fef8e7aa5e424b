"""An editor on a terminal of the tests' own, as far as it does not matter which: the ghost is what is drawn in one colour."""

import json
import os
import pathlib
import signal

from lsp_client import program
from processes import descendants
from scenarios import Editor, plain

GHOST = "aa00aa"


class TerminalEditor(Editor):
    KEYS = {}  # by action: the keys to press; "all", "word", "line", "dismiss", "next", "previous", "trigger"

    def __init__(self, program_path, folder, wrap=()):
        self.editor, self.folder, self.wrap = pathlib.Path(program_path), pathlib.Path(folder), list(wrap)
        self.terminal = None

    def server(self, engine):
        """The server's command line: with a script, or the path of a model."""
        if isinstance(engine, dict):
            (self.folder / "engine.json").write_text(json.dumps(engine), encoding="utf-8")
            return [program(), "lsp", "--engine", f"scripted:{self.folder / 'engine.json'}"]
        return [program(), "lsp", "--model", str(engine)]

    def home(self):
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return home

    # -- what is on the screen -------------------------------------------------------------------------------------

    def ghost(self): return plain(self.terminal.in_colour(GHOST))
    def see(self, ghost): self.terminal.wait(lambda: self.ghost() == plain(ghost), f"the ghost {ghost!r}; now {self.ghost()!r}")
    def mark_frames(self): self.terminal.frames.clear()
    def frames(self): return [plain(text) for _, text in self.terminal.frames]

    # -- what a user does ------------------------------------------------------------------------------------------

    def type(self, text, pause=0.0): self.terminal.type(text, pause)
    def accept(self, amount): self.terminal.press(*self.KEYS[amount])
    def dismiss(self): self.terminal.press(*self.KEYS["dismiss"])
    def another(self, step): self.terminal.press(*self.KEYS["next" if step > 0 else "previous"])
    def ask_for_one(self): self.terminal.press(*self.KEYS["trigger"])

    # -- the server ------------------------------------------------------------------------------------------------

    def servers(self):
        return descendants(self.terminal.pid, "rigpilot")

    def kill_server(self):
        """The server that is a child of this editor, and no other."""
        (server,) = self.servers()
        os.kill(server, signal.SIGKILL)

    def close(self):
        if self.terminal:
            self.terminal.close()
