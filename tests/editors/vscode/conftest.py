"""What the tests in VS Code share: one server and one browser a module, a window a test."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parents[1]), str(pathlib.Path(__file__).parent)]
pytest.register_assert_rewrite("scenarios")
from lsp_client import program  # noqa: E402
from vscode import BROWSER, VsCode, VsCodeServer  # noqa: E402

CACHE = pathlib.Path(os.environ.get("RIGPILOT_EDITORS") or pathlib.Path.home() / ".cache/rigpilot-editors")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not (CACHE / "vscode/node_modules/code-server").exists() or not (CACHE / "rigpilot.vsix").exists() or not CHROMIUM:
        assert not os.environ.get("CI"), "on CI the set-up fetches VS Code and a browser"
        pytest.skip("no VS Code, or no Chromium to show it: tests/editors/setup fetches it")
    server = VsCodeServer(CACHE, tmp_path_factory.mktemp("vscode"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright to drive the browser: tests/requirements.txt has it")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=BROWSER)
        yield browser
        browser.close()


@pytest.fixture
def editor(server, browser, tmp_path):
    editor = VsCode(server, browser, tmp_path)
    yield editor
    editor.page.screenshot(path=tmp_path / "last.png")
    elsewhere = editor.elsewhere
    editor.close()
    assert not elsewhere, f"the window asked for {elsewhere}"


@pytest.fixture
def rig(tmp_path):
    """An address where each connection gets a server of its own."""
    relay = socket.create_server(("127.0.0.1", 0))
    servers = []

    def serve():
        while True:
            try:
                connection, _ = relay.accept()
            except OSError:
                return
            servers.append(subprocess.Popen([program(), "lsp", "--engine", f"scripted:{tmp_path / 'engine.json'}"], stdin=connection, stdout=connection,
                                            stderr=subprocess.DEVNULL))
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"127.0.0.1:{relay.getsockname()[1]}"
    relay.shutdown(socket.SHUT_RDWR)
    relay.close()
    thread.join()
    for server in servers:
        server.kill()
        server.wait()
