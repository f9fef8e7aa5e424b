"""Draws docs/img/vscode-ghost.png from a real session: python tests/editors/vscode/capture.py (tests/editors/setup fetched what it needs)"""

import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE.parents[1] / "support")]

from playwright.sync_api import sync_playwright  # noqa: E402

from ghost_picture import BODY, CODE  # noqa: E402
from lsp_client import ROOT  # noqa: E402
from models import small_model  # noqa: E402
from scenarios import script  # noqa: E402
from vscode import BROWSER, VsCode, VsCodeServer  # noqa: E402

LOOKS = {"workbench.activityBar.location": "hidden", "workbench.colorTheme": "Default Dark Modern", "editor.fontSize": 15, "editor.lineHeight": 22,
         "workbench.layoutControl.enabled": False, "window.commandCenter": False}


def capture(server, browser, folder):
    editor = VsCode(server, browser, folder)
    editor.page.set_viewport_size({"width": 980, "height": 520})
    try:
        editor.start(small_model() or script(BODY), "shop.py", CODE, LOOKS)
        for key in ("Control+b", "Control+Alt+b"):  # the bars at both sides
            editor.page.keyboard.press(key)
        editor.type("    ")
        editor.wait(editor.ghost, "the suggestion", 60)
        editor.status("Ready")
        editor.page.wait_for_timeout(1000)
        editor.page.screenshot(path=ROOT / "docs/img/vscode-ghost.png")
        print(editor.ghost())
    finally:
        editor.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=BROWSER)
        server = VsCodeServer(pathlib.Path.home() / ".cache/rigpilot-editors", folder)
        try:
            capture(server, browser, folder)
        finally:
            server.close()
            browser.close()
