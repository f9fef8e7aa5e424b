"""The model that comes with the program: it is there without a setting, small enough for the repository, and fills in the middle."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "models/default"
DONE = 0


@pytest.fixture
def rigpilot(tmp_path):
    def run(*arguments):
        env = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "HF_HOME": str(tmp_path)}  # no model but its own
        return subprocess.run([os.environ["RIGPILOT"], *map(str, arguments)], capture_output=True, text=True, env=env, timeout=120)

    return run


def answer(run):
    assert run.returncode == DONE, run.stderr
    return json.loads(run.stdout)


def test_it_is_small_and_says_what_it_is(rigpilot):
    assert (DEFAULT / "default.gguf").stat().st_size <= 16e6
    info = answer(rigpilot("model", "info", "default", "--json"))
    assert info["architecture"] == "llama" and info["parameters"] < 12e6
    assert info["fill_in_the_middle"] and info["other_files"]
    assert info["quant"] == "q8_0" and info["dtype"] == "int8", "the loops for quantised models serve"
    assert [model["name"] for model in answer(rigpilot("model", "list", "--json"))["models"]] == ["default"]


def test_its_vocabulary_is_the_folder_s(rigpilot):
    text = DEFAULT / "corpus.py"
    assert answer(rigpilot("tokens", text, "--json")) == answer(rigpilot("tokens", "--model", DEFAULT / "tokenizer.json", text, "--json"))


def test_without_a_setting_it_completes(rigpilot, tmp_path):
    source = tmp_path / "loop.cpp"
    source.write_text("#include <vector>\n\nint sum(const std::vector<int>& values) {\n  int total = 0;\n  for (int i = 0; i < \n  return total;\n}\n")
    done = answer(rigpilot("complete", f"{source}:5:23", "--json", "--explain"))
    assert "fim_suffix" in json.dumps(done["prompt"]), done
    assert done["timings"]["decode_tokens"] > 0, done


def test_a_training_goes_on_from_it(rigpilot, tmp_path):
    """From the GGUF file, with the folder's config.json and tokenizer.json: with no rate to speak of, the same model comes out."""
    text = DEFAULT / "corpus.py"
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text(json.dumps({"text": text.read_text()}) + "\n")
    options = ["--steps", 1, "--warmup", 1, "--decay", 0, "--rate", 1e-12, "--context", 128, "--step-tokens", 512, "--micro-tokens", 512, "--dtype", "f32"]
    for name, start in [("folder", DEFAULT), ("file", DEFAULT / "default.gguf")]:
        answer(rigpilot("train", corpus, "--start", start, *options, "--out", tmp_path / name, "--json"))
        scores = [answer(rigpilot("score", "--model", model, "--dtype", "f32", *more, text, "--json"))["bits_per_byte"]
                  for model, more in [(tmp_path / name, []), (DEFAULT / "default.gguf", ["--quant", "none"])]]
        assert scores[0] == pytest.approx(scores[1], abs=1e-4)
    lonely = tmp_path / "lonely.gguf"
    lonely.write_bytes((DEFAULT / "default.gguf").read_bytes())
    for command in (["train", corpus, "--start", lonely], ["finetune", "--model", lonely, "--code", ROOT / "base"]):
        run = rigpilot(*command, "--out", tmp_path / "o")
        assert run.returncode == 1 and "config.json and tokenizer.json beside" in run.stderr, run.stderr


def test_every_source_is_named_with_commit_and_licence():
    noticed = [line.split(maxsplit=2) for line in (DEFAULT / "NOTICE").read_text().splitlines() if line.startswith("https://")]
    wanted = [line.split() for line in (DEFAULT / "repositories.txt").read_text().splitlines() if line.strip() and not line.startswith("#")]
    assert len(noticed) == len(wanted) >= 30
    assert {address.removeprefix("https://github.com/") for address, _, _ in noticed} == {line[0] for line in wanted}
    for address, commit, licence in noticed:
        assert len(commit) == 40 and int(commit, 16), address
        assert licence, address
