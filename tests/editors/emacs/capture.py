"""Draws docs/img/emacs-ghost.svg from a real session, with the real weights where they are: python tests/editors/emacs/capture.py EMACS"""

import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "support")]

from emacs import Emacs, weights  # noqa: E402
from lsp_client import ROOT  # noqa: E402
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
LOOKS = f"""(setq auto-mode-alist (cons '("\\\\.py\\\\'" . python-mode) auto-mode-alist) python-indent-guess-indent-offset nil)
            (set-face-attribute 'rigpilot-ghost nil :inherit nil :foreground "#{GREY}" :slant 'italic) (global-display-line-numbers-mode 1)"""


def main(emacs):
    with tempfile.TemporaryDirectory() as folder:
        editor = Emacs(emacs, folder)
        try:
            model = weights()
            editor.start(model or script(BODY), "shop.py", CODE, eval=LOOKS, rows=18, ready=False)
            editor.terminal.wait(lambda: "Rigpilot" in editor.terminal.text() and ":" not in editor.terminal.text().split("Rigpilot")[-1][:2], "the server", seconds=60)
            editor.type("    ")
            editor.terminal.wait(lambda: editor.terminal.in_colour(GREY), "the suggestion", seconds=60)
            editor.terminal.settle(0.5)
            title = "Emacs, " + (pathlib.Path(model).stem if model else "scripted engine")
            (ROOT / "docs/img/emacs-ghost.svg").write_text(svg(editor.terminal, title=title))
            print(editor.terminal.text())
        finally:
            editor.close()


if __name__ == "__main__":
    main(sys.argv[1])
