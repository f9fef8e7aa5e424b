"""Draws docs/img/NAME-ghost.svg from a real session, with the real weights where they are. The editors' own capture.py call it."""

import pathlib

from lsp_client import ROOT
from models import small_model
from picture import svg
from scenarios import script

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


def capture(editor, name, is_ready, **options):
    """`is_ready()`: the screen says that the server is; `options` of the editor's start()."""
    model = small_model()
    try:
        editor.start(model or script(BODY), "shop.py", CODE, rows=18, **options)
        editor.terminal.wait(is_ready, "the server", seconds=60)
        editor.type("    ")
        editor.terminal.wait(lambda: editor.terminal.in_colour(GREY), "the suggestion", seconds=60)
        editor.terminal.settle(0.5)
        title = f"{name}, {pathlib.Path(model).stem if model else 'scripted engine'}"
        (ROOT / f"docs/img/{name.lower()}-ghost.svg").write_text(svg(editor.terminal, title=title))
        print(editor.terminal.text())
    finally:
        editor.close()
