"""The Neovim plugin in every Neovim there is: those that tests/editors/setup fetched, $RIGPILOT_NVIM and the one in $PATH."""

import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from neovim import Neovim, version_of  # noqa: E402
from lsp_client import ROOT  # noqa: E402
import offline  # noqa: E402
from models import small_model  # noqa: E402
from scenarios import PYTHON, SUM, Scenarios, script  # noqa: E402

CACHE = pathlib.Path(os.environ.get("RIGPILOT_EDITORS") or pathlib.Path.home() / ".cache/rigpilot-editors")
CANDIDATES = [*os.environ.get("RIGPILOT_NVIM", "").split(":"), shutil.which("nvim"), *map(str, sorted(CACHE.glob("nvim-*/bin/nvim")))]


def neovims():
    """One of each version from 0.10 on."""
    found = {}
    for nvim in CANDIDATES:
        if nvim and os.access(nvim, os.X_OK):
            version = version_of(nvim)
            if version >= (0, 10):
                found.setdefault(version, nvim)
    return dict(sorted(found.items()))


NEOVIMS = neovims()


# Between 0.10 and 0.12 only what goes through calls that changed: the rest is drawn by the same code as on 0.10.
BETWEEN = {"test_ghost_appears_and_is_accepted", "test_typing_through_keeps_it", "test_words", "test_the_server_is_killed", "test_accepting_is_counted",
           "test_columns_after_emoji_and_combining_letters", "test_the_command", "test_health", "test_real_weights", "test_a_suggestion_in_the_completion_menu"}


@pytest.fixture(params=list(NEOVIMS) or [None], ids=lambda v: "nvim-%d.%d" % v if v else "no-neovim")
def nvim(request):
    if request.param is None:
        pytest.skip("no Neovim from 0.10 on: tests/editors/setup fetches some")
    between = len(NEOVIMS) > 1 and request.param not in (min(NEOVIMS), max(NEOVIMS))
    if between and request.function.__name__ not in BETWEEN:
        pytest.skip("runs on the oldest and the newest")
    return NEOVIMS[request.param]


@pytest.fixture
def editor(nvim, tmp_path):
    editor = Neovim(nvim, tmp_path)
    yield editor
    editor.close()


class TestNeovim(Scenarios):
    pass


# -- what only Neovim has ------------------------------------------------------------------------------------------------------

def test_tab_falls_through_while_nothing_shows(editor):
    editor.start(script(), "a.txt", "x = 1\n|\n")
    editor.type("\t")
    assert editor.saved() == b"x = 1\n\t\n"


def test_a_mapping_from_before_goes_on(nvim, tmp_path):
    init = tmp_path / "init.lua"
    own = (pathlib.Path(__file__).parent / "init.lua").read_text()
    init.write_text("vim.keymap.set('i', '<Tab>', function() return 'theirs' end, { expr = true })\n" + own)
    editor = Neovim(nvim, tmp_path, init=init)
    try:
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("\t")
        editor.terminal.wait(lambda: "theirs" in editor.terminal.text(), "the other mapping's text")
    finally:
        editor.close()


def test_the_completion_menu_is_open_at_the_same_time(editor):
    """The native menu: ghost and menu are both there; Tab takes the ghost unless an entry is chosen; the text is right."""
    editor.start(script({"prefix_matches": r"\nval$", "text": "ues.sort()"}), "a.py", "values = []\nvalid = 1\n|\n")
    editor.type("val")
    editor.see("ues.sort()")
    editor.type("\x0e")  # CTRL-N: the first entry is inserted and chosen
    editor.terminal.wait(lambda: editor.ask("pumvisible()") == 1, "the menu")
    editor.type("\x05")  # CTRL-E: back to what was typed
    editor.see("ues.sort()")
    editor.terminal.press("C-X", "C-N")
    editor.terminal.wait(lambda: editor.ask("pumvisible()") == 1, "the menu")
    editor.type("\x19")  # CTRL-Y: the entry stays
    assert editor.saved() in (b"values = []\nvalid = 1\nvalid\n", b"values = []\nvalid = 1\nvalues\n")


PLUGINS = pathlib.Path(os.environ.get("RIGPILOT_NVIM_PLUGINS") or CACHE / "nvim-plugins")
NVIM_CMP = """
local cmp = require('cmp')
cmp.register_source('words', { complete = function(_, _, done) done({ { label = 'valid' }, { label = 'values' } }) end })
cmp.setup({ sources = { { name = 'words' } }, snippet = { expand = function() end }, mapping = {
  ['<C-n>'] = cmp.mapping.select_next_item(),
  ['<Tab>'] = cmp.mapping(function(fallback)
    if cmp.get_active_entry() then cmp.confirm()
    elseif not require('rigpilot').accept() then fallback() end
  end, { 'i' }) } })
"""
BLINK_CMP = """
require('blink.cmp').setup({ fuzzy = { implementation = 'lua' }, sources = { default = { 'buffer' } },
  keymap = { preset = 'none', ['<C-e>'] = { 'hide', 'fallback' }, ['<Tab>'] = {
    function(cmp)
      if not cmp.is_visible() then return require('rigpilot').accept() end
    end, 'select_and_accept', 'fallback' } } })
"""


def with_menu_plugin(nvim, folder, name, setup):
    """Neovim with a completion plugin, where one was put into the cache: no package registry has them, so CI goes without."""
    if not (PLUGINS / name).is_dir():
        pytest.skip(f"no {name} in {PLUGINS}: a checkout of its repository put there is tested with")
    init = folder / "init.lua"
    own = (pathlib.Path(__file__).parent / "init.lua").read_text()
    init.write_text(f"vim.opt.runtimepath:prepend('{PLUGINS / name}')\n{own}\n{setup}")
    editor = Neovim(nvim, folder, init=init)
    editor.start(script({"prefix_matches": r"\nval$", "text": "ues.sort()"}), "a.py", "values = []\nvalid = 1\n|\n", options={"keys": {"accept": False}})
    editor.type("val", pause=0.05)
    editor.see("ues.sort()")
    return editor


def test_nvim_cmp_is_open_at_the_same_time(nvim, tmp_path):
    """With the mapping of the help file: Tab takes the suggestion, unless an entry is chosen."""
    editor = with_menu_plugin(nvim, tmp_path, "nvim-cmp", NVIM_CMP)
    try:
        editor.terminal.wait(lambda: editor.lua('return require("cmp").visible()'), "the menu")
        editor.see("ues.sort()")
        editor.accept("all")
        editor.see("")
        editor.type("\rval", pause=0.05)
        editor.terminal.wait(lambda: editor.lua('return require("cmp").visible()'), "the menu")
        editor.type("\x0e")  # CTRL-N
        editor.terminal.wait(lambda: editor.lua('return require("cmp").get_active_entry() ~= nil'), "the entry to be chosen")
        editor.accept("all")
        editor.terminal.wait(lambda: not editor.lua('return require("cmp").visible()'), "the menu to be gone")
        assert editor.saved() == b"values = []\nvalid = 1\nvalues.sort()\nvalid\n"
    finally:
        editor.close()


def test_blink_cmp_is_open_at_the_same_time(nvim, tmp_path):
    """With the mapping of the help file: Tab is the menu's while it shows, the suggestion's after."""
    editor = with_menu_plugin(nvim, tmp_path, "blink.cmp", BLINK_CMP)
    visible = lambda: editor.lua('return require("blink.cmp").is_visible()')
    try:
        editor.terminal.wait(visible, "the menu")
        editor.see("ues.sort()")
        editor.type("\x05")  # CTRL-E
        editor.terminal.wait(lambda: not visible(), "the menu to be gone")
        editor.see("ues.sort()")
        editor.accept("all")
        editor.see("")
        editor.type("\rvali", pause=0.05)
        editor.terminal.wait(visible, "the menu")
        editor.accept("all")
        editor.terminal.wait(lambda: not visible(), "the menu to be gone")
        assert editor.saved() == b"values = []\nvalid = 1\nvalues.sort()\nvalid\n"
    finally:
        editor.close()


def test_a_restart_shows_in_the_status_line(editor):
    """A message that comes while one types is not drawn: there it can be seen."""
    editor.start(script(SUM), "a.py", PYTHON)
    editor.kill_server()
    editor.terminal.wait(lambda: "rigpilot restarted" in editor.terminal.text(), "the status line")
    editor.terminal.wait(lambda: "rigpilot restarted" not in editor.terminal.text(), "its end")


def test_two_windows(editor):
    """Each window of one buffer and of another has its own place; a ghost shows only where one types."""
    editor.start(script({"prefix_ends": "x = c", "text": "ompute()"}), "a.py", "values = []\n\nx = |\n")
    editor.type("c")
    editor.see("ompute()")
    editor.press_escape()
    editor.see("")
    editor.type(":split\r")
    editor.type("ggOx = c")
    editor.terminal.wait(lambda: editor.terminal.text().count("x = c") >= 3, "the line in both windows")
    editor.terminal.wait(lambda: editor.ghost(), "a ghost")
    editor.accept("all")
    editor.see("")
    assert editor.saved() == b"x = compute()\nvalues = []\n\nx = c\n"
    editor.type(":new b.py\r")
    editor.type("ix = 1\rx = c")
    editor.see("ompute()")
    editor.accept("all")
    editor.see("")
    assert editor.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)") == ["x = 1", "x = compute()"]


def test_nothing_shows_while_a_macro_is_recorded(editor):
    """What a key took would not come when the macro runs."""
    editor.start(script({"prefix_matches": "x = c$", "text": "ompute(values)"}), "a.py", "y = 1\n|\n")
    editor.press_escape()
    editor.type("qa")
    editor.mark_frames()
    editor.type("ox = c")
    editor.terminal.settle(0.6)
    assert not any(editor.frames()), editor.frames()
    editor.press_escape()
    editor.type("q@a")
    editor.type("ox = c")
    editor.see("ompute(values)")
    editor.accept("all")
    editor.see("")
    assert editor.saved() == b"y = 1\n\nx = c\nx = c\nx = compute(values)\n"


def test_the_command(editor):
    editor.start(script(SUM, name="tiny"), "a.py", PYTHON)
    editor.type("    ")
    editor.see("total = a + b\nreturn total")
    editor.press_escape()
    editor.type(":Rigpilot pause\r")
    editor.shows("rigpilot paused")
    editor.type("A ")
    editor.terminal.settle(0.4)
    editor.see("")
    editor.press_escape()
    editor.type(":Rigpilot resume\r")
    editor.shows("Rigpilot: ready, tiny")
    editor.type(":Rigpilot pause python\r")
    editor.shows("off for python")
    editor.type(":Rigpilot resume python\r")
    editor.shows("Rigpilot: ready, tiny")
    editor.type("A")
    editor.see("total = a + b\nreturn total")
    editor.press_escape()
    editor.type(":Rigpilot explain\r")
    editor.shows("result   suggested")
    editor.type("q")
    editor.type(":Rigpilot nonsense\r")
    editor.shows("'nonsense' is unknown")


def test_health(editor):
    editor.start(script(SUM, name="tiny"), "a.py", PYTHON)
    editor.press_escape()
    editor.type(":checkhealth rigpilot\r")
    editor.terminal.wait(lambda: "model: tiny" in editor.terminal.text(), "the model in the report")
    report = "\n".join(editor.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))
    assert "rigpilot 0." in report and "ERROR" not in report, report


def test_a_program_that_is_not_there_is_told_with_a_way_out(editor):
    editor.start(script(SUM), "a.py", PYTHON, ready=False, cmd=["/nowhere/rigpilot", "lsp"])
    editor.shows("rigpilot error")
    editor.press_escape()
    editor.type(":checkhealth rigpilot\r")
    editor.terminal.wait(lambda: "cannot be run" in editor.terminal.text(), "the problem in the report")


def test_unknown_options_are_named(editor):
    editor.start(script(SUM), "a.py", PYTHON, options={"modle": "x", "keys": {"akzept": "y"}}, insert=False)
    editor.terminal.wait(lambda: "'modle' is unknown" in editor.terminal.text(), "the first complaint")
    editor.terminal.wait(lambda: "'keys.akzept' is unknown" in editor.terminal.text(), "the second")


def test_without_a_network(nvim, tmp_path):
    """Everything works where there is no network at all, not even an address."""
    if not offline.allowed():
        pytest.skip("this machine does not let a user make a network namespace")
    editor = Neovim(nvim, tmp_path, wrap=["unshare", "-rn", "--"])
    try:
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.accept("all")
        editor.see("")
        editor.terminal.press("Esc")
        editor.type(":w\r")
        editor.terminal.settle()
        assert editor.file.read_bytes() == PYTHON.replace("|", "    total = a + b\n    return total").encode()
    finally:
        editor.close()


def test_the_lsp_file_alone(nvim, tmp_path):
    """`vim.lsp.enable('rigpilot')` with nothing of the plugin but lsp/rigpilot.lua: as docs/editors.md has it."""
    if version_of(nvim) < (0, 12):
        pytest.skip("Neovim has vim.lsp.inline_completion from 0.12 on")
    (tmp_path / "lsp").mkdir()
    shutil.copy(ROOT / "editors/neovim/lsp/rigpilot.lua", tmp_path / "lsp")
    init = tmp_path / "init.lua"
    init.write_text("""
vim.o.swapfile, vim.o.shadafile, vim.o.termguicolors, vim.o.laststatus = false, 'NONE', true, 2
vim.o.statusline = '%f [%{mode()}]'
vim.opt.runtimepath:prepend(vim.fn.getcwd())
vim.api.nvim_set_hl(0, 'ComplHint', { fg = '#aa00aa' })
vim.lsp.config('rigpilot', { cmd = vim.json.decode(vim.env.RIGPILOT_COMMAND) })
vim.lsp.enable('rigpilot')
vim.lsp.inline_completion.enable()
vim.keymap.set('i', '<Tab>', function() return vim.lsp.inline_completion.get() and '' or '<Tab>' end, { expr = true })
""")
    editor = Neovim(nvim, tmp_path, init=init)
    try:
        editor.start(script(SUM), "a.py", PYTHON, ready=False)
        editor.terminal.wait(lambda: editor.lua('local c = vim.lsp.get_clients({ name = "rigpilot" })[1] return c and c.initialized or false'), "the client")
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.accept("all")
        editor.see("")
        assert editor.saved() == PYTHON.replace("|", "    total = a + b\n    return total").encode()
    finally:
        editor.close()


def test_real_weights(nvim, tmp_path):
    """A suggestion of SmolLM2: what it says is its own, that it is accepted exactly is ours."""
    model = small_model()
    if not model:
        pytest.skip("the small model is not there: scripts/get-weights fetches it; or this build has no libtorch")
    editor = Neovim(nvim, tmp_path)
    try:
        editor.start(model, "a.py", "def add(a, b):\n    return a + b\n\ndef multiply(a, b):\n    |\n")
        editor.type("r")
        ghost = editor.terminal.wait(lambda: editor.ghost(), "a suggestion of the model", seconds=60)
        editor.accept("all")
        editor.see("")
        assert f"r{ghost.splitlines()[0]}" in editor.saved().decode()
    finally:
        editor.close()


def test_a_suggestion_in_the_completion_menu(nvim, tmp_path):
    """textDocument/completion: the entry is shown and inserted whole, with what a snippet would take for its own."""
    if version_of(nvim) < (0, 11):
        pytest.skip("Neovim 0.10 inserts plain text only, the first line of it: its users have inline suggestions")
    init = tmp_path / "init.lua"
    init.write_text((pathlib.Path(__file__).parent / "init.lua").read_text() + """
vim.api.nvim_create_autocmd('LspAttach', { callback = function(a) vim.lsp.completion.enable(true, a.data.client_id, a.buf, { autotrigger = false }) end })
vim.o.completeopt = 'menuone,noinsert'
""")
    editor = Neovim(nvim, tmp_path, init=init)
    try:
        text = "total = a + b  # ${a} $1 \\n\n    return total"
        editor.start(script({**SUM, "text": text + "\n"}), "a.py", PYTHON, options={"auto": False, "settings": {"completion": {"popup": "on", "popupWaitMs": 5000}}})
        editor.type("    ")
        editor.terminal.press("C-X", "C-O")
        editor.terminal.wait(lambda: "total = a + b" in editor.terminal.text(), "the entry")
        editor.type("\x19")
        assert editor.saved().decode() == PYTHON.replace("|", "    " + text)
    finally:
        editor.close()


def test_it_is_the_editor_that_ci_needs():
    """On CI the set-up fetches the oldest and the newest, so a missing one is a failure there, not something to leave out."""
    if not os.environ.get("CI"):
        pytest.skip("only on CI")
    assert NEOVIMS and min(NEOVIMS) == (0, 10) and max(NEOVIMS) >= (0, 12), NEOVIMS
