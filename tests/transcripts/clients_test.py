"""Conversations with four clients, begun with the initialize messages that they really send.

The recorded messages ($RIGPILOT_SHARED or ../shared, editor-rig/initialize) are used where they are; our own reduced
ones (tests/fixtures/initialize) always.
"""

import json
import os
import pathlib

import pytest

from lsp_client import ROOT, LspClient

SHARED = pathlib.Path(os.environ.get("RIGPILOT_SHARED") or ROOT.parent / "shared") / "editor-rig" / "initialize"
OWN = ROOT / "tests" / "fixtures" / "initialize"
FILES = sorted(OWN.glob("*.json")) + sorted(SHARED.glob("*.json"))

# positions, how inlineCompletion is offered, whether items begin at the line's start
EXPECTED = {
    "nvim": ("utf-8", "static", False),
    "vscode": ("utf-16", "dynamic", True),
    "eglot": ("utf-8", "static", False),
    "helix": ("utf-8", "static", False),
}
LINE = "é😀 = f("


def width(text, encoding):
    return len(text.encode("utf-16-le")) // 2 if encoding == "utf-16" else len(text.encode(encoding))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.parent.name}-{f.stem}")
def test_a_client_gets_its_suggestion(file, tmp_path):
    params = json.loads(file.read_text(encoding="utf-8"))
    encoding, offered, from_line_start = EXPECTED[file.stem.split("-")[0]]
    with LspClient.scripted({"load_ms": 300, "replies": [{"prefix_ends": "f(", "text": "x, y)"}]}, tmp_path) as client:
        result = client.request("initialize", params.get("params", params))["result"]
        assert result["capabilities"]["positionEncoding"] == encoding
        assert ("inlineCompletionProvider" in result["capabilities"]) == (offered == "static")
        client.notify("initialized", {})
        client.next("window/workDoneProgress/create")
        assert client.next("$/progress")["params"]["value"]["kind"] == "begin"
        client.open("file:///home/me/project/a.py", f"# one\n{LINE}\n")
        column = width(LINE, encoding)
        (item,) = client.inline("file:///home/me/project/a.py", 1, column)
        # VS Code shows nothing that replaces a character of two UTF-16 units.
        start = width("é😀", encoding) if from_line_start else column
        assert item["range"] == {"start": {"line": 1, "character": start}, "end": {"line": 1, "character": column}}
        assert item["insertText"] == (" = f(" if from_line_start else "") + "x, y)"
        assert client.request("workspace/executeCommand", {k: item["command"][k] for k in ("command", "arguments")})["result"] is None
        assert client.shut_down() == 0
        asked = [r["method"] for m in client.log if m.get("method") == "client/registerCapability" for r in m["params"]["registrations"]]
        assert asked.count("textDocument/inlineCompletion") == (offered == "dynamic"), "offered twice, or not at all"
        kinds = [m["params"]["value"]["kind"] for m in client.log if m.get("method") == "$/progress"]
        assert kinds[0] == "begin" and kinds[-1] == "end" and set(kinds[1:-1]) <= {"report"}
        percents = [m["params"]["value"]["percentage"] for m in client.log if m.get("method") == "$/progress" and "percentage" in m["params"]["value"]]
        assert percents == sorted(percents) and percents[-1] <= 100


def test_there_are_four_clients():
    assert len(set(f.stem.split("-")[0] for f in FILES)) == 4
