"""`rigpilot model info` loads nothing, and yet its figures are those that a loaded model has."""

import json
import os
import subprocess
import time

import pytest
import tiny_models

RIGPILOT = os.environ["RIGPILOT"]


def info(model, *arguments):
    run = subprocess.run([RIGPILOT, "model", "info", str(model), "--json", *arguments], capture_output=True, timeout=60)
    assert run.returncode == 0, run.stderr.decode()
    return json.loads(run.stdout)


@pytest.mark.parametrize("make", [lambda path: tiny_models.hf_folder(path / "tiny"), lambda path: tiny_models.gguf_file(path / "tiny.gguf")])
def test_what_it_says(tmp_path, make):
    model = make(tmp_path)
    weights = tiny_models.weights()
    numbers = sum(value.size for value in weights.values())
    start = time.monotonic()
    facts = info(model, "--dtype", "f32")
    assert time.monotonic() - start < 2
    assert facts["parameters"] == numbers
    assert facts["memory_bytes"] == facts["memory_at_quant"]["none"] == 4 * numbers
    assert facts["kv_bytes_1024"] == 2 * 1024 * tiny_models.LAYERS * tiny_models.KV_HEADS * (tiny_models.WIDTH // tiny_models.HEADS) * 4
    assert facts["fits_host"]["int4"] is True
    assert facts["fits"]["cpu"] is True
    assert info(model, "--device", "cpu")["device"] == "cpu"
    assert info(model)["device"] == ("cuda:0" if "cuda:0" in facts["fits"] else "cpu")
    assert info(model, "--device", "cuda:1")["device"] == "cuda:1"
    table = weights["model.embed_tokens.weight"].size
    held = {"int8": 0, "int4": 0}
    for name, value in weights.items():
        quantised = value.ndim == 2 and value.shape[1] % 32 == 0 and "embed_tokens" not in name
        held["int8"] += value.size + value.size // 32 * 4 if quantised else value.size * 4
        held["int4"] += value.size // 2 + value.size // 32 * 8 if quantised else value.size * 4
    assert table and {name: facts["memory_at_quant"][name] for name in held} == held


def test_a_packed_model_computes_in_8_bits_whatever_the_processor_multiplies(tmp_path):
    model = tmp_path / "packed.gguf"
    subprocess.run([RIGPILOT, "model", "random", "--like", "llama-10m", model, "--type", "q8_0"], check=True, capture_output=True, timeout=60)
    packed, plain = info(model, "--device", "cpu"), info(model, "--device", "cpu", "--dtype", "f32")
    assert (packed["dtype"], plain["dtype"]) == ("int8", "float32")
    assert 2 * packed["kv_bytes_1024"] == plain["kv_bytes_1024"]
