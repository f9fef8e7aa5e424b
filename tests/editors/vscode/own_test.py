"""What only VS Code has: its menus, settings, notebooks, windows and workspaces, with the extension in the real VS Code."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

import offline
from models import small_model
from scenarios import PYTHON, SUM, script, with_ghost
from vscode import VsCode, noting


def test_the_menu_pauses_and_goes_on(editor):
    editor.start(script(SUM, name="tiny"), "a.py", PYTHON)
    editor.command("Rigpilot: Pause Suggestions")
    editor.status("Paused")
    editor.type("    ")
    editor.page.wait_for_timeout(500)
    editor.see("")
    editor.command("Rigpilot: Menu")
    editor.page.locator('.quick-input-list .monaco-list-row', has_text="Resume suggestions").click()
    editor.status("Ready")
    editor.page.locator(".editor-instance .view-lines").first.click(position={"x": 300, "y": 10})
    editor.go(4, 0)  # empty in the file, which is not saved: the end of the line
    editor.type(" ")
    editor.see("total = a + b\nreturn total")


def test_a_language_is_turned_off(editor):
    editor.start(script(SUM), "a.py", PYTHON, {"rigpilot.completion.languages": {"*": True, "python": False}}, ready="Off for python")
    editor.status("Off for python")
    editor.type("    ")
    editor.page.wait_for_timeout(500)
    editor.see("")


def test_brackets_that_the_editor_closes(editor):
    """Typed through with the closing bracket that VS Code puts behind the cursor: the ghost goes on between."""
    editor.start(script({"prefix_matches": "x = c$", "text": "ompute(values)"}), "a.py", "values = []\nx = |\n", {"editor.autoClosingBrackets": "always"})
    editor.type("c")
    editor.see("ompute(values)")
    editor.type("ompute(val", pause=0.1)
    editor.see("ues")
    editor.accept("all")
    assert editor.saved() == b"values = []\nx = compute(values)\n"


def test_why_this_suggestion(editor):
    editor.start(script(SUM), "a.py", PYTHON)
    editor.type("    ")
    editor.see("total = a + b\nreturn total")
    editor.command("Rigpilot: Why This Suggestion?")
    editor.wait(lambda: "result   suggested" in editor.beside(), "the report")


def test_the_popup_is_open_at_the_same_time(editor):
    """A word from the menu that the suggestion goes on from: both show, and accepting gives the right text."""
    editor.start(script({"prefix_matches": r"\nval$", "text": "ues.sort()"}, {"prefix_matches": r"\nvalues$", "text": ".sort()"}), "a.py", "values = []\nvalid = 1\n|\n",
                 {"editor.wordBasedSuggestions": "currentDocument"})
    editor.type("val")
    editor.see("ues.sort()")
    editor.page.keyboard.press("Control+Space")
    editor.page.wait_for_selector(".suggest-widget.visible .monaco-list-row")
    editor.page.keyboard.press("Escape")
    editor.see("ues.sort()")
    editor.accept("all")
    assert editor.saved() == b"values = []\nvalid = 1\nvalues.sort()\n"


def choose(editor, entry):
    """By ArrowDown, which goes nowhere at the moment when VS Code fills the menu anew."""
    chosen = editor.page.locator(".suggest-widget.visible .monaco-list-row.focused", has_text=entry)
    for _ in range(6):
        editor.page.keyboard.press("ArrowDown")
        if editor.comes(chosen.is_visible, 1):
            return
    raise AssertionError(f"the menu does not come to {entry}")


def test_the_popup_goes_on_to_a_suggestion(editor):
    """While the menu is open the suggestion goes on from its chosen entry; Tab takes the entry, then the suggestion."""
    editor.start(script({"prefix_matches": r"\nvalid$", "text": " = check()"}, {"prefix_matches": r"\nvalues$", "text": ".sort()"}), "a.py", "values = []\nvalid = 1\n|\n",
                 {"editor.wordBasedSuggestions": "currentDocument"})
    editor.type("val")
    editor.page.keyboard.press("Control+Space")
    editor.page.wait_for_selector(".suggest-widget.visible .monaco-list-row.focused")
    editor.see("id = check()")
    choose(editor, "values")
    editor.see("ues.sort()")
    editor.accept("all")
    editor.see(".sort()")
    editor.accept("all")
    editor.see("")
    assert editor.saved() == b"values = []\nvalid = 1\nvalues.sort()\n"


def test_an_entry_of_the_menu(editor):
    """Suggestions in the completion menu, where they are wanted there: the entry is shown and inserted whole, nothing taken for a snippet's."""
    text = "total = a + b  # ${a} $1 \\n\n    return total"
    editor.start(script({**SUM, "text": text + "\n"}), "a.py", PYTHON, {"rigpilot.completion.popup": "on", "rigpilot.completion.popupWaitMs": 5000, "editor.inlineSuggest.enabled": False, "editor.insertSpaces": True})
    editor.type("    ")
    editor.page.keyboard.press("Control+Space")
    editor.page.locator(".suggest-widget.visible .monaco-list-row.focused", has_text="total = a + b").wait_for(timeout=30_000)
    editor.accept("all")
    assert editor.saved() == with_ghost(PYTHON, "    " + text)


def test_a_text_without_a_file(editor):
    editor.start(script({"prefix_matches": "x = c$", "text": "ompute(values)"}), "a.py", "y = 1\n|\n")
    editor.command("Create: New File...")
    editor.page.locator(".quick-input-widget .monaco-list-row", has_text="Text File").first.click()
    editor.page.wait_for_selector('.tab.active[data-resource-name="Untitled-1"]')
    editor.type("values = [] x = ", pause=0.02)
    # Where all processors are busy VS Code may not ask after a key in a text that it has just made; it does after the next one.
    editor.type("c")
    for _ in range(3):
        if not editor.comes(editor.ghost, 10):
            editor.type("\x7fc")
    editor.see("ompute(values)")
    editor.accept("all")
    editor.see("")
    editor.wait(lambda: "values = [] x = compute(values)" in editor.beside(), "the text")


def open_in_folder(editor, folder, name):
    """By the tree of files: VS Code's search finds nothing where it began before it was ready."""
    row = lambda level, label: editor.page.locator(f'.explorer-folders-view .monaco-list-row[aria-level="{level}"][aria-label^="{label}"]').first
    editor.wait(row(1, folder).is_visible, f"the folder {folder}")
    if row(1, folder).get_attribute("aria-expanded") != "true":
        row(1, folder).click()
    editor.wait(row(2, name).is_visible, f"{name} in the folder {folder}")
    row(2, name).dblclick()


def test_folders_of_a_workspace_have_their_own_settings(editor, tmp_path):
    for name, settings in [("off", {"rigpilot.completion.languages": {"*": False}}), ("on", {})]:
        (tmp_path / name / ".vscode").mkdir(parents=True)
        (tmp_path / name / ".vscode/settings.json").write_text(json.dumps(settings))
        (tmp_path / name / f"{name}.py").write_text("y = 1\nx = \n")
    workspace = tmp_path / "all.code-workspace"
    workspace.write_text(json.dumps({"folders": [{"path": "work"}, {"path": "on"}, {"path": "off"}],
                                     "settings": {"rigpilot.server.arguments": ["--engine", f"scripted:{tmp_path / 'engine.json'}"]}}))
    editor.start(script({"prefix_matches": "x = c$", "text": "ompute(values)"}), "a.py", "y = 1\nx = |\n", workspace=workspace)
    editor.type("c")
    editor.see("ompute(values)")
    for name, ghost in [("on", "ompute(values)"), ("off", "")]:
        open_in_folder(editor, name, f"{name}.py")
        editor.page.wait_for_selector(f'.tab.active[data-resource-name="{name}.py"]')
        editor.shows("Ln 1, Col 1")  # its tab is there before its text is
        editor.page.locator(".editor-instance .view-lines").first.click(position={"x": 300, "y": 10})
        editor.page.keyboard.press("Control+End")
        editor.page.keyboard.press("ArrowLeft")
        editor.type("c", pause=0.3)
        editor.see(ghost)
    editor.status("Off for python")


def test_two_windows_at_once(editor, server, browser, tmp_path):
    """Each has its server, its folder and its suggestions; one that is closed takes only its own server along."""
    (tmp_path / "other").mkdir()
    other = VsCode(server, browser, tmp_path / "other")
    try:
        editor.start(script({"prefix_matches": "x = c$", "text": "ompute(values)"}), "a.py", "values = []\nx = |\n")
        other.start(script({"prefix_matches": "x = c$", "text": "all(them)"}), "a.py", "them = []\nx = |\n")
        assert len(set(server.servers()) - editor.earlier) == 2
        editor.type("c")
        other.type("c")
        editor.see("ompute(values)")
        other.see("all(them)")
        editor.accept("word")
        other.accept("all")
        assert other.saved() == b"them = []\nx = call(them)\n"
    finally:
        other.close()
    editor.accept("all")
    editor.see("")
    assert editor.saved() == b"values = []\nx = compute(values)\n"


def started(file):
    return file.read_text().count("started") if file.exists() else 0


def test_the_program_is_found_on_path_and_then_beside_the_extension(editor, server):
    """The setting goes before both, as every other test shows."""
    assert started(server.bundled) == 0
    editor.start(script(SUM), "a.py", PYTHON, {"rigpilot.server.path": ""})
    assert started(server.bundled) == 1
    on_path = server.folder / "on path"
    server.on_path.write_text(noting(on_path))
    server.on_path.chmod(0o755)
    try:
        editor.command("Rigpilot: Restart the Server")
        editor.wait(lambda: started(on_path) == 1, "the program on PATH to be started")
        editor.status("Ready")
    finally:
        server.on_path.unlink()
    assert started(server.bundled) == 1
    editor.type("    ")
    editor.wait(lambda: editor.ask_for_one() or editor.comes(editor.ghost, 1), "a suggestion of the new server")  # it may have come up after the key
    editor.see("total = a + b\nreturn total")


def test_without_a_network(server):
    """The server, the browser and the program where there is only loopback: a test of those above, once more."""
    if not offline.allowed():
        pytest.skip("this machine does not let a user make a network namespace")
    test = f"{pathlib.Path(__file__).parent / 'vscode_test.py'}::TestVsCode::test_ghost_appears_and_is_accepted"
    said = subprocess.run(offline.command(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test), capture_output=True, text=True)
    assert said.returncode == 0 and "1 passed" in said.stdout, said.stdout + said.stderr


def test_the_status_bar_shows_how_far_the_model_is_and_that_it_works(editor):
    editor.start(script({"prefix_matches": "x = c$", "text": "ompute(values)", "ms_per_token": 150}, load_ms=6000, name="tiny"), "a.py", "y = 1\nx = |\n", ready="loading the model")
    percents = []
    while found := re.search(r"(\d+) %", editor.status_text()):
        percents += [int(found[1])] if percents[-1:] != [int(found[1])] else []
        editor.page.wait_for_timeout(50)
    assert len(percents) > 2 and percents == sorted(percents) and percents[-1] <= 100, percents
    editor.status("Ready, Model: tiny")
    editor.type("c")
    editor.status("Making a suggestion")
    editor.see("ompute(values)")
    editor.status("Ready")


def test_a_model_that_cannot_be_loaded(editor):
    """Its reason is told, and the way out leads to another model."""
    editor.start(script(load_error="the disk has melted"), "a.py", PYTHON, ready="the disk has melted")
    editor.shows("Rigpilot makes no suggestions: the disk has melted")
    editor.command("Rigpilot: Menu")
    editor.page.locator(".quick-input-list .monaco-list-row", has_text="Choose another model").click()
    editor.shows("A .gguf file")


def test_the_walkthrough(editor):
    """Its pages are there, its buttons do something, and what was done is ticked off."""
    editor.start(script({"prefix_matches": "x = c$", "text": "ompute(values)"}), "a.py", "y = 1\nx = |\n")
    def open_it():
        editor.command("Welcome: Open Walkthrough...")
        editor.page.locator(".quick-input-widget .monaco-list-row", has_text="Get started with Rigpilot").click()

    step = lambda name: editor.page.locator(f'.getting-started-step[data-step-id="rigpilot.rigpilot#start#{name}"]')
    done = lambda name: editor.wait(lambda: step(name).get_attribute("aria-checked") == "true", f"{name} to be ticked off")
    open_it()
    for name, words in [("program", "scripts/setup"), ("rig", "HOST:PORT"), ("type", "ask for a suggestion now"), ("model", "rigpilot model pull")]:
        step(name).click()
        editor.wait(lambda: any(words in text for text in editor.pages_within()), f"the page of {name}")
        assert step(name).get_attribute("aria-checked") == "false" or name == "program"
    step("model").locator(".monaco-button").click()
    editor.shows("A .gguf file")
    editor.page.keyboard.press("Escape")
    done("model")
    editor.page.locator('.tab[data-resource-name="a.py"]').click()
    editor.type("c")
    editor.see("ompute(values)")
    editor.accept("all")
    open_it()  # its tab may have gone back to the list of all
    done("program")
    done("type")


def test_a_program_that_is_not_there(editor):
    editor.start(script(SUM), "a.py", PYTHON, {"rigpilot.server.path": "/nowhere/rigpilot"}, ready="there is no such program")
    editor.command("Rigpilot: Menu")
    editor.shows("Choose the Program")


def test_a_rig(editor, rig):
    """The server is reached over TCP, on loopback here."""
    editor.start(script(SUM), "a.py", PYTHON, {"rigpilot.connect": rig, "rigpilot.server.path": "/nowhere"})
    editor.type("    ")
    editor.see("total = a + b\nreturn total")
    editor.accept("all")
    assert editor.saved() == with_ghost(PYTHON, "    total = a + b\n    return total")


def test_a_notebook(editor):
    """A cell's suggestion is made with the cells above and below it: with what was typed in them a moment ago, too."""
    cells = [("markdown", "# Shop"), ("code", "price = 3"), ("code", ""), ("code", "print(total)")]
    notebook = {"cells": [{"cell_type": kind, "metadata": {}, "source": [text], **({"outputs": [], "execution_count": None} if kind == "code" else {})} for kind, text in cells],
                "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    editor.open(script({"prompt_contains": "# # Shop\n\nprice = 35\n\n", "prefix_ends": "total = p", "suffix_starts": "\n\nprint(total)", "text": "rice * 2"}),
                "nb.ipynb", json.dumps(notebook))
    cell = lambda at: editor.page.locator(".notebook-editor .monaco-list-row .cell-editor-container .view-lines").nth(at)
    cell(2).wait_for(timeout=60_000)
    cell(0).click()
    editor.page.keyboard.press("End")
    editor.type("5", pause=0.1)
    cell(1).click()
    editor.type("total = p", pause=0.05)
    editor.see("rice * 2")
    editor.accept("all")
    editor.see("")
    saved = json.loads(editor.saved())
    assert ["".join(cell["source"]) for cell in saved["cells"]] == ["# Shop", "price = 35", "total = price * 2", "print(total)"]


def test_real_weights(editor):
    """A suggestion of SmolLM2: what it says is its own, that it is accepted exactly is ours."""
    model = small_model()
    if not model:
        pytest.skip("the small model is not there: scripts/get-weights fetches it; or this build has no libtorch")
    editor.start(model, "a.py", "def add(a, b):\n    return a + b\n\ndef multiply(a, b):\n    |\n")
    editor.type("r")
    ghost = editor.wait(editor.ghost, "a suggestion of the model", 60)
    editor.accept("all")
    assert f"r{ghost.splitlines()[0]}" in editor.saved().decode()
