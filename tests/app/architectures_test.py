"""Every architecture through the command: generate and score of its first tiny checkpoint, as a folder and as GGUF, give what
transformers gives (tests/parity/data)."""

import json
import os
import pathlib
import subprocess

import pytest
from safetensors.numpy import load_file

DATA = pathlib.Path(__file__).parents[1] / "parity/data"
FIRST = {folder.name.split("-")[0]: folder for folder in sorted(DATA.iterdir(), key=lambda f: (not (f / "model.gguf").exists(), f.name), reverse=True)}


def rigpilot(command, model, ids, *options):
    run = subprocess.run([os.environ["RIGPILOT"], command, "--model", model, "--device", "cpu", "--dtype", "f32", *options, "--json", "--ids", ",".join(map(str, ids))],
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("architecture", FIRST)
def test_generate_and_score(architecture):
    folder = FIRST[architecture]
    golden = load_file(folder / "golden.safetensors")
    ids = golden["ids"].tolist()
    expected = [golden["logprobs"][i, id] for i, id in enumerate(ids[1:])]
    assert (folder / "model.gguf").exists(), "each architecture has a case that GGUF holds too"
    for model in (folder, folder / "model.gguf"):
        assert rigpilot("generate", model, ids, "--max-tokens", "24")["ids"] == golden["greedy"].tolist()
        tokens = rigpilot("score", model, ids)["tokens"]
        assert max(abs(token["logprob"] - want) for token, want in zip(tokens[1:], expected, strict=True)) <= 1e-4
