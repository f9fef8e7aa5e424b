"""Bad input on the command line: one clear sentence on stderr that names what is wrong, the right exit code, no crash."""

import json
import os
import pathlib
import shutil
import subprocess

import numpy
import pytest
from safetensors.numpy import load_file, save_file

RIGPILOT = os.environ["RIGPILOT"]
TINY = pathlib.Path(__file__).parents[1] / "parity/data/llama-plain-old-spelling"
DONE, FAILED, WRONG_USE = 0, 1, 2


def rigpilot(*arguments, stdin=b""):
    return subprocess.run([RIGPILOT, *map(str, arguments)], input=stdin, capture_output=True, timeout=120)


def refused(run, code, *words):
    stderr = run.stderr.decode()
    assert run.returncode == code, f"exit code {run.returncode}\n{stderr}"
    assert run.stdout == b"", run.stdout
    sentences = [line for line in stderr.splitlines() if line.startswith("rigpilot: ")]
    assert len(sentences) == 1, stderr
    for word in words:
        assert word in sentences[0], f"'{word}' is not in: {sentences[0]}"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(TINY, tmp_path / "tiny")
    return tmp_path / "tiny"


def score(model):
    return rigpilot("score", "--model", model, "--device", "cpu", "--ids", "1,2,3", "--json")


def test_the_tiny_model_itself_is_fine(folder):
    run = score(folder)
    assert run.returncode == DONE, run.stderr
    answer = json.loads(run.stdout)
    assert [token["id"] for token in answer["tokens"]] == [1, 2, 3]
    assert answer["tokens"][0]["logprob"] is None
    assert answer["nll"] == pytest.approx(-sum(token["logprob"] for token in answer["tokens"][1:]))


def change_weights(folder, change):
    path = folder / "model.safetensors"
    weights = load_file(path)
    change(weights)
    save_file(weights, path)


def test_a_missing_tensor_is_named(folder):
    change_weights(folder, lambda weights: weights.pop("model.layers.1.mlp.up_proj.weight"))
    refused(score(folder), FAILED, "model.layers.1.mlp.up_proj.weight", "missing")


def test_a_tensor_nobody_needs_is_named(folder):
    change_weights(folder, lambda weights: weights.update(stray=numpy.zeros(3, numpy.float32)))
    refused(score(folder), FAILED, "no use for: stray")


def test_a_wrong_shape_is_named(folder):
    change_weights(folder, lambda weights: weights.update({"model.norm.weight": numpy.zeros(17, numpy.float32)}))
    refused(score(folder), FAILED, "model.norm.weight", "[17]", "[18]")


@pytest.mark.parametrize("field,value", [
    ("num_hidden_layers", -1), ("num_hidden_layers", 10**12), ("num_hidden_layers", "two"), ("hidden_size", 0), ("vocab_size", 10**15),
    ("num_attention_heads", 0), ("num_key_value_heads", 5), ("intermediate_size", 2.5), ("rms_norm_eps", "small"),
])
def test_a_wrong_number_in_config_is_named(folder, field, value):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, field: value}))
    refused(score(folder), FAILED, "config.json", field)


def test_an_unknown_architecture_is_named(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "mamba9", "architectures": ["Mamba9ForCausalLM"]}))
    refused(score(folder), FAILED, "mamba9", "llama")


def test_broken_json_names_the_place(folder):
    (folder / "config.json").write_text('{\n "model_type": "llama",\n oops')
    refused(score(folder), FAILED, "config.json", "line 3")


def test_a_truncated_safetensors_file(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    refused(score(folder), FAILED, "model.safetensors")


def test_an_empty_folder(tmp_path):
    refused(score(tmp_path), FAILED, "config.json")


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF" + b"\xff" * 60, b"nonsense" * 20, b"GGUF\x03\0\0\0" + b"\xff" * 16])
def test_a_file_that_is_no_gguf(tmp_path, content):
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    refused(score(path), FAILED, "broken.gguf")


def test_a_model_that_is_not_there(tmp_path):
    refused(score(tmp_path / "gone.gguf"), FAILED, "gone.gguf")


@pytest.mark.parametrize("arguments", [
    (), ("frobnicate",), ("score",), ("complete",), ("complete", "no-position.py"), ("complete", "x.py:0:1"), ("complete", "x.py:a:b"),
    ("generate", "--ids", "1,x"), ("generate", "--temperature", "warm", "--prompt", "x"), ("score", "--ids", "1", "--quant", "int3"),
    ("score", "--ids", "1", "--device", "gpu"),
])
def test_wrong_use_is_2(arguments):
    run = rigpilot(*arguments)
    assert run.returncode == WRONG_USE, run.stderr
    assert run.stdout == b"" and run.stderr


def test_an_id_outside_the_vocabulary(folder):
    refused(rigpilot("score", "--model", folder, "--device", "cpu", "--ids", "1,61"), FAILED, "61", "60")


def test_a_line_that_the_file_does_not_have(tmp_path):
    script, source = tmp_path / "script.json", tmp_path / "a.py"
    script.write_text("{}")
    source.write_text("x = 1\n")
    refused(rigpilot("complete", f"{source}:9:1", "--engine", f"scripted:{script}"), FAILED, "a.py", "9")


def test_complete_answers_in_its_shape(tmp_path):
    script, source = tmp_path / "script.json", tmp_path / "a.py"
    script.write_text('{"default": {"text": "a + b"}}')
    source.write_text("def add(a, b):\n    return \n")
    run = rigpilot("complete", f"{source}:2:12", "--engine", f"scripted:{script}", "--json")
    assert run.returncode == DONE, run.stderr
    answer = json.loads(run.stdout)
    assert set(answer) >= {"items", "reason", "prompt", "timings"}
    (item,) = answer["items"]
    start, end = item["range"]["start"], item["range"]["end"]
    assert start["line"] == 1 and end == {"line": 1, "character": 11}
    assert "    return "[:start["character"]] + item["insertText"] == "    return a + b"


def test_help_teaches_and_is_quick():
    for command in ("lsp", "complete", "generate", "score", "tokens", "model", "doctor"):
        run = rigpilot(command, "--help")
        assert run.returncode == DONE and len(run.stdout) > 100, command


@pytest.mark.parametrize("given, words", [("completion.beams", ["NAME=VALUE"]), ("completion.beam=2", ["completion.beam=2", "no such setting"]),
                                          ("completion.beams=many", ["completion.beams"]), ("completion.beams=99", ["completion.beams", "16"])])
def test_a_setting_that_cannot_be_taken_is_named(tmp_path, given, words):
    (tmp_path / "a.py").write_text("x = 1\n")
    for command in (["complete", f"{tmp_path}/a.py:1:2"], ["evaluate", tmp_path]):
        run = rigpilot(*command, "--set", given)
        assert run.returncode in (FAILED, WRONG_USE), run.stdout
        sentences = [line for line in run.stderr.decode().splitlines() if line.startswith("rigpilot: ")]
        assert len(sentences) == 1 and all(word in sentences[0] for word in words), run.stderr


def test_a_setting_for_one_command_is_obeyed(tmp_path):
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"default": "one_long_answer_for_all"}))
    (tmp_path / "a.py").write_text("x = \n")
    long, short = (json.loads(rigpilot("complete", f"{tmp_path}/a.py:1:5", "--engine", f"scripted:{script}", "--json", *more).stdout)["items"][0]["insertText"]
                   for more in ([], ["--set", "completion.maxTokens=3"]))
    assert long.endswith("answer_for_all") and len(short) < len(long)
