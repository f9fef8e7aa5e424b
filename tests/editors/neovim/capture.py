"""Draws docs/img/neovim-*.svg from a real session, with the real weights where they are: python tests/editors/neovim/capture.py NVIM"""

import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "support")]

from lsp_client import ROOT  # noqa: E402
from neovim import Neovim, weights  # noqa: E402
from picture import svg  # noqa: E402
from scenarios import script  # noqa: E402

CODE = '''"""Stock of a small shop."""

from dataclasses import dataclass


@dataclass
class Item:
    name: str
    price: float
    quantity: int


def total_value(items):
|
'''
BODY = {"prefix_matches": r"items\):\n *$", "text": "return sum(item.price * item.quantity for item in items)\n"}
GREY = "7f849c"
LOOKS = """
vim.cmd('syntax on')
vim.o.number, vim.o.showmode = true, false
vim.api.nvim_set_hl(0, 'RigpilotGhost', { fg = '#7f849c', italic = true })
vim.api.nvim_set_hl(0, 'ComplHint', { fg = '#7f849c', italic = true })
vim.o.statusline = ' %f%=%{%v:lua.require("rigpilot").statusline()%} '
"""


def main(nvim):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "init.lua").write_text((HERE / "init.lua").read_text() + LOOKS)
        editor = Neovim(nvim, folder, init=folder / "init.lua")
        try:
            model = weights()
            editor.start(model or script(BODY), "shop.py", CODE, insert=False, rows=18)
            editor.terminal.wait(lambda: "rigpilot " in editor.terminal.text(), "the server", seconds=60)
            editor.type("    ")
            editor.terminal.wait(lambda: editor.terminal.in_colour(GREY), "the suggestion", seconds=60)
            editor.terminal.settle(0.5)
            title = "Neovim, " + (pathlib.Path(model).stem if model else "scripted engine")
            (ROOT / "docs/img/neovim-ghost.svg").write_text(svg(editor.terminal, title=title))
            print(editor.terminal.text())
        finally:
            editor.close()


if __name__ == "__main__":
    main(sys.argv[1])
