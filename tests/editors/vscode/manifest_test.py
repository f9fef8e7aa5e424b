"""The VS Code extension's manifest says what the server says: its settings, and commands that the code has."""

import json
import os
import pathlib
import re
import subprocess

FOLDER = pathlib.Path(__file__).parents[3] / "editors" / "vscode"
MANIFEST = json.loads((FOLDER / "package.json").read_text())
SOURCE = {path.name: path.read_text() for path in (FOLDER / "src").glob("*.ts")}


def test_settings_are_the_servers():
    declared = json.loads(subprocess.run([os.environ["RIGPILOT"], "settings", "--schema"], capture_output=True, check=True).stdout)["properties"]
    shown = {name: {key: value for key, value in setting.items() if key != "scope"}
             for name, setting in MANIFEST["contributes"]["configuration"]["properties"].items() if name in declared or ".completion." in name}
    assert shown == declared, "run `npm run settings -- RIGPILOT` in editors/vscode"


def test_every_command_is_there():
    offered = {command["command"] for command in MANIFEST["contributes"]["commands"]}
    registered = set(re.findall(r'"(rigpilot\.\w+)":', SOURCE["commands.ts"]))
    assert offered == registered
    executed = re.sub(r'"setContext", "[^"]*"', "", SOURCE["menu.ts"] + SOURCE["session.ts"])
    wanted = set(re.findall(r'"(rigpilot\.[a-z]\w+)"', executed)) - {"rigpilot.rigpilot"}
    assert wanted <= offered, wanted - offered


def test_versions_agree():
    changelog = (FOLDER / "CHANGELOG.md").read_text()
    assert f"## {MANIFEST['version']}" in changelog
    project = (FOLDER.parents[1] / "CMakeLists.txt").read_text()
    assert f"VERSION {MANIFEST['version']} " in project


def test_nothing_but_the_server_is_talked_to():
    """No telemetry, no network of its own: a connection is opened in one place, to the rig's address."""
    text = "".join(SOURCE.values())
    assert not re.search(r"https?://|fetch\(|telemetry(?!\.)|node:https?|WebSocket|createTelemetryLogger", re.sub(r"//.*", "", text))
    assert [name for name, source in SOURCE.items() if "node:net" in source] == ["program.ts"]
