"""Emacs as the tests drive it: on a terminal of its own, asked through emacsclient for what the screen does not show."""

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


def lisp(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def children(pid):
    """Processes below this one: (pid, name)."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            found[int(entry.name)] = (stat[stat.index("(") + 1:stat.rindex(")")], int(stat[stat.rindex(")") + 2:].split()[1]))
    ours, grew = {pid}, True
    while grew:
        more = {child for child, (_, parent) in found.items() if parent in ours} - ours
        ours, grew = ours | more, bool(more)
    return [(child, found[child][0]) for child in ours - {pid}]


def weights():
    """The path of the small model, where the program under test can run it."""
    if not (pathlib.Path(program()).parent / "librigpilot_torch.so").exists():
        return None
    said = subprocess.run([program(), "model", "list", "--json"], capture_output=True, text=True)
    models = [m["path"] for m in json.loads(said.stdout or "{}").get("models", []) if "SmolLM2" in m["name"]]
    return models[0] if models else None


class Emacs(Editor):
    def __init__(self, emacs, folder, wrap=()):
        self.emacs, self.folder, self.wrap = pathlib.Path(emacs), pathlib.Path(folder), list(wrap)
        self.socket = self.folder / "emacs.sock"
        self.terminal = None

    def start(self, engine, name, marked, eval="", plugin=True, ready=True, command=None, rows=24, columns=80):
        """`eval`: Lisp run at the start; `command` in place of the server's own command line."""
        text, line, column = split_mark(marked)
        self.file = self.folder / name
        self.file.write_bytes(text.encode("utf-8"))
        command = command or self.server(engine)
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        env = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "EMACS_SERVER": str(self.socket), "RIGPILOT_EVAL": eval,
               "RIGPILOT_COMMAND": json.dumps([str(part) for part in command])}
        if plugin:
            env["RIGPILOT_PLUGIN"] = str(ROOT / "editors/emacs")
        self.terminal = Terminal([*self.wrap, self.emacs, "-nw", "-Q", "-l", HERE / "init.el", name, "--eval", f"(test-go {line} {column})"],
                                 cwd=self.folder, watch=GHOST, env=env, rows=rows, columns=columns)
        if plugin and ready:
            self.terminal.wait(lambda: re.search(r"Rigpilot\)", self.terminal.text()), "the server to be ready")
        else:
            self.terminal.wait(lambda: self.socket.exists() and name in self.terminal.text(), "the file to be open")

    def server(self, engine):
        if isinstance(engine, dict):
            (self.folder / "engine.json").write_text(json.dumps(engine), encoding="utf-8")
            return [program(), "lsp", "--engine", f"scripted:{self.folder / 'engine.json'}"]
        return [program(), "lsp", "--model", engine]

    def ask(self, expression):
        """The value of a Lisp expression in the file's buffer: what json-serialize can say."""
        form = f"(with-current-buffer (get-file-buffer {lisp(str(self.file))}) (json-serialize (list :value {expression}) :null-object nil))"
        said = subprocess.run([str(self.emacs.parent / "emacsclient"), "-s", self.socket, "--eval", form], capture_output=True, text=True, timeout=20)
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

    def type(self, text, pause=0.0): self.terminal.type(text, pause)
    def type_tab(self): self.terminal.press("C-c", "t")
    def ghost(self): return plain(self.terminal.in_colour(GHOST))
    def see(self, ghost): self.terminal.wait(lambda: self.ghost() == plain(ghost), f"the ghost {ghost!r}; now {self.ghost()!r}")
    def mark_frames(self): self.terminal.frames.clear()
    def frames(self): return [plain(text) for _, text in self.terminal.frames]
    def accept(self, amount): self.terminal.press({"all": "Tab", "word": "M-f", "line": "M-e"}[amount])
    def dismiss(self): self.terminal.press("C-g")
    def another(self, step): self.terminal.press("M-n" if step > 0 else "M-p")
    def ask_for_one(self): self.terminal.press("C-c", "s")

    def undo(self):
        self.terminal.send("\x1f")
        self.terminal.settle()

    def saved(self):
        self.terminal.settle(0.08)
        self.ask("(progn (let ((save-silently t)) (save-buffer)) t)")
        return self.file.read_bytes()

    def shows(self, text): self.terminal.wait(lambda: text in self.terminal.text() or any(text in line for line in self.terminal.said), repr(text))

    def servers(self): return [pid for pid, name in children(self.terminal.pid) if name.startswith("rigpilot")]

    def kill_server(self):
        (server,) = self.servers()
        os.kill(server, signal.SIGKILL)

    def statistics(self):
        self.terminal.settle()
        return self.ask("(jsonrpc-request rigpilot--connection :workspace/executeCommand '(:command \"rigpilot.server.statistics\" :arguments []))")

    def close(self):
        if self.terminal:
            self.terminal.close()
