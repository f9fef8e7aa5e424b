"""rigpilot.el in every Emacs there is: those that tests/editors/emacs/setup fetched, $RIGPILOT_EMACS and the one in $PATH."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parents[1]), str(pathlib.Path(__file__).parent)]
from emacs import Emacs  # noqa: E402
from lsp_client import ROOT, program  # noqa: E402
import offline  # noqa: E402
from models import small_model  # noqa: E402
from scenarios import PYTHON, SUM, Scenarios, script, with_ghost  # noqa: E402

CACHE = pathlib.Path(os.environ.get("RIGPILOT_EDITORS") or pathlib.Path.home() / ".cache/rigpilot-editors")


def emacsen():
    """One of each version from 28 on."""
    found = {}
    for emacs in [*os.environ.get("RIGPILOT_EMACS", "").split(":"), *map(str, sorted(CACHE.glob("emacs-*/bin/emacs"))), shutil.which("emacs")]:
        if emacs and os.access(emacs, os.X_OK):
            said = subprocess.run([emacs, "--version"], capture_output=True, text=True).stdout
            version = tuple(int(n) for n in re.search(r"Emacs (\d+)\.(\d+)", said).groups())
            if version >= (28, 1):
                found.setdefault(version, emacs)
    return dict(sorted(found.items()))


EMACSEN = emacsen()


@pytest.fixture(params=list(EMACSEN) or [None], ids=lambda v: "emacs-%d.%d" % v if v else "no-emacs")
def emacs(request):
    if request.param is None:
        pytest.skip("no Emacs from 28 on: tests/editors/emacs/setup fetches two")
    return EMACSEN[request.param]


@pytest.fixture
def editor(emacs, tmp_path):
    editor = Emacs(emacs, tmp_path)
    yield editor
    editor.close()


class TestEmacs(Scenarios):
    pass


# -- what only Emacs has -------------------------------------------------------------------------------------------------------

C = {"prefix_matches": "x = c$", "text": "ompute(values)"}
ELECTRIC = "(electric-pair-mode 1)"


def test_keys_are_what_they_were_while_nothing_shows(editor):
    editor.start(script(), "a.txt", "one two|\n", eval="(define-key global-map (kbd \"TAB\") (lambda () (interactive) (insert \"theirs\")))")
    editor.terminal.press("Tab")
    editor.shows("one twotheirs")
    editor.terminal.press("M-b", "M-f")
    assert editor.ask("(eolp)") is True


def test_the_cursor_stays_before_the_suggestion(editor):
    editor.start(script({"prefix_ends": "def f():", "text": "\n    return 1\n"}), "a.py", "def f()|\n\n")
    editor.type(":")
    editor.see("return 1")
    editor.terminal.settle()
    assert (editor.terminal.screen.cursor.x, editor.terminal.screen.cursor.y) == (8, 0), "where the next letter will be"


def test_a_bracket_that_emacs_closed_is_not_doubled(editor):
    """electric-pair-mode puts the closing bracket behind the cursor before the suggestion is asked for, or while it is typed through."""
    editor.start(script({"prefix_ends": "print(", "text": "values)\n"}), "a.py", "values = []\nprint|\n", eval=ELECTRIC)
    editor.type("(")
    editor.see("values")
    editor.accept("all")
    editor.see("")
    assert editor.saved() == b"values = []\nprint(values)\n"


def test_brackets_are_typed_through(editor):
    editor.start(script({"prefix_matches": "x = c$", "text": "ompute([values], b)"}), "a.py", "x = |\n", eval=ELECTRIC)
    editor.type("c")
    editor.see("ompute([values], b)")
    editor.mark_frames()
    editor.type("ompute([v", pause=0.06)
    editor.see("alues], b)")
    assert "" not in editor.frames(), editor.frames()
    editor.type("alues]", pause=0.06)  # steps over the bracket that is there
    editor.see(", b")
    editor.accept("all")
    editor.see("")
    assert editor.saved() == b"x = compute([values], b)\n"


def test_going_back_keeps_what_still_fits(editor):
    editor.start(script(C), "a.py", "x = |\n")
    editor.type("c")
    editor.see("ompute(values)")
    editor.type("om")
    editor.see("pute(values)")
    editor.type("\x7f")
    editor.see("mpute(values)")
    editor.terminal.press("Left")
    editor.see("")
    assert editor.saved() == b"x = co\n"


LISP = sorted((CACHE / "emacs-lisp-2/root/usr/share/emacs/site-lisp/elpa-src").glob("*"))
NAMES = """(add-hook 'prog-mode-hook (lambda () (add-hook 'completion-at-point-functions
           (lambda () (list (save-excursion (skip-chars-backward "a-z") (point)) (point) '("valid" "value" "values"))) nil t)))"""
POPUPS = {  # what turns each on, by itself after two letters, and whether it shows
    "company": ("(require 'company) (setq company-idle-delay 0.3 company-minimum-prefix-length 2 company-backends '(company-capf)) (global-company-mode 1)",
                "(and company-candidates t)"),
    "corfu": ("(setq byte-compile-warnings nil) (require 'corfu) (require 'corfu-terminal) (setq native-comp-async-report-warnings-errors nil corfu-auto t corfu-auto-delay 0.3 corfu-auto-prefix 2) (global-corfu-mode 1) (corfu-terminal-mode 1)",
              "(and completion-in-region-mode t)"),
}


@pytest.mark.parametrize("popup", POPUPS)
def test_a_popup_that_comes_by_itself(editor, popup):
    """Company's or Corfu's: the suggestion waits until it is gone, its keys are its own; with `show` both are there, and its keys still are."""
    if not any(popup in folder.name for folder in LISP):
        pytest.skip(f"no {popup}: tests/editors/emacs/setup fetches it")
    loading, there = POPUPS[popup]
    path = " ".join(f'(add-to-list (quote load-path) "{folder}")' for folder in LISP)
    editor.start(script({"prefix_matches": "\\nval$", "text": "ues.sort()"}, {"prefix_matches": r"sort\(\)\nva$", "text": "lid = 2"}), "a.py", "x = 1\n|\n", eval=path + loading + NAMES)
    shows = lambda: editor.terminal.wait(lambda: editor.ask(there) is True and "valid" in editor.terminal.text(), "the popup")
    gone = lambda: editor.terminal.wait(lambda: editor.ask(there) is not True and "valid" not in editor.terminal.text(), "the popup to be gone")
    editor.type("val")
    shows()
    editor.see("")
    editor.terminal.settle()  # what emacsclient asked for may still run: C-g would end that, not the popup
    editor.terminal.press("C-g")
    gone()
    editor.see("ues.sort()")
    editor.accept("all")
    editor.see("")
    assert editor.saved() == b"x = 1\nvalues.sort()\n"
    editor.ask("(progn (setq rigpilot-with-popup 'show) t)")
    editor.type("\rva")
    shows()
    editor.see("lid = 2")
    editor.terminal.press("M-n")
    editor.terminal.settle()
    assert editor.ask(there) is True
    editor.terminal.press("Enter")  # the popup's second entry
    gone()
    assert editor.saved() == b"x = 1\nvalues.sort()\nvalue\n"


def test_completions_are_open_at_the_same_time(editor):
    """The native list: the suggestion waits until it is gone, TAB is the list's; with `show` both are there and TAB still is."""
    editor.start(script({"prefix_matches": "\\nval$", "text": "ues.sort()"}), "a.py", "x = 1\n|\n", eval=NAMES)
    editor.type("val")
    editor.see("ues.sort()")
    editor.terminal.press("M-Tab")
    editor.shows("*Completions*")
    editor.see("")
    editor.ask("(progn (setq rigpilot-with-popup 'show) t)")
    editor.type("u")
    editor.terminal.press("M-Tab")
    editor.terminal.settle()
    editor.ask("(progn (setq rigpilot-with-popup 'hide) (completion-in-region-mode -1) t)")
    assert editor.saved() == b"x = 1\nvalue\n"


def test_two_windows(editor):
    """The suggestion shows once, where one types, though the buffer is in two windows; each buffer has its own."""
    editor.start(script(C), "a.py", "y = 1\nx = |\n")
    editor.terminal.press("C-x", "2")
    editor.type("c")
    editor.see("ompute(values)")
    editor.terminal.press("C-x", "o")
    editor.see("")
    editor.terminal.press("C-x", "o")
    editor.type("\x7fc")
    editor.see("ompute(values)")
    editor.terminal.press("C-x", "o", "C-x", "C-f")
    editor.type("b.py\r")
    editor.shows("b.py")
    editor.type("x = c")
    editor.see("ompute(values)")
    editor.accept("all")
    editor.see("")
    assert editor.ask("(with-current-buffer \"b.py\" (buffer-string))") == "x = compute(values)"
    assert editor.saved() == b"y = 1\nx = c\n"
    assert len(editor.servers()) == 1


def test_nothing_shows_while_a_macro_is_recorded(editor):
    """What a key took would not come when the macro runs."""
    editor.start(script(C), "a.py", "y = 1\n|\n")
    editor.terminal.press("C-x")
    editor.type("(")
    editor.mark_frames()
    editor.type("x = c")
    editor.terminal.settle(0.5)
    assert not any(editor.frames()), editor.frames()
    editor.type("\r")
    editor.terminal.press("C-x")
    editor.type(")")
    editor.terminal.press("C-x")
    editor.type("e")
    editor.type("x = c")
    editor.see("ompute(values)")
    editor.accept("all")
    editor.see("")
    assert editor.saved() == b"y = 1\nx = c\nx = c\nx = compute(values)\n"


def test_commands(editor):
    editor.start(script(SUM, name="tiny"), "a.py", PYTHON)
    editor.type("    ")
    editor.see("total = a + b\nreturn total")

    def command(name):
        editor.terminal.press("M-x")
        editor.type(name + "\r")

    command("rigpilot-pause")
    editor.shows("Rigpilot:paused")
    editor.type(" ")
    editor.terminal.settle(0.4)
    editor.see("")
    command("rigpilot-pause")
    editor.terminal.wait(lambda: "Rigpilot)" in editor.terminal.text(), "the mode line")
    editor.type("\x7f")
    editor.see("total = a + b\nreturn total")
    command("rigpilot-pause-language")
    editor.shows("are off")
    command("rigpilot-pause-language")
    editor.shows("are on")
    command("rigpilot-complete")
    editor.see("total = a + b\nreturn total")
    command("rigpilot-explain")
    editor.shows("suggested")
    command("rigpilot-statistics")
    editor.shows("Time to answer")
    command("rigpilot-choose-model")
    editor.shows("Model (a name")
    other = editor.folder / "other.json"
    other.write_text('{"name": "another"}')
    editor.type(f"{other}\r")
    editor.terminal.wait(lambda: editor.ask("(plist-get rigpilot--status :message)") == "another", "the other model")


def test_a_program_that_is_not_there(editor):
    editor.start(None, "a.py", PYTHON, ready=False, command=["/nowhere/rigpilot", "lsp"])
    editor.shows("cannot be started")
    editor.shows("Rigpilot:!")


def test_a_server_that_keeps_ending(editor):
    editor.start(None, "a.py", PYTHON, ready=False, command=["false"])
    editor.terminal.wait(lambda: editor.ask("(plist-get rigpilot--status :state)") == "error", "giving up")
    editor.shows("keeps ending")
    assert editor.servers() == []


def test_without_a_network(emacs, tmp_path):
    """Everything works where there is no network at all, not even an address."""
    if not offline.allowed():
        pytest.skip("this machine does not let a user make a network namespace")
    editor = Emacs(emacs, tmp_path, wrap=["unshare", "-rn", "--"])
    try:
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.accept("all")
        editor.see("")
        assert editor.saved() == with_ghost(PYTHON, "    total = a + b\n    return total")
    finally:
        editor.close()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_the_server_has_the_same_text(emacs, tmp_path, encoding):
    """Random edits, told change by change in columns of each kind, with letters, line ends and bytes of every kind."""
    done = subprocess.run([emacs, "--batch", "-Q", "-l", str(ROOT / "editors/emacs/rigpilot.el"), "-l", str(pathlib.Path(__file__).parent / "sync.el")],
                          env={**os.environ, "ENCODING": encoding, "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) > 100 and told[0]["method"] == "textDocument/didOpen"
    text, changes, whole = told[0]["params"]["textDocument"]["text"], 0, 0
    for message in told[1:]:
        if "text" in message:
            assert text == message["text"], f"after {changes} changes"
            continue
        for change in message["params"]["contentChanges"]:
            changes += 1
            whole += "range" not in change
            text = apply(text, change, encoding)
    assert changes > 300 and whole < changes / 10, "edits are told as edits"


def apply(text, change, encoding):
    if "range" not in change:
        return change["text"]
    lines = re.split("(?<=\n)|(?<=\r)(?!\n)", text)

    def offset(place):
        line, left, at = lines[place["line"]], place["character"], 0
        while left > 0:
            left -= {"utf-8": len(line[at].encode()), "utf-16": len(line[at].encode("utf-16-le")) // 2, "utf-32": 1}[encoding]
            at += 1
        assert left == 0, "a column inside a character"
        return sum(map(len, lines[:place["line"]])) + at

    return text[:offset(change["range"]["start"])] + change["text"] + text[offset(change["range"]["end"]):]


def test_real_weights(emacs, tmp_path):
    """A suggestion of SmolLM2: what it says is its own, that it is accepted exactly is ours."""
    model = small_model()
    if not model:
        pytest.skip("the small model is not there: scripts/get-weights fetches it; or this build has no libtorch")
    editor = Emacs(emacs, tmp_path)
    try:
        editor.start(model, "a.py", "def add(a, b):\n    return a + b\n\ndef multiply(a, b):\n    |\n", ready=False)
        editor.terminal.wait(lambda: "Rigpilot)" in editor.terminal.text(), "the model", seconds=60)
        editor.type("r")
        ghost = editor.terminal.wait(lambda: editor.ghost(), "a suggestion of the model", seconds=60)
        editor.accept("all")
        editor.see("")
        assert f"r{ghost.splitlines()[0]}" in editor.saved().decode()
    finally:
        editor.close()


# -- no Lisp of ours -----------------------------------------------------------------------------------------------------------

PREVIEW = """(require 'eglot) (setq-default eglot-workspace-configuration '(:rigpilot (:completion (:popupWaitMs 2000))))
             (setq eglot-sync-connect 5 eglot-autoshutdown t)
             (setq eglot-server-programs (list (cons '(python-mode c-mode) (append (json-parse-string (getenv "RIGPILOT_COMMAND")) nil))))
             (setq completion-preview-minimum-symbol-length 1 completion-preview-idle-delay 0.1 python-indent-guess-indent-offset nil)
             (require 'completion-preview) (set-face-attribute 'completion-preview nil :inherit nil :foreground "#aa00aa")
             (set-face-attribute 'completion-preview-exact nil :inherit nil :foreground "#aa00aa" :underline nil)
             (set-face-attribute 'completion-preview-common nil :inherit nil :foreground "#aa00aa" :underline nil)
             (dolist (hook '(python-mode-hook c-mode-hook)) (add-hook hook (lambda () (eglot-ensure) (completion-preview-mode 1))))"""


def mux(editor, child, suggestion, name="a.py", marked="def add(a, b):\n    |\n"):
    (editor.folder / "script.json").write_text(json.dumps(script(suggestion)))
    editor.start(None, name, marked, plugin=False, eval=PREVIEW, columns=120,
                 command=[program(), "lsp", "--engine", f"scripted:{editor.folder / 'script.json'}", "--mux", "--", *child])
    editor.terminal.wait(lambda: "now managing" in editor.terminal.text(), "Eglot")
    editor.terminal.settle()


@pytest.fixture
def emacs_30(emacs, editor):
    if subprocess.run([emacs, "--batch", "-Q", "-l", "completion-preview"], capture_output=True).returncode != 0:
        pytest.skip("completion-preview-mode came with Emacs 30")
    return editor


def test_plain_eglot_with_completion_preview_through_mux(emacs_30):
    """Emacs 30 and its own modes: the ghost of completion-preview-mode is our suggestion, and the language server is still there."""
    capabilities = {"capabilities": {"textDocumentSync": 2, "hoverProvider": True}}
    mux(emacs_30, [sys.executable, ROOT / "tests/support/language_server.py", json.dumps(capabilities)],
        {"prefix_matches": r"total = co$", "text": "mpute(a, b)\n"})
    emacs_30.type("total = co", pause=0.03)
    emacs_30.see("mpute(a, b)")
    emacs_30.accept("all")
    emacs_30.see("")
    assert emacs_30.ask("(and (eglot-server-capable :hoverProvider) t)") is True
    assert emacs_30.saved() == b"def add(a, b):\n    total = compute(a, b)\n"


def test_eglot_has_its_language_server_through_mux(emacs_30):
    """python-lsp-server, pinned in tests/requirements.txt: its diagnostics are in the buffer, its menu has its names."""
    pytest.importorskip("pylsp")
    mux(emacs_30, [sys.executable, "-m", "pylsp"], {"prefix_ends": "never"})
    emacs_30.type("frob = (")
    emacs_30.terminal.wait(lambda: emacs_30.ask("(length (flymake-diagnostics))") > 0, "a diagnostic of the open bracket")


def test_eglot_has_clangd_through_mux(emacs_30):
    """clangd, pinned in tests/requirements.txt: the ghost of completion-preview-mode is our suggestion, definitions and diagnostics are clangd's."""
    clangd = shutil.which("clangd", path=os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]]))
    if not clangd:
        pytest.skip("no clangd: tests/requirements.txt has it")
    source = "int add_numbers(int a, int b);\nint total(void) {\n  |\n}\n"
    mux(emacs_30, [clangd, "--background-index=false"], {"prefix_matches": r"return a$", "text": "dd_numbers(1, 2);"}, "a.c", source)
    emacs_30.type("return a", pause=0.05)
    emacs_30.see("dd_numbers(1, 2);")
    emacs_30.accept("all")
    emacs_30.see("")
    assert emacs_30.saved().decode() == source.replace("|", "return add_numbers(1, 2);")
    emacs_30.type("\roops")
    emacs_30.terminal.wait(lambda: emacs_30.ask("(length (flymake-diagnostics))") > 0, "a diagnostic")
    assert emacs_30.ask("(and (eglot-server-capable :definitionProvider) t)") is True


# -- the file itself -----------------------------------------------------------------------------------------------------------

def batch(emacs, tmp_path, *arguments):
    shutil.copy(ROOT / "editors/emacs/rigpilot.el", tmp_path)
    done = subprocess.run([emacs, "--batch", "-Q", *[part for folder in LISP for part in ("-L", folder)], *arguments], cwd=tmp_path,
                          capture_output=True, text=True, env={**os.environ, "HOME": str(tmp_path)})
    return done.returncode, (done.stdout + done.stderr).strip()


def test_it_compiles_without_a_word(emacs, tmp_path):
    assert batch(emacs, tmp_path, "-f", "batch-byte-compile", "rigpilot.el") == (0, "")
    assert (tmp_path / "rigpilot.elc").exists()


def test_checkdoc_has_nothing_to_say(emacs, tmp_path):
    assert batch(emacs, tmp_path, "--eval", '(checkdoc-file "rigpilot.el")') == (0, "")


def test_package_lint_has_nothing_to_say(emacs, tmp_path):
    if not any("package-lint" in folder.name for folder in LISP):
        pytest.skip("no package-lint: tests/editors/emacs/setup fetches it")
    code, said = batch(emacs, tmp_path, "-l", "package-lint", "-f", "package-lint-batch-and-exit", "rigpilot.el")
    assert code == 0 and not re.search("error|warning", said), said


def test_it_is_the_editor_that_ci_needs():
    """On CI the set-up fetches both, so a missing one is a failure there, not something to leave out."""
    if not os.environ.get("CI"):
        pytest.skip("only on CI")
    assert {version[0] for version in EMACSEN} >= {28, 30}, EMACSEN
