"""A language client for tests: speaks LSP to `rigpilot lsp` over its stdin and stdout, and trusts nothing it says.

    with LspClient.scripted({"replies": ["x = 1"]}, tmp_path) as client:
        client.initialize()
        client.open("file:///a.py", "x")
        items = client.inline("file:///a.py", 0, 1)
        assert client.shut_down() == 0

Every wait has an end (WAIT seconds). Framing is checked byte by byte, and each id may be answered exactly once: check()
runs when the `with` block ends. Requests of the server are answered from `answers` (method -> result or function of params).
Standard library only.
"""

import collections
import json
import os
import pathlib
import queue
import re
import subprocess
import threading
import time

WAIT = 5
ROOT = pathlib.Path(__file__).resolve().parents[2]


def program():
    """The program under test: $RIGPILOT, or the release build's."""
    return os.environ.get("RIGPILOT") or str(ROOT / "build" / "release" / "rigpilot")


def frame(body):
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False).encode("utf-8")
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


class ProtocolError(AssertionError):
    """The server broke the protocol."""


def read_frame(stream):
    """One message, or None at the end of the stream; anything but a well-formed message is a ProtocolError."""
    header = b""
    while not header.endswith(b"\r\n\r\n"):
        byte = stream.read(1)
        if not byte:
            if header:
                raise ProtocolError(f"the output ends in a header: {header!r}")
            return None
        header += byte
        if len(header) > 4096:
            raise ProtocolError(f"not a header: {header[:80]!r}")
    match = re.fullmatch(rb"Content-Length: (\d+)\r\n\r\n", header)
    if not match:
        raise ProtocolError(f"not a header of ours: {header!r}")
    length = int(match.group(1))
    body = stream.read(length)
    if len(body) != length:
        raise ProtocolError(f"the output ends {length - len(body)} bytes before its message does")
    message = json.loads(body.decode("utf-8"))
    if message.get("jsonrpc") != "2.0":
        raise ProtocolError(f"no jsonrpc 2.0 in {message}")
    return message


class LspClient:
    def __init__(self, args, env=None, cwd=None):
        self.started_at = time.monotonic()
        self.process = subprocess.Popen([str(a) for a in args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env={**os.environ, **(env or {})}, cwd=cwd)
        self.answers = {"workspace/configuration": lambda params: [None] * len(params["items"])}
        self.asked = {}                              # ids we sent -> method
        self.answered = collections.Counter()        # ids the server answered
        self.log = []                                # every message from the server, in order
        self.stderr = ""
        self._inbox = queue.Queue()
        self._waiting = []                           # arrived, not yet asked for
        self._last_id = 0
        self._write_lock = threading.Lock()
        self._threads = [threading.Thread(target=self._read, daemon=True), threading.Thread(target=self._read_stderr, daemon=True)]
        for thread in self._threads:
            thread.start()

    @classmethod
    def scripted(cls, script, folder, *args, **kwargs):
        """`rigpilot lsp` with an engine that replays `script` (docs/scripted-engine.md)."""
        file = pathlib.Path(folder) / "script.json"
        file.write_text(json.dumps(script), encoding="utf-8")
        return cls([program(), "lsp", "--engine", f"scripted:{file}", *args], **kwargs)

    # -- what we say -----------------------------------------------------------------------------------------------

    def send_bytes(self, data):
        with self._write_lock:
            try:
                self.process.stdin.write(data)
                self.process.stdin.flush()
            except (BrokenPipeError, ValueError):
                pass  # the server has ended: what it said before is what counts

    def send(self, message):
        self.send_bytes(frame({"jsonrpc": "2.0", **message}))

    def notify(self, method, params=None):
        self.send({"method": method, **({} if params is None else {"params": params})})

    def start(self, method, params=None, id=None):
        """Sends a request; its id."""
        if id is None:
            self._last_id += 1
            id = self._last_id
        self.asked[json.dumps(id)] = method
        self.send({"id": id, "method": method, **({} if params is None else {"params": params})})
        return id

    def request(self, method, params=None):
        """Sends a request and waits for its reply, the whole message."""
        return self.reply(self.start(method, params))

    def initialize(self, capabilities=None, **params):
        params = {"processId": None, "clientInfo": {"name": "test"}, "rootUri": None, "capabilities": capabilities or {}, **params}
        result = self.request("initialize", params)["result"]
        self.notify("initialized", {})
        return result

    def open(self, uri, text, language="python", version=1):
        self.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": language, "version": version, "text": text}})

    def change(self, uri, version, *edits):
        """Edits: (line, character, line, character, text), or a text for the whole document."""
        changes = []
        for edit in edits:
            if isinstance(edit, str):
                changes.append({"text": edit})
            else:
                l0, c0, l1, c1, text = edit
                changes.append({"range": {"start": {"line": l0, "character": c0}, "end": {"line": l1, "character": c1}}, "text": text})
        self.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes})

    def start_inline(self, uri, line, character, trigger=2, **context):
        return self.start("textDocument/inlineCompletion", {"textDocument": {"uri": uri}, "position": {"line": line, "character": character},
                                                            "context": {"triggerKind": trigger, **context}})

    def inline(self, uri, line, character, trigger=2, **context):
        """The items of one request."""
        return self.reply(self.start_inline(uri, line, character, trigger, **context))["result"]["items"]

    def cancel(self, id):
        self.notify("$/cancelRequest", {"id": id})

    # -- what we hear ----------------------------------------------------------------------------------------------

    def wait_for(self, wanted, timeout=WAIT, what="a message"):
        """The first message, of those nobody has asked for yet, that `wanted` says yes to."""
        until = time.monotonic() + timeout
        at = 0
        while True:
            while at < len(self._waiting):
                if wanted(self._waiting[at]):
                    return self._waiting.pop(at)
                at += 1
            try:
                message = self._inbox.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {what} within {timeout} s; unread: {self._waiting[-5:]}; stderr: {self.stderr[-500:]}") from None
            if isinstance(message, Exception):
                raise message
            if message is None:
                self._inbox.put(None)  # the next one who waits shall see the end too
                raise AssertionError(f"the server ended before {what}; stderr: {self.stderr[-500:]}")
            self._waiting.append(message)

    def reply(self, id, timeout=WAIT):
        return self.wait_for(lambda m: "method" not in m and m.get("id") == id and type(m.get("id")) is type(id), timeout, f"reply to {id!r}")

    def next(self, method, timeout=WAIT):
        """The next request or notification of this method."""
        return self.wait_for(lambda m: m.get("method") == method, timeout, method)

    def drain(self):
        """Everything that has come and nobody asked for."""
        while not self._inbox.empty():
            message = self._inbox.get()
            if isinstance(message, Exception):
                raise message
            if message is None:
                self._inbox.put(None)
                break
            self._waiting.append(message)
        taken, self._waiting = self._waiting, []
        return taken

    # -- how it ends -----------------------------------------------------------------------------------------------

    def close_input(self):
        with self._write_lock:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass

    def wait_end(self, timeout=WAIT):
        """The exit code, once the process has ended by itself."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server still runs after {timeout} s; stderr: {self.stderr[-500:]}") from None
        for thread in self._threads:
            thread.join(timeout)
        return code

    def shut_down(self):
        reply = self.request("shutdown")
        assert reply.get("result", "none") is None, reply
        self.notify("exit")
        return self.wait_end()

    def check(self):
        """Each id that was asked was answered exactly once, and no other; call it after the end."""
        wrong = {id: times for id, times in self.answered.items() if times != 1 and id != "null"}
        assert not wrong, f"answered more than once: {wrong}"
        assert not set(self.answered) - set(self.asked) - {"null"}, f"answers nobody asked for: {set(self.answered) - set(self.asked)}"

    def unanswered(self):
        return sorted(set(self.asked) - set(self.answered))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close_input()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            if kind is None:
                raise AssertionError("the server outlived its client")
        for thread in self._threads:
            thread.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
        if kind is None:
            self.check()

    # -- threads ---------------------------------------------------------------------------------------------------

    def _read(self):
        try:
            while (message := read_frame(self.process.stdout)) is not None:
                self.log.append(message)
                if "method" not in message:
                    self.answered[json.dumps(message.get("id"))] += 1
                elif "id" in message:
                    self._answer(message)
                self._inbox.put(message)
        except Exception as error:  # noqa: BLE001: whatever it is, the test shall see it
            self._inbox.put(error)
        self._inbox.put(None)

    def _answer(self, request):
        answer = self.answers.get(request["method"])
        if callable(answer):
            answer = answer(request.get("params"))
        if answer is not NotImplemented:
            self.send({"id": request["id"], "result": answer})

    def _read_stderr(self):
        for line in self.process.stderr:
            self.stderr += line.decode("utf-8", "replace")
