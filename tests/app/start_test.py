"""What needs no libtorch and no weights: a quick start, an idle server, commands that explain themselves."""

import os
import pathlib
import subprocess
import time

import pytest
from lsp_client import LspClient

RIGPILOT = os.environ["RIGPILOT"]
BUILD = pathlib.Path(os.environ["RIGPILOT_BUILD"])
SANITIZED = "\nRIGPILOT_SANITIZE:STRING=\n" not in (BUILD / "CMakeCache.txt").read_text()
SLOWER = 10 if SANITIZED else 1
COMMANDS = ["lsp", "complete", "generate", "score", "tokens", "model", "model list", "model info", "doctor"]


def rigpilot(*arguments, **more):
    return subprocess.run([RIGPILOT, *map(str, arguments)], capture_output=True, text=True, timeout=60, **more)


def best_of(times, what):
    """The quickest of some tries, in milliseconds: what the program takes, not what its neighbours on the machine take."""
    taken = []
    for _ in range(times):
        start = time.monotonic()
        what()
        taken.append(1000 * (time.monotonic() - start))
    return min(taken)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_on_stdout(command):
    run = rigpilot(*command.split(), "--help")
    assert (run.returncode, run.stderr) == (0, "")
    assert "Usage: " in run.stdout


def test_help_names_every_command():
    help_ = rigpilot("--help").stdout
    assert all(f"\n  {command} " in help_ for command in COMMANDS if " " not in command)
    assert rigpilot("--version").stdout.startswith("rigpilot ")


def test_a_misspelt_command_is_answered_with_the_ones_there_are():
    run = rigpilot("compleat")
    assert (run.returncode, run.stdout) == (2, "")
    assert "'compleat'" in run.stderr and "complete" in run.stderr


def test_no_command_is_wrong_use_and_explained():
    run = rigpilot()
    assert (run.returncode, run.stdout) == (2, "")
    assert "Examples:" in run.stderr


def test_help_is_quick():
    assert best_of(5, lambda: rigpilot("--help")) < 50 * SLOWER


def test_initialize_is_answered_within_100_ms(tmp_path):
    """From the start of the process, while the model would take ten seconds to load."""

    def start():
        began = time.monotonic()
        with LspClient.scripted({"load_ms": 10000}, tmp_path) as client:
            client.initialize()
            taken.append(1000 * (time.monotonic() - began))
            client.shut_down()

    taken = []
    for _ in range(3):
        start()
    assert min(taken) < 100 * SLOWER, taken


def test_an_idle_server_uses_no_processor(tmp_path):
    with LspClient.scripted({"default": "x"}, tmp_path) as client:
        client.initialize()
        client.open("file:///a.py", "a = ")
        client.inline("file:///a.py", 0, 4)
        stat = pathlib.Path(f"/proc/{client.process.pid}/stat")
        ticks = lambda: sum(map(int, stat.read_text().rsplit(") ", 1)[1].split()[11:13]))
        before = ticks()
        time.sleep(3)
        assert ticks() - before <= 3, "of 300 ticks: more than 1 % of a core"
        client.shut_down()


def test_stdout_that_takes_nothing_is_a_failure():
    with open("/dev/full", "w") as full:
        run = subprocess.run([RIGPILOT, "model", "list", "--json"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert run.returncode == 1 and "stdout" in run.stderr
