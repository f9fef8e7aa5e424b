"""What the tests of `rigpilot model pull` share: a repository, a user's folders, and what a pull must have left in them.

    with Hub({"me/tiny": REPOSITORY}) as hub:
        pulled(place.pull(hub))    # the JSON answer; refused(run, "words") is its opposite
        whole(place)               # the store holds what is needed, and nothing else
"""

import json
import os
import random
import subprocess

import pytest

RIGPILOT = os.environ["RIGPILOT"]
DONE, FAILED, WRONG_USE = 0, 1, 2
WEIGHTS = random.Random(1).randbytes(5_000_000)
SMALL = {"config.json": b'{"model_type": "llama"}', "tokenizer.json": b"{}" * 900, "generation_config.json": b"{}", "README.md": b"words"}
REPOSITORY = {**SMALL, "model.safetensors": WEIGHTS, "pytorch_model.bin": b"pickle" * 1000, "onnx/model.onnx": b"x", "flax_model.msgpack": b"x",
              "tf_model.h5": b"x"}
NEEDED = {"config.json", "tokenizer.json", "generation_config.json", "model.safetensors"}


class Place:
    """A user's folders, and rigpilot run in them."""

    def __init__(self, path):
        self.path, self.store, self.cache = path, path / "data/rigpilot/models", path / "hf/hub"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "http", "HTTP", "CURL_", "SSL_", "REQUESTS_"))}
        self.env |= {"XDG_DATA_HOME": str(path / "data"), "HF_HOME": str(path / "hf"), "HOME": str(path)}

    def start(self, *arguments, **env):
        return subprocess.Popen([RIGPILOT, "model", *map(str, arguments)], env={**self.env, **env}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments, **env):
        process = self.start(*arguments, **env)
        process.stdout_text, process.stderr_text = process.communicate(timeout=60)
        return process

    def pull(self, hub, what="me/tiny", *more, **env):
        return self.run("pull", what, "--hub", hub.url, "--json", *more, **env)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def pulled(run):
    assert run.returncode == DONE, run.stderr_text
    return json.loads(run.stdout_text)


def refused(run, *words, code=FAILED):
    assert (run.returncode, run.stdout_text) == (code, ""), run.stderr_text
    last = run.stderr_text.splitlines()[0 if code == WRONG_USE else -1]
    for word in words:
        assert word in last, f"'{word}' is not in: {run.stderr_text}"


def whole(place, files=REPOSITORY, needed=NEEDED, name="me/tiny"):
    folder = place.store / name
    assert {file.name for file in folder.iterdir() if not file.name.startswith(".")} == set(needed)
    for file in needed:
        assert (folder / file).read_bytes() == files[file], f"{file} differs"
    assert not list(place.store.rglob("*.part")), "something is left of the way there"


def data_requests(hub, file="model.safetensors"):
    return [headers for path, headers in hub.requests if path.split("?")[0].endswith(file) and "/api/" not in path]
