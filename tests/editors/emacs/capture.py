"""Draws docs/img/emacs-ghost.svg from a real session: python tests/editors/emacs/capture.py EMACS"""

import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE.parents[1] / "support")]

import ghost_picture  # noqa: E402
from emacs import Emacs  # noqa: E402

LOOKS = f"""(setq auto-mode-alist (cons '("\\\\.py\\\\'" . python-mode) auto-mode-alist) python-indent-guess-indent-offset nil)
            (set-face-attribute 'rigpilot-ghost nil :inherit nil :foreground "#{ghost_picture.GREY}" :slant 'italic) (global-display-line-numbers-mode 1)"""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        editor = Emacs(sys.argv[1], folder)
        said = lambda: editor.terminal.text().split("Rigpilot")
        ghost_picture.capture(editor, "Emacs", lambda: len(said()) > 1 and ":" not in said()[-1][:2], eval=LOOKS, ready=False)
