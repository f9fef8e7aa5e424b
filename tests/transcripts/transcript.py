"""Transcripts: a conversation with the server, written down as it goes over the wire.

A .transcript file is a list of steps, one a line; an indented line goes on with the step above; # starts a comment line.

    engine {"replies": [...]}      what the scripted engine writes (docs/scripted-engine.md); before anything else
    -> 1 METHOD {params}           a request with this id (a number or a "string"); params may be left out
    -> METHOD {params}             a notification
    => "bytes"                     bytes as they are, a JSON string (latin-1: \\u00ff is the byte ff)
    <- 1 {result}                  the reply to this id is this result
    <- 1 ! -32600 "message"        the reply is this error; the message may be left out. Id null: nobody's
    <- METHOD {params}             the server says or asks this (of log messages: one of them is this)
    answer METHOD {result}         from here on the server's requests of this method get this result
    never METHOD                   nothing of this method has come so far
    wait 50                        milliseconds
    close                          our end of the pipe is closed
    exit 0                         the process ends, with this code

Expected JSON may hold "..." for any value, "...": "..." in an object for any other fields, and strings with ... where any
text may stand. Messages are looked for among all that have come, whatever order they came in.
"""

import json
import re
import time

from lsp_client import LspClient


def steps(text):
    """(line number, step) with continuation lines joined."""
    out = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace() and out:
            out[-1][1] += " " + line.strip()
        else:
            out.append([number, line.strip()])
    return [(number, step) for number, step in out]


def mismatch(expected, actual, path=""):
    """None where `actual` is as expected, otherwise where and how it is not."""
    where = path or "the message"
    if expected == "...":
        return None
    if isinstance(expected, dict) and isinstance(actual, dict):
        expected = dict(expected)
        open_ended = expected.pop("...", None) is not None
        for key, value in expected.items():
            if key not in actual:
                return f"{where} has no '{key}'"
            if problem := mismatch(value, actual[key], f"{path}.{key}"):
                return problem
        extra = sorted(set(actual) - set(expected))
        return f"{where} has more: {extra}" if extra and not open_ended else None
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return f"{where} has {len(actual)} elements, not {len(expected)}: {actual}"
        return next((p for i, (e, a) in enumerate(zip(expected, actual)) if (p := mismatch(e, a, f"{path}[{i}]"))), None)
    if isinstance(expected, str) and isinstance(actual, str) and "..." in expected:
        pattern = ".*".join(re.escape(part) for part in expected.split("..."))
        return None if re.fullmatch(pattern, actual, re.S) else f"{where} is {actual!r}, not {expected!r}"
    if type(expected) is type(actual) and expected == actual:
        return None
    return f"{where} is {actual!r}, not {expected!r}"


ID = r'(?:-?\d+|"[^"]*"|null)'


class Player:
    def __init__(self, folder):
        self.folder = folder
        self.script = {}
        self.client = None
        self.ended = None

    def play(self, text):
        try:
            for number, step in steps(text):
                try:
                    self.step(step)
                except AssertionError as error:
                    raise AssertionError(f"line {number}: {step}\n{error}") from None
            assert self.ended is not None, "a transcript ends with exit"
            self.client.check()
            left = [m for m in self.client.drain() if "method" not in m]
            assert not left, f"answers the transcript does not mention: {left}"
        finally:
            if self.client:
                self.client.close_input()
                if self.client.process.poll() is None and self.ended is None:
                    self.client.process.kill()
                self.client.process.wait()

    def step(self, step):
        word, _, rest = step.partition(" ")
        rest = rest.strip()
        if word == "engine":
            self.script = json.loads(rest)
            return
        if self.client is None:
            self.client = LspClient.scripted(self.script, self.folder)
        {"->": self.say, "=>": self.say_bytes, "<-": self.hear, "answer": self.answer, "never": self.never,
         "wait": lambda ms: time.sleep(float(ms) / 1000), "close": lambda _: self.client.close_input(), "exit": self.exit}[word](rest)

    def say(self, text):
        id, method, params = re.fullmatch(rf"(?:({ID})\s+)?(\S+)\s*(.*)", text).groups()
        params = json.loads(params) if params else None
        if id is None:
            self.client.notify(method, params)
        else:
            self.client.start(method, params, json.loads(id))

    def say_bytes(self, text):
        self.client.send_bytes(json.loads(text).encode("latin-1"))

    def hear(self, text):
        if match := re.fullmatch(rf"({ID})\s+!\s*(-?\d+)\s*(.*)", text):
            id, code, message = match.groups()
            expected = {"code": int(code), "message": json.loads(message) if message else "...", "...": "..."}
            self.same(expected, self.client.reply(json.loads(id)).get("error"))
        elif match := re.fullmatch(rf"({ID})\s+(.*)", text):
            reply = self.client.reply(json.loads(match.group(1)))
            assert "result" in reply, f"an error: {reply.get('error')}"
            self.same(json.loads(match.group(2)), reply["result"])
        else:
            method, _, params = text.partition(" ")
            self.hear_call(method, json.loads(params) if params else "...")

    def hear_call(self, method, expected):
        """Log lines come between others: of those, one that fits is enough."""
        found = self.client.wait_for(lambda m: m.get("method") == method and (
            method != "window/logMessage" or mismatch(expected, m.get("params")) is None), what=f"{method} as expected")
        self.same(expected, found.get("params"))

    @staticmethod
    def same(expected, actual):
        problem = mismatch(expected, actual)
        assert problem is None, f"{problem}\nall of it: {json.dumps(actual)}"

    def answer(self, text):
        method, _, result = text.partition(" ")
        self.client.answers[method] = json.loads(result)

    def never(self, method):
        assert not [m for m in self.client.log if m.get("method") == method], f"{method} has come"

    def exit(self, code):
        self.ended = self.client.wait_end()
        assert self.ended == int(code), f"exit code {self.ended}; stderr: {self.client.stderr[-500:]}"
