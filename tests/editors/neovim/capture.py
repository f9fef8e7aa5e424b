"""Draws docs/img/neovim-ghost.svg from a real session: python tests/editors/neovim/capture.py NVIM"""

import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE.parents[1] / "support")]

import ghost_picture  # noqa: E402
from neovim import Neovim  # noqa: E402

LOOKS = f"""
vim.cmd('syntax on')
vim.o.number, vim.o.showmode = true, false
vim.api.nvim_set_hl(0, 'RigpilotGhost', {{ fg = '#{ghost_picture.GREY}', italic = true }})
vim.api.nvim_set_hl(0, 'ComplHint', {{ fg = '#{ghost_picture.GREY}', italic = true }})
vim.o.statusline = ' %f%=%{{%v:lua.require("rigpilot").statusline()%}} '
"""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        init = pathlib.Path(folder) / "init.lua"
        init.write_text((HERE / "init.lua").read_text() + LOOKS)
        editor = Neovim(sys.argv[1], folder, init=init)
        ghost_picture.capture(editor, "Neovim", lambda: "rigpilot " in editor.terminal.text(), insert=False)
