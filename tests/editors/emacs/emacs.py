"""Emacs as the tests drive it: on a terminal of its own, asked through emacsclient for what the screen does not show."""

import json
import pathlib
import re
import subprocess

from lsp_client import ROOT
from scenarios import split_mark
from terminal import Terminal
from terminal_editor import GHOST, TerminalEditor

HERE = pathlib.Path(__file__).parent


def lisp(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Emacs(TerminalEditor):
    KEYS = {"all": ["Tab"], "word": ["M-f"], "line": ["M-e"], "dismiss": ["C-g"], "next": ["M-n"], "previous": ["M-p"], "trigger": ["C-c", "s"]}

    def __init__(self, emacs, folder, wrap=()):
        super().__init__(emacs, folder, wrap)
        self.socket = self.folder / "emacs.sock"

    def start(self, engine, name, marked, eval="", plugin=True, ready=True, command=None, rows=24, columns=80):
        """`eval`: Lisp run at the start; `command` in place of the server's own command line."""
        text, line, column = split_mark(marked)
        self.file = self.folder / name
        self.file.write_bytes(text.encode("utf-8"))
        command = command or self.server(engine)
        home = str(self.home())
        env = {"HOME": home, "XDG_CONFIG_HOME": home, "EMACS_SERVER": str(self.socket), "RIGPILOT_EVAL": eval,
               "RIGPILOT_COMMAND": json.dumps([str(part) for part in command])}
        if plugin:
            env["RIGPILOT_PLUGIN"] = str(ROOT / "editors/emacs")
        self.terminal = Terminal([*self.wrap, self.editor, "-nw", "-Q", "-l", HERE / "init.el", name, "--eval", f"(test-go {line} {column})"],
                                 cwd=self.folder, watch=GHOST, env=env, rows=rows, columns=columns)
        if plugin and ready:
            self.terminal.wait(lambda: re.search(r"Rigpilot\)", self.terminal.text()), "the server to be ready")
        else:
            self.terminal.wait(lambda: self.socket.exists() and name in self.terminal.text(), "the file to be open")

    def ask(self, expression):
        """The value of a Lisp expression in the file's buffer: what json-serialize can say."""
        form = f"(with-current-buffer (get-file-buffer {lisp(str(self.file))}) (json-serialize (list :value {expression}) :null-object nil))"
        said = subprocess.run([str(self.editor.parent / "emacsclient"), "-s", self.socket, "--eval", form], capture_output=True, text=True, timeout=20)
        assert said.returncode == 0, said.stderr + said.stdout
        # As Lisp prints a string of UTF-8 bytes.
        printed = said.stdout.strip()[1:-1]
        unescaped = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), printed.replace('\\\\', '\0').replace('\\"', '"')).replace("\0", "\\")
        try:
            unescaped = unescaped.encode("latin-1").decode("utf-8")
        except UnicodeError:
            pass
        return json.loads(unescaped)["value"]

    # -- Editor ----------------------------------------------------------------------------------------------------

    def type_tab(self): self.terminal.press("C-c", "t")

    def undo(self):
        self.terminal.send("\x1f")
        self.terminal.settle()

    def saved(self):
        self.terminal.settle(0.08)
        self.ask("(progn (let ((save-silently t)) (save-buffer)) t)")
        return self.file.read_bytes()

    def shows(self, text): self.terminal.wait(lambda: text in self.terminal.text() or any(text in line for line in self.terminal.said), repr(text))

    def statistics(self):
        self.terminal.settle()
        return self.ask("(jsonrpc-request rigpilot--connection :workspace/executeCommand '(:command \"rigpilot.server.statistics\" :arguments []))")
