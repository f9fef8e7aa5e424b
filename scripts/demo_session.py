"""Starts `rigpilot lsp` as an editor would, types into a real file, and shows the suggestions as they would appear.

    python3 scripts/demo_session.py build/release/rigpilot examples/inventory.py [--picture FILE.svg] [options of rigpilot lsp]
"""

import html
import json
import pathlib
import subprocess
import sys
import time

# What is typed at the end of each file: an entry is typed, then the editor asks for a suggestion.
TYPED = {
    "inventory.py": [
        "\n    def load(self, path: str) -> None:\n        with open(",
        "path",
        ', "r") as file:\n            for entry in json.',
        "load(file):\n                self.add(",
        "Item(**entry))\n\n    def find(self, name: str) -> Item:\n        return self.",
        "items[name]\n\n\ndef main():\n    inventory = ",
        "Inventory()\n    inventory.",
    ],
    "statistics.cpp": [
        "\ndouble standard_deviation(const std::vector<double>& values) {\n  return ",
        "std::sqrt(variance(values));\n}\n\ndouble median(std::vector<double> values) {\n  std::sort(",
        "values.begin(), values.end());\n  return values[values.size() / 2];\n}\n\nint main() {\n  std::vector<double> values;\n  double value;\n  while (",
        "std::cin >> value) {\n    ",
        "values.push_back(value);\n  }\n  std::cout << \"mean: \" << ",
    ],
}


class Screen:
    """Prints pieces of text in a style: on a terminal by its codes, elsewhere plain; picture() draws what was printed."""

    CODES = {"dim": "\033[2m", "bold": "\033[1m", "green": "\033[32m"}
    COLOURS = {"dim": "#8b949e", "bold": "#ffffff", "green": "#3fb950", "": "#e6edf3"}

    def __init__(self):
        self.terminal = sys.stdout.isatty()
        self.lines = []

    def line(self, *pieces):
        """Pieces: a text, or (text, style)."""
        pieces = [(piece, "") if isinstance(piece, str) else piece for piece in pieces]
        self.lines.append(pieces)
        print("".join(self.CODES[style] + text + "\033[0m" if self.terminal and style else text for text, style in pieces), flush=True)

    def status(self, text):
        """A line that the next one replaces; only on a terminal."""
        if self.terminal:
            print(f"\r\033[K{text}", end="", flush=True)

    def picture(self, path):
        rows = []
        for number, pieces in enumerate(self.lines):
            spans = "".join(f'<tspan fill="{self.COLOURS[style]}">{html.escape(text)}</tspan>' for text, style in pieces)
            rows.append(f'<text x="16" y="{30 + 19 * number}" xml:space="preserve">{spans}</text>')
        height = 30 + 19 * len(self.lines)
        path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="840" height="{height}" font-family="ui-monospace, Menlo, Consolas, monospace" '
                        f'font-size="14"><rect width="840" height="{height}" rx="8" fill="#0d1117"/>\n' + "\n".join(rows) + "\n</svg>\n")


class Editor:
    """The least an LSP client must do: framing, requests, answers to what the server asks."""

    def __init__(self, command, screen):
        self.screen = screen
        self.loaded = False
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
        params = message.get("params") or {}
        value = params.get("value", {})
        if message["method"] == "$/progress" and "percentage" in value:
            self.screen.status(f"loading the model {value['percentage']:3}%")
        if message["method"] == "$/progress" and value.get("kind") == "end":
            self.loaded = True
        if message["method"] == "window/showMessage":
            print(params["message"], file=sys.stderr)
        if "id" in message:
            nothing_set = [None] * len(params.get("items", []))
            self.send({"id": message["id"], "result": nothing_set if message["method"] == "workspace/configuration" else None})


def position_of(text):
    line = text.count("\n")
    return {"line": line, "character": len(text) - text.rfind("\n") - 1}


def ghost_of(item, text, position):
    """What is new at the cursor: the item's text without what its range already holds."""
    line = text[text.rfind("\n") + 1:]
    held = line[item["range"]["start"]["character"]:position["character"]] if "range" in item else ""
    return item["insertText"].removeprefix(held)


def show(screen, text, ghost, latency, loading):
    *before, line = text.split("\n")[-2:]
    head, *below = ghost.rstrip("\n").split("\n")
    screen.line(("-" * 84, "dim"))
    for earlier in before:
        screen.line("  " + earlier)
    screen.line("  " + line + "|", (head, "dim"))
    for later in below:
        screen.line(("  " + later, "dim"))
    what = "suggestion" if ghost else "no suggestion"
    screen.line((f"  {what} after {latency:.0f} ms{', loading the model among them' if loading else ''}", "green" if ghost else "dim"))


def replay(screen, editor, path, text):
    """Types, asks and shows; how many places got a suggestion."""
    shown, version, uri = 0, 1, path.resolve().as_uri()
    language = {".py": "python", ".cpp": "cpp"}[path.suffix]
    editor.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": language, "version": version, "text": text}})
    for typed in TYPED[path.name]:
        where, version = position_of(text), version + 1
        editor.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": version},
                                                 "contentChanges": [{"range": {"start": where, "end": where}, "text": typed}]})
        text += typed
        where, asked, loading = position_of(text), time.monotonic(), not editor.loaded
        answer = editor.request("textDocument/inlineCompletion",
                                {"textDocument": {"uri": uri}, "position": where, "context": {"triggerKind": 2}})
        latency = 1000 * (time.monotonic() - asked)
        ghost = ghost_of(answer["items"][0], text, where) if answer["items"] else ""
        shown += bool(ghost)
        screen.status("")
        show(screen, text, ghost, latency, loading)
    return shown


def main():
    program, path, options = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    picture = None
    if "--picture" in options:
        at = options.index("--picture")
        picture = pathlib.Path(options[at + 1])
        del options[at:at + 2]
    screen, started = Screen(), time.monotonic()
    editor = Editor([program, "lsp", "--log-level", "warning", *options], screen)
    capabilities = {"window": {"workDoneProgress": True}, "textDocument": {"inlineCompletion": {}}}
    editor.request("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities, "clientInfo": {"name": "rigpilot-demo"}})
    screen.line(("rigpilot lsp", "bold"), f" answered initialize after {1000 * (time.monotonic() - started):.0f} ms; typing into {path}; | is the cursor")
    editor.notify("initialized", {})
    shown = replay(screen, editor, path, path.read_text())
    editor.request("shutdown")
    editor.notify("exit", {})
    code = editor.process.wait(10)
    screen.line(("-" * 84, "dim"))
    print(f"{shown} of {len(TYPED[path.name])} places got a suggestion; the server ended with code {code}.")
    if picture:
        screen.picture(picture)
    sys.exit(0 if shown and code == 0 else 1)


if __name__ == "__main__":
    main()
