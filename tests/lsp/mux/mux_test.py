"""`rigpilot lsp --mux -- CMD`: one server for the editor, two behind it. The language server is support/language_server.py, and a real one."""

import json
import os
import pathlib
import shutil
import signal
import sys
import time

import pytest

from lsp_client import ROOT, LspClient, program

FAKE = ROOT / "tests/support/language_server.py"
URI = "file:///work/a.py"
SCRIPT = {"replies": [{"prefix_ends": "f(", "text": "x, y)"}, {"prefix_ends": "😀 = g", "text": "o()"}]}
CLANGD = {"textDocumentSync": {"openClose": True, "change": 2, "save": True}, "hoverProvider": True, "positionEncoding": "utf-16",
          "completionProvider": {"triggerCharacters": [".", ">"], "resolveProvider": True},
          "executeCommandProvider": {"commands": ["clangd.applyFix"]}}
POPUP = {"general": {"positionEncodings": ["utf-32", "utf-8", "utf-16"]}, "window": {"workDoneProgress": True}}
GHOST = {**POPUP, "textDocument": {"inlineCompletion": {"dynamicRegistration": False}}}


@pytest.fixture
def mux(tmp_path):
    clients = []

    def start(capabilities=None, script=SCRIPT, command=None, args=(), **spec):
        file = tmp_path / "script.json"
        file.write_text(json.dumps(script))
        command = command or [sys.executable, FAKE, json.dumps({"capabilities": CLANGD if capabilities is None else capabilities, **spec})]
        clients.append(LspClient([program(), "lsp", "--engine", f"scripted:{file}", *args, "--mux", "--", *command]))
        return clients[-1]

    with_client = start
    yield with_client
    for client in clients:
        client.__exit__(None, None, None)


def received(client, method=None):
    messages = client.request("test/received", {})["result"]
    return [m for m in messages if method in (None, m.get("method"))]


def test_one_answer_to_initialize(mux):
    client = mux()
    result = client.initialize(GHOST)
    can = result["capabilities"]
    assert can["hoverProvider"] is True and can["inlineCompletionProvider"]
    assert can["completionProvider"] == CLANGD["completionProvider"], "suggestions are offered inline, so the menu is the language server's"
    assert can["textDocumentSync"] == {"openClose": True, "change": 2, "save": {"includeText": False}}
    assert "clangd.applyFix" in can["executeCommandProvider"]["commands"] and "rigpilot.didAccept" in can["executeCommandProvider"]["commands"]
    assert received(client, "initialize")[0]["params"]["capabilities"] == GHOST, "the language server hears what the editor said"
    assert client.shut_down() == 0


@pytest.mark.parametrize("encoding,column", [("utf-8", 8), ("utf-16", 6), ("utf-32", 5), (None, 6)])
def test_the_language_server_decides_how_columns_are_counted(mux, encoding, column):
    client = mux({**CLANGD, "positionEncoding": encoding} if encoding else {k: v for k, v in CLANGD.items() if k != "positionEncoding"})
    said = client.initialize(GHOST)["capabilities"].get("positionEncoding", "utf-16")
    assert said == (encoding or "utf-16")
    client.open(URI, "😀 = g\n")
    (item,) = client.inline(URI, 0, column)
    assert (item["insertText"], item["range"]["start"]["character"]) == ("o()", column)
    assert client.shut_down() == 0


def test_requests_go_where_they_belong(mux):
    client = mux()
    client.initialize(GHOST)
    client.open(URI, "f(\n")
    assert client.request("textDocument/hover", {"textDocument": {"uri": URI}})["result"] == {"echo": "textDocument/hover"}
    (item,) = client.inline(URI, 0, 2)
    assert item["insertText"] == "x, y)"
    assert client.request("workspace/executeCommand", {"command": "clangd.applyFix"})["result"] == {"echo": "workspace/executeCommand"}
    assert client.request("workspace/executeCommand", {k: item["command"][k] for k in ("command", "arguments")})["result"] is None
    assert client.request("workspace/executeCommand", {"command": "rigpilot.server.statistics"})["result"]["accepted"] == 1
    assert client.request("x/unknown", {})["result"] == {"echo": "x/unknown"}
    methods = [m["method"] for m in received(client)]
    assert methods.count("textDocument/didOpen") == 1 and "textDocument/inlineCompletion" not in methods
    assert methods.count("workspace/executeCommand") == 1
    assert client.shut_down() == 0


@pytest.mark.parametrize("sync,change,heard", [(2, 2, {"didOpen", "didChange", "didSave"}), (1, 1, {"didOpen", "didChange", "didSave"}),
                                               (None, 2, set()), ({"openClose": True}, 2, {"didOpen"}),
                                               ({"openClose": True, "change": 0, "save": {"includeText": True}}, 2, {"didOpen", "didSave"})])
def test_the_language_server_hears_of_documents_what_it_asked_for(mux, sync, change, heard):
    client = mux({"textDocumentSync": sync} if sync is not None else {})
    can = client.initialize(GHOST)["capabilities"]["textDocumentSync"]
    assert (can["openClose"], can["change"]) == (True, change)
    assert can["save"] == {"includeText": isinstance(sync, dict) and "save" in sync}
    client.open(URI, "\n")
    client.change(URI, 2, "f(\n" if change == 1 else (0, 0, 0, 0, "f("))
    client.notify("textDocument/didSave", {"textDocument": {"uri": URI}})
    (item,) = client.inline(URI, 0, 2)
    assert item["insertText"] == "x, y)"
    assert {m["method"].split("/")[1] for m in received(client) if m["method"].startswith("textDocument/")} == heard
    assert client.shut_down() == 0


def test_notebooks_are_synchronised_where_the_language_server_does(mux):
    """Cells that come in a notebook's messages come in no others: a language server that knows none would lose them."""
    notebooks = {**GHOST, "notebookDocument": {"synchronization": {}}}
    assert "notebookDocumentSync" not in mux().initialize(notebooks)["capabilities"]
    theirs = {"notebookSelector": [{"notebook": "jupyter-notebook", "cells": [{"language": "python"}]}]}
    client = mux({**CLANGD, "notebookDocumentSync": theirs})
    assert client.initialize(notebooks)["capabilities"]["notebookDocumentSync"] == theirs
    cell = "vscode-notebook-cell:/work/nb.ipynb#W0"
    client.notify("notebookDocument/didOpen", {"notebookDocument": {"uri": "file:///work/nb.ipynb", "version": 0, "cells": [{"kind": 2, "document": cell}]},
                                               "cellTextDocuments": [{"uri": cell, "languageId": "python", "version": 1, "text": "f("}]})
    (item,) = client.inline(cell, 0, 2)
    assert item["insertText"] == "x, y)"
    assert len(received(client, "notebookDocument/didOpen")) == 1
    assert client.shut_down() == 0


def test_ids_of_both_directions_may_clash(mux):
    client = mux()
    client.answers["window/showMessageRequest"] = lambda params: {"title": params["message"]}
    client.initialize({**GHOST, "workspace": {"configuration": True}})  # ours asks for its settings, with an id of its own
    client.next("workspace/configuration")
    for id in (1, 2, "1", 7):
        asked = {"id": id, "method": "window/showMessageRequest", "params": {"type": 3, "message": f"asked as {id!r}"}}
        answer = client.request("test/ask", {"message": asked})["result"]
        assert answer == {"jsonrpc": "2.0", "id": id, "result": {"title": f"asked as {id!r}"}}
    assert [m["params"]["items"] for m in client.log if m.get("method") == "workspace/configuration"] == [[{"section": "rigpilot"}]]
    ids = [m["id"] for m in client.log if "method" in m and "id" in m]
    assert len(ids) == len(set(map(repr, ids)))
    assert client.shut_down() == 0


def test_progress_of_both_keeps_apart(mux):
    client = mux(script={**SCRIPT, "load_ms": 3000})  # ours is at work while theirs begins
    client.initialize(GHOST)
    client.next("window/workDoneProgress/create")  # ours, for loading the model
    create = {"id": 5, "method": "window/workDoneProgress/create", "params": {"token": "rigpilot/model"}}
    client.request("test/ask", {"message": create})
    say = lambda kind: {"method": "$/progress", "params": {"token": "rigpilot/model", "value": {"kind": kind, "title": "indexing"}}}
    client.request("test/say", {"messages": [say("begin")]})
    theirs = [m["params"]["token"] for m in client.log if m.get("method") == "$/progress" and m["params"]["value"].get("title") == "indexing"]
    tokens = [m["params"]["token"] for m in client.log if m.get("method") == "window/workDoneProgress/create"]
    assert len(tokens) == len(set(tokens)) == 2 and theirs[0] in tokens and set(theirs) != {"rigpilot/model"}
    client.notify("window/workDoneProgress/cancel", {"token": theirs[0]})
    assert received(client, "window/workDoneProgress/cancel")[0]["params"] == {"token": "rigpilot/model"}
    assert client.shut_down() == 0


def test_diagnostics_and_configuration_pass_through(mux):
    client = mux()
    client.answers["workspace/configuration"] = lambda params: [{"section": item["section"]} for item in params["items"]]
    client.initialize(GHOST)
    diagnostics = {"uri": URI, "version": 9007199254740993, "diagnostics": [{"range": None, "message": "no é 😀", "data": 1e300}]}
    client.request("test/say", {"messages": [{"method": "textDocument/publishDiagnostics", "params": diagnostics}]})
    assert client.next("textDocument/publishDiagnostics")["params"] == diagnostics
    asked = {"id": 1, "method": "workspace/configuration", "params": {"items": [{"section": "clangd"}]}}
    assert client.request("test/ask", {"message": asked})["result"]["result"] == [{"section": "clangd"}]
    client.notify("workspace/didChangeConfiguration", {"settings": {"rigpilot": {"completion": {"enabled": False}}, "clangd": {}}})
    assert received(client, "workspace/didChangeConfiguration")
    client.open(URI, "f(\n")
    assert client.inline(URI, 0, 2) == []
    assert client.shut_down() == 0


def test_cancelling_reaches_whoever_works(mux):
    client = mux()
    client.initialize(GHOST)
    id = client.start("test/silence", {})
    client.cancel(id)
    assert received(client, "$/cancelRequest")[0]["params"] == {"id": id}
    client.request("test/say", {"messages": [{"id": id, "error": {"code": -32800, "message": "cancelled", "data": {"kept": True}}}]})
    assert client.reply(id)["error"] == {"code": -32800, "message": "cancelled", "data": {"kept": True}}
    assert client.shut_down() == 0


def test_the_menu_has_both(mux):
    theirs = {"isIncomplete": False, "itemDefaults": {"insertTextFormat": 2, "data": 7}, "items": [{"label": "fopen"}]}
    client = mux(answers={"textDocument/completion": theirs, "completionItem/resolve": {"label": "resolved"}})
    can = client.initialize(POPUP)["capabilities"]
    assert can["completionProvider"]["resolveProvider"] is True and {".", ">", "("} <= set(can["completionProvider"]["triggerCharacters"])
    client.open(URI, "f(\n")
    at = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 2}, "context": {"triggerKind": 1}}
    until = time.monotonic() + 5
    while True:
        answer = client.request("textDocument/completion", at)["result"]
        if len(answer["items"]) == 2 or time.monotonic() > until:
            break
    ours, other = answer["items"]
    assert other == {"label": "fopen"} and answer["itemDefaults"] == theirs["itemDefaults"]
    assert "x, y)" in json.dumps(ours) and "insertTextFormat" in ours and ours["data"] != 7
    assert client.request("completionItem/resolve", ours)["result"] == ours
    assert client.request("completionItem/resolve", other)["result"] == {"label": "resolved"}
    only_ours = client.request("textDocument/completion", {**at, "context": {"triggerKind": 2, "triggerCharacter": "("}})["result"]
    assert [i["label"] for i in only_ours["items"]] == [ours["label"]]
    assert client.shut_down() == 0


@pytest.mark.parametrize("end,said", [({"code": 3}, "exit code 3"), ({"signal": int(signal.SIGKILL)}, "signal 9")])
def test_the_language_server_dies(mux, end, said):
    client = mux()
    client.initialize(GHOST)
    client.open(URI, "f(\n")
    client.request("test/ask", {"message": {"id": 1, "method": "window/workDoneProgress/create", "params": {"token": "t"}}})
    client.request("test/say", {"messages": [{"method": "$/progress", "params": {"token": "t", "value": {"kind": "begin", "title": "x"}}},
                                             {"method": "textDocument/publishDiagnostics", "params": {"uri": URI, "diagnostics": [{"message": "wrong"}]}}]})
    hover = client.start("textDocument/hover", {})  # answered, by echo
    silent = client.start("test/silence", {})
    client.notify("test/end", end)
    message = client.next("window/showMessage")["params"]
    assert said in message["message"] and "suggestions go on" in message["message"]
    assert client.reply(hover)["result"] == {"echo": "textDocument/hover"}
    assert "has ended" in client.reply(silent)["error"]["message"]
    assert client.request("textDocument/hover", {})["result"] is None
    (item,) = client.inline(URI, 0, 2)
    assert item["insertText"] == "x, y)"
    last = [m["params"] for m in client.log if m.get("method") == "textDocument/publishDiagnostics"][-1]
    assert last == {"uri": URI, "diagnostics": []}
    assert [m["params"]["value"]["kind"] for m in client.log if m.get("method") == "$/progress" and m["params"]["token"] == "t"] == ["begin", "end"]
    assert client.shut_down() == 0


@pytest.mark.parametrize("command", [["/no/such/server"], [sys.executable, "-c", "import sys; sys.exit(4)"],
                                     [sys.executable, FAKE, json.dumps({"initialize": {"error": {"code": 1, "message": "no licence"}}})]])
def test_a_language_server_that_does_not_start(mux, command):
    client = mux(command=command)
    can = client.initialize(GHOST)["capabilities"]
    assert can["inlineCompletionProvider"] and "hoverProvider" not in can
    client.open(URI, "f(\n")
    assert [item["insertText"] for item in client.inline(URI, 0, 2)] == ["x, y)"]
    said = [m["params"]["message"] for m in client.log if m.get("method") == "window/showMessage"]
    assert len(said) == 1 and any(words in said[0] for words in ("cannot be started", "exit code 4", "no licence"))
    assert client.shut_down() == 0


@pytest.mark.parametrize("initialize", [{"result": None}, {"result": []}, {"result": {"capabilities": []}},
                                        {"result": {"capabilities": {"textDocumentSync": "x", "completionProvider": 3, "executeCommandProvider": {"commands": [1]}, "positionEncoding": 8}}}])
def test_a_strange_answer_to_initialize(mux, initialize):
    client = mux(initialize=initialize)
    client.initialize(POPUP)
    client.open(URI, "f(\n")
    assert [item["insertText"] for item in client.inline(URI, 0, 2)] == ["x, y)"]
    assert client.shut_down() == 0


@pytest.mark.parametrize("text", ["Content-Length: 4\r\n\r\nnope", "not a header\r\n\r\n", 'Content-Length: 27\r\n\r\n{"jsonrpc":"2.0","id":null}', "Content-Length: 2\r\n\r\n[]"])
def test_nonsense_from_the_language_server(mux, text):
    client = mux()
    client.initialize(GHOST)
    client.notify("test/bytes", {"text": text})
    client.request("test/say", {"messages": [{"id": 4711, "result": 1}, {"method": "$/progress", "params": [1]}, {"id": {}, "method": "x"}, {"method": 3},
                                             {"method": "client/registerCapability", "id": 1, "params": {"registrations": [3]}}]})
    client.open(URI, "f(\n")
    assert [item["insertText"] for item in client.inline(URI, 0, 2)] == ["x, y)"]
    assert client.request("x/y", {})["result"] == {"echo": "x/y"}
    assert client.shut_down() == 0


def test_a_language_server_that_does_not_read_holds_nobody_up(mux):
    client = mux()
    client.initialize(GHOST)
    client.notify("test/sleep", {"seconds": 3})
    asleep = time.monotonic()
    client.open(URI, "f(\n" + "x = 1\n" * 200_000)  # far more than a pipe holds
    big = client.start("x/big", {"text": "y" * 1_000_000})
    (item,) = client.inline(URI, 0, 2)
    assert item["insertText"] == "x, y)" and time.monotonic() - asleep < 2.8, "the suggestion waited for the language server"
    assert client.reply(big)["result"] == {"echo": "x/big"}
    assert client.shut_down() == 0


def test_big_answers(mux):
    client = mux()
    client.initialize(GHOST)
    ids = [client.start("test/big", {"size": 2_000_000}) for _ in range(3)]
    assert [len(client.reply(id, 20)["result"]) for id in ids] == [2_000_000] * 3
    assert client.shut_down() == 0


def test_shutdown_does_not_wait_for_ever(mux):
    client = mux(mute_shutdown=True)
    client.initialize(GHOST)
    begun = time.monotonic()
    assert client.shut_down() == 0
    assert time.monotonic() - begun < 8


def test_the_editor_leaves_without_a_word(mux):
    client = mux()
    client.initialize(GHOST)
    pid = child_of(client.process.pid)
    client.process.stdin.close()
    assert client.process.wait(timeout=8) == 1
    assert not pathlib.Path(f"/proc/{pid}").exists()


def test_error_output_is_logged(mux):
    client = mux()
    client.initialize(GHOST)
    assert client.shut_down() == 0
    assert "the language server is here" in client.stderr


def test_wrong_use():
    for args in (["--mux"], ["--mux", "--"], ["--", "clangd"]):
        with LspClient([program(), "lsp", *args]) as client:
            assert client.process.wait(timeout=5) == 2


def child_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def test_a_real_language_server(mux, tmp_path):
    """python-lsp-server from tests/requirements.txt: hover, diagnostics and completion go on beside suggestions."""
    pytest.importorskip("pylsp")
    client = mux(command=[sys.executable, "-m", "pylsp"])
    can = client.initialize(POPUP, rootUri=tmp_path.as_uri())["capabilities"]
    assert can["hoverProvider"] and can["definitionProvider"] and can["inlineCompletionProvider"]
    uri = (tmp_path / "a.py").as_uri()
    client.open(uri, "import os\nos.getc\nfrob = (\nf(\n")
    place = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 7}}
    labels = [item["label"] for item in client.reply(client.start("textDocument/completion", place), 20)["result"]["items"]]
    assert any(label.startswith("getcwd") for label in labels), labels
    hover = client.reply(client.start("textDocument/hover", {**place, "position": {"line": 0, "character": 8}}), 20)["result"]
    assert "OS routines" in json.dumps(hover)
    assert client.next("textDocument/publishDiagnostics", 20)["params"]["diagnostics"], "a bracket that is not closed was not found"
    assert [item["insertText"] for item in client.inline(uri, 3, 2)] == ["x, y)"]
    assert client.shut_down() == 0


def test_clangd(mux, tmp_path):
    """clangd from tests/requirements.txt: what it knows of C++ goes on beside suggestions, also after edits, in columns as it counts them."""
    clangd = shutil.which("clangd", path=os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]]))
    if not clangd:
        pytest.skip("no clangd: tests/requirements.txt has it")
    client = mux(command=[clangd, "--background-index=false"], script={"replies": [{"prefix_matches": r"total = ad$", "text": "d_numbers(1, 2);"}]})
    can = client.initialize({**POPUP, "textDocument": {"inlineCompletion": {"dynamicRegistration": False}, "completion": {"completionItem": {"snippetSupport": False}}}},
                            rootUri=tmp_path.as_uri())["capabilities"]
    assert can["hoverProvider"] and can["definitionProvider"] and can["inlineCompletionProvider"] and can["semanticTokensProvider"]
    assert {"rigpilot.didAccept", "clangd.applyFix"} <= set(can["executeCommandProvider"]["commands"])
    uri = (tmp_path / "a.cpp").as_uri()
    client.open(uri, "int add_numbers(int a, int b);\n\nconst char* s = \"😀\"; int total = ad\n", language="cpp")
    problems = lambda: client.next("textDocument/publishDiagnostics", 30)["params"]["diagnostics"]
    assert any("ad" in problem["message"] for problem in problems())
    encoding = can.get("positionEncoding", "utf-16")
    end = len("const char* s = \"😀\"; int total = ad".encode({"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding])) // {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    place = {"textDocument": {"uri": uri}, "position": {"line": 2, "character": end}}
    labels = [item["label"].strip() for item in client.reply(client.start("textDocument/completion", place), 30)["result"]["items"]]
    assert any(label.startswith("add_numbers") for label in labels), labels
    (item,) = client.inline(uri, 2, end)
    assert item["insertText"] == "d_numbers(1, 2);"
    client.change(uri, 2, (2, end, 2, end, item["insertText"]))
    assert problems() == []
    definition = client.reply(client.start("textDocument/definition", place), 30)["result"]
    assert definition[0]["range"]["start"] == {"line": 0, "character": 4}
    hover = client.reply(client.start("textDocument/hover", place), 30)["result"]
    assert "add_numbers" in json.dumps(hover)
    assert client.shut_down() == 0
