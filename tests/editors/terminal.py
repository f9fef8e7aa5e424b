"""A program on a terminal of our own, for tests of editors: what it draws, cell by cell, and when.

    with Terminal(["nvim", "file"], env={...}, cwd=folder) as terminal:
        terminal.type("int a")                    # as keys, one write
        terminal.press("Tab", "M-w", "C-]")       # named keys
        terminal.wait(lambda: "add" in terminal.text(), "the word add")
        terminal.in_colour("aa00aa")              # the text drawn in this colour: ghost text, where the test gave it one
        terminal.frames                           # [(seconds, text in the watched colour)], each time the output paused

The terminal is pyte's, so nothing but Python is needed; the program sees xterm-256color with true colour.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time

import pyte

WAIT = 15
SETTLED = 0.012  # seconds without output: what was drawn is a frame

NAMED = {"Tab": "\t", "Esc": "\x1b", "Enter": "\r", "Backspace": "\x7f", "Space": " ", "Up": "\x1b[A", "Down": "\x1b[B", "Right": "\x1b[C", "Left": "\x1b[D"}


def key_bytes(name):
    if name in NAMED:
        return NAMED[name]
    if name.startswith("M-"):
        return "\x1b" + key_bytes(name[2:]) if len(name) > 2 else "\x1b"
    if name.startswith("C-"):
        return chr(ord(name[2:].upper()) ^ 0x40)
    return name


# What pyte would print as text: strings to the terminal (DCS, OSC, APC, PM), and CSI with a private mark, of which it knows "?".
UNKNOWN = re.compile(rb"\x1b[P_^\]](?:[^\x1b\x07]|\x1b(?!\\))*(?:\x1b\\|\x07)|\x1b\[[<=>][0-9;:]*[ -/]*[@-~]|\x1b\[\?[0-9;]*(?:\$p|[mnuc])|\x1b\[[0-9;]*(?:[ -/]+[@-~]|:[0-9;:]*m)")
# A sequence whose end has not come.
BEGUN = re.compile(rb"(?:\x1b[P_^\]](?:[^\x1b\x07]|\x1b(?!\\))*\x1b?|\x1b(?:\[[0-?]*[ -/]*)?)\Z")


class Filter:
    """Bytes of a program to bytes that pyte understands; keeps back what is not complete."""

    def __init__(self):
        self.kept = b""

    def feed(self, data):
        data = UNKNOWN.sub(b"", self.kept + data)
        begun = BEGUN.search(data)
        self.kept = begun.group() if begun else b""
        return data[:len(data) - len(self.kept)]


class Terminal:
    def __init__(self, command, env=None, cwd=None, rows=24, columns=80, watch=None):
        self.rows, self.columns, self.watch = rows, columns, watch
        self.screen = pyte.Screen(columns, rows)
        self.filter = Filter()
        self.stream = pyte.ByteStream(self.screen)
        self.closing = False
        self.problem = None
        self.frames = []
        self.said = []  # what stood on the last line, in order: messages pass quickly
        self.lock = threading.RLock()
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(cwd or ".")
            os.execvpe(command[0], [str(c) for c in command],
                       {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **(env or {})})
        self.screen.write_process_input = lambda data: self.send(data)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        drawn = False
        while not self.closing:
            try:
                ready, _, _ = select.select([self.fd], [], [], SETTLED)
                data = os.read(self.fd, 65536) if ready else b""
            except (OSError, ValueError):
                return
            if ready and not data:
                return
            with self.lock:
                if data:
                    try:
                        self.stream.feed(self.filter.feed(data))
                    except Exception as problem:  # of the terminal, not of the program: the test must say so
                        self.problem = problem
                        self.problem_data = data
                        return
                    drawn = True
                elif drawn:
                    drawn = False
                    self._frame()

    def _frame(self):
        if not self.said or self.said[-1] != self.screen.display[-1].rstrip():
            self.said.append(self.screen.display[-1].rstrip())
        if self.watch:
            seen = self.in_colour(self.watch)
            if not self.frames or self.frames[-1][1] != seen:
                self.frames.append((time.monotonic() - self.started, seen))

    # -- what we do ------------------------------------------------------------------------------------------------

    def send(self, text):
        os.write(self.fd, text.encode("utf-8"))

    def type(self, text, pause=0.0):
        """The text as keys; with a pause, one at a time."""
        if not pause:
            return self.send(text)
        for character in text:
            self.send(character)
            time.sleep(pause)

    def press(self, *names):
        for name in names:
            self.send(key_bytes(name))
            time.sleep(0.06 if name == "Esc" else 0)  # else it is the start of a Meta key

    # -- what is there ---------------------------------------------------------------------------------------------

    def text(self):
        with self.lock:
            return "\n".join(line.rstrip() for line in self.screen.display)

    def in_colour(self, colour):
        """What is drawn in this colour (six hex digits), line by line from the first such cell of each."""
        out = []
        with self.lock:
            for row in range(self.rows):
                cells = self.screen.buffer[row]
                marked = [x for x in range(self.columns) if cells[x].fg == colour]
                if marked:
                    out.append("".join(cells[x].data for x in range(marked[0], marked[-1] + 1)).rstrip())
        return "\n".join(out)

    def wait(self, condition, what, seconds=WAIT):
        until = time.monotonic() + seconds
        while True:
            with self.lock:
                value = condition()
            if value:
                return value
            assert self.problem is None, f"the terminal could not draw {self.problem_data!r}: {self.problem!r}"
            assert time.monotonic() < until, f"waited {seconds} s for {what}; the screen:\n{self.text()}"
            assert self.alive(), f"the program ended while waiting for {what}; the screen:\n{self.text()}"
            time.sleep(0.005)

    def settle(self, seconds=0.15):
        """Waits until nothing was drawn for so long."""
        before, quiet_since = None, time.monotonic()
        until = time.monotonic() + WAIT
        while time.monotonic() - quiet_since < seconds and time.monotonic() < until:
            now = self.text()
            if now != before:
                before, quiet_since = now, time.monotonic()
            time.sleep(0.01)

    # -- the end ---------------------------------------------------------------------------------------------------

    def alive(self):
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] == 0
        except ChildProcessError:
            return False

    def wait_end(self, seconds=5):
        until = time.monotonic() + seconds
        while self.alive() and time.monotonic() < until:
            time.sleep(0.01)
        return not self.alive()

    def close(self):
        if self.alive():
            os.kill(self.pid, signal.SIGHUP)
            if not self.wait_end(3):
                os.kill(self.pid, signal.SIGKILL)
                self.wait_end(3)
        self.closing = True  # before the descriptor's number belongs to another terminal
        self.reader.join()
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
