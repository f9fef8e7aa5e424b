"""Starts `rigpilot lsp` as an editor would, types into a real file, and shows the suggestions as they would appear.

    python3 scripts/demo_session.py build/release/rigpilot examples/inventory.py
"""

import json
import pathlib
import subprocess
import sys
import time

# What is typed at the end of the file: each entry is typed, then the editor asks for a suggestion.
TYPED = [
    "\n    def load(self, path: str) -> None:\n        with open(",
    "path",
    ', "r") as file:\n            for entry in json.',
    "load(file):\n                self.add(",
    "Item(**entry))\n\n    def find(self, name: str) -> Item:\n        return self.",
    "items[name]\n\n\ndef main():\n    inventory = ",
    "Inventory()\n    inventory.",
]
COLOUR = sys.stdout.isatty()
DIM, BOLD, GREEN, END = ("\033[2m", "\033[1m", "\033[32m", "\033[0m") if COLOUR else ("", "", "", "")


class Editor:
    """The least an LSP client must do: framing, requests, answers to what the server asks."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.next_id = 0

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline().strip()):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            sys.exit("demo: the server ended unexpectedly")
        return json.loads(self.process.stdout.read(length))

    def notify(self, method, params):
        self.send({"method": method, "params": params})

    def request(self, method, params=None):
        self.next_id += 1
        self.send({"id": self.next_id, "method": method, "params": params})
        while True:
            message = self.receive()
            if "method" in message:
                self.on_server(message)
            elif message.get("id") == self.next_id:
                if "error" in message:
                    sys.exit(f"demo: {method}: {message['error']['message']}")
                return message["result"]

    def on_server(self, message):
        value = (message.get("params") or {}).get("value", {})
        if message["method"] == "$/progress" and "percentage" in value and COLOUR:
            print(f"\r{DIM}loading the model {value['percentage']:3}%{END}", end="", flush=True)
        if message["method"] == "window/showMessage":
            print(message["params"]["message"], file=sys.stderr)
        if "id" in message:
            items = (message.get("params") or {}).get("items", [])
            self.send({"id": message["id"], "result": [None] * len(items) if message["method"] == "workspace/configuration" else None})


def position_of(text):
    line = text.count("\n")
    return {"line": line, "character": len(text) - text.rfind("\n") - 1}


def ghost_of(item, text, position):
    """What is new at the cursor: the item's text without what its range already holds."""
    start = item.get("range", {}).get("start", position)["character"]
    line = text[text.rfind("\n") + 1:]
    insert = item["insertText"]
    return insert if isinstance(insert, dict) else insert[len(line) - start:] if insert.startswith(line[start:]) else insert


def show(text, ghost, latency):
    lines = text.split("\n")[-2:]
    head, *tail = ghost.split("\n")
    print(f"{DIM}{'-' * 76}{END}")
    for line in lines[:-1]:
        print(f"  {line}")
    print(f"  {lines[-1]}{'' if COLOUR else '|'}{DIM}{head}{END}")
    for line in tail:
        print(f"  {DIM}{line}{END}")
    print(f"{GREEN if ghost else DIM}  {'suggestion' if ghost else 'no suggestion'} after {latency:.0f} ms{END}")


def main():
    program, path = sys.argv[1], pathlib.Path(sys.argv[2])
    text, version, uri = path.read_text(), 1, path.resolve().as_uri()
    started = time.monotonic()
    editor = Editor([program, "lsp", *sys.argv[3:]])
    capabilities = {"general": {"positionEncodings": ["utf-32", "utf-16"]}, "window": {"workDoneProgress": True},
                    "textDocument": {"inlineCompletion": {}}}
    editor.request("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities, "clientInfo": {"name": "rigpilot-demo"}})
    print(f"\n{BOLD}rigpilot lsp{END} answered initialize after {1000 * (time.monotonic() - started):.0f} ms; typing into {path}\n")
    editor.notify("initialized", {})
    editor.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "python", "version": version, "text": text}})
    shown = 0
    for typed in TYPED:
        where, version = position_of(text), version + 1
        editor.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": version},
                                                 "contentChanges": [{"range": {"start": where, "end": where}, "text": typed}]})
        text += typed
        where, asked = position_of(text), time.monotonic()
        answer = editor.request("textDocument/inlineCompletion", {"textDocument": {"uri": uri}, "position": where, "context": {"triggerKind": 2}})
        items = answer["items"] if isinstance(answer, dict) else answer
        ghost = ghost_of(items[0], text, where) if items else ""
        shown += bool(ghost)
        if COLOUR:
            print("\r\033[K", end="")
        show(text, ghost, 1000 * (time.monotonic() - asked))
    editor.request("shutdown")
    editor.notify("exit", {})
    code = editor.process.wait(10)
    print(f"{DIM}{'-' * 76}{END}\n{shown} of {len(TYPED)} places got a suggestion; the server ended with code {code}.")
    sys.exit(0 if shown and code == 0 else 1)


if __name__ == "__main__":
    main()
