"""The VS Code extension's sources: strict TypeScript, eslint with type information, and a package with what a marketplace wants."""

import os
import pathlib
import shutil
import subprocess
import zipfile

import pytest

EXTENSION = pathlib.Path(__file__).parents[3] / "editors/vscode"
CACHE = pathlib.Path(os.environ.get("RIGPILOT_EDITORS") or pathlib.Path.home() / ".cache/rigpilot-editors")


def test_the_sources_have_no_complaints():
    if not shutil.which("npm") or not (EXTENSION / "node_modules/typescript").exists():
        assert not os.environ.get("CI"), "on CI the set-up fetches the extension's packages"
        pytest.skip("no npm, or the extension's packages are not there: tests/editors/setup fetches them")
    done = subprocess.run(["npm", "run", "--silent", "check"], cwd=EXTENSION, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package():
    if not (CACHE / "rigpilot.vsix").exists():
        assert not os.environ.get("CI"), "on CI the set-up packs the extension"
        pytest.skip("the extension is not packed: tests/editors/setup does")
    assert (CACHE / "rigpilot.vsix").stat().st_size < 1_000_000
    with zipfile.ZipFile(CACHE / "rigpilot.vsix") as packed:
        names = {name.removeprefix("extension/").lower() for name in packed.namelist()}
    assert {"readme.md", "changelog.md", "license.txt", "package.json", "dist/extension.js", "media/icon.png"} <= names, names
    assert not [name for name in names if name.endswith((".ts", ".map")) or "node_modules" in name]
