"""The main job on real weights: the demo's typing sessions end with suggestions, and draw a picture of them."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STORE = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share")
WEIGHTS = pathlib.Path(os.environ.get("RIGPILOT_SMOLLM2") or STORE / "rigpilot/models/SmolLM2-135M-Instruct.Q4_1.gguf")


@pytest.mark.parametrize("file,expected", [("inventory.py", "json.|load(file):"), ("statistics.cpp", "|mean(values) << ")])
def test_the_demo_shows_suggestions(file, expected, tmp_path):
    if not WEIGHTS.exists():
        pytest.skip("SmolLM2's weights are not here: scripts/get-weights installs them")
    picture = tmp_path / "demo.svg"
    run = subprocess.run([sys.executable, ROOT / "scripts/demo_session.py", os.environ["RIGPILOT"], ROOT / "examples" / file, "--picture", picture,
                          "--model", WEIGHTS, "--device", "cpu"], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert expected in run.stdout, run.stdout
    assert "\033" not in run.stdout, "plain where it is not a terminal"
    assert picture.read_text().startswith("<svg")


@pytest.mark.parametrize("file", ["inventory.py", "statistics.cpp"])
def test_the_demo_needs_no_download(file, tmp_path):
    run = subprocess.run([sys.executable, ROOT / "scripts/demo_session.py", os.environ["RIGPILOT"], ROOT / "examples" / file, "--device", "cpu"],
                         capture_output=True, text=True, timeout=300, env={**os.environ, "XDG_DATA_HOME": str(tmp_path)})
    assert run.returncode == 0, run.stdout + run.stderr
    assert "\n  suggestion after" in run.stdout, run.stdout
