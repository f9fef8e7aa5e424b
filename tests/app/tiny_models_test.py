"""Whole models, vocabulary and all, through every command: a Hugging Face folder and the same model as GGUF; and broken ones."""

import json
import os
import random
import subprocess

import numpy
import pytest
import tiny_models

RIGPILOT = os.environ["RIGPILOT"]
DONE, FAILED = 0, 1
MAKERS = {"folder": lambda path, **changes: tiny_models.hf_folder(path / "tiny", **changes),
          "gguf": lambda path, **changes: tiny_models.gguf_file(path / "tiny.gguf", **changes)}


def rigpilot(*arguments, stdin=""):
    return subprocess.run([RIGPILOT, *map(str, arguments)], input=stdin.encode(), capture_output=True, timeout=120)


def answer(*arguments, stdin=""):
    run = rigpilot(*arguments, "--json", stdin=stdin)
    assert run.returncode == DONE, run.stderr.decode()
    return json.loads(run.stdout)


def refused(run, *words):
    """Failed with one sentence that holds each of the words."""
    stderr = run.stderr.decode()
    assert (run.returncode, run.stdout) == (FAILED, b""), f"exit code {run.returncode}\n{stderr}"
    assert stderr.startswith("rigpilot: ") and stderr.count("\n") == 1, stderr
    for word in words:
        assert word in stderr, f"'{word}' is not in: {stderr}"


@pytest.fixture(params=MAKERS)
def model(request, tmp_path):
    return MAKERS[request.param](tmp_path)


def test_every_command_runs_it(model, tmp_path):
    text = "return returning\n"
    ids = answer("tokens", "--model", model, "-", stdin=text)["ids"]
    assert len(ids) < len(text), "the merges are used"
    assert rigpilot("tokens", "--model", model, "-", "--decode", stdin=" ".join(map(str, ids))).stdout.decode() == text
    scored = answer("score", "--model", model, "-", stdin=text)
    assert [token["id"] for token in scored["tokens"]] == ids
    assert scored["bits_per_byte"] == pytest.approx(scored["nll"] / numpy.log(2) / len(text))
    made = answer("generate", "--model", model, "--prompt", text, "--max-tokens", 8)
    assert made["stop"] in ("length", "end") and isinstance(made["text"], str)
    info = answer("model", "info", model)
    assert (info["architecture"], info["layers"], info["context"]) == ("llama", tiny_models.LAYERS, tiny_models.CONTEXT)
    assert info["fill_in_the_middle"]


def test_folder_and_gguf_are_the_same_model(tmp_path):
    scores = [answer("score", "--model", make(tmp_path), "--device", "cpu", "--dtype", "f32", "--ids", "10,20,30,40,50")["nll"] for make in MAKERS.values()]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


def test_complete_asks_to_fill_in_the_middle(model, tmp_path):
    source = tmp_path / "a.py"
    source.write_text("def add(a, b):\n    \n    return total\n")
    completed = answer("complete", f"{source}:2:5", "--model", model)
    assert completed["prompt"]["layout"] != "prefix"
    assert "return total" in completed["prompt"]["text"], "the text after the cursor is in the prompt"
    for item in completed["items"]:
        assert not any(special in item["insertText"] for special in tiny_models.SPECIAL)


def test_the_seed_decides(model):
    draw = lambda seed: answer("generate", "--model", model, "--prompt", "x", "--temperature", 1.5, "--seed", seed, "--max-tokens", 24)["ids"]
    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_special_tokens_only_when_asked_for(model):
    text, end = "a<|endoftext|>", tiny_models.tokens().index("<|endoftext|>")
    assert end not in answer("tokens", "--model", model, "-", stdin=text)["ids"]
    assert answer("tokens", "--model", model, "-", "--special", stdin=text)["ids"][-1] == end


GGUF_SHAPE = numpy.zeros((tiny_models.WIDTH, 7), numpy.float32)
BAD_GGUF = {
    "a missing tensor": (dict(drop=["blk.1.ffn_up.weight"]), ["blk.1.ffn_up.weight", "missing"]),
    "a tensor of another shape": (dict(tensors={"blk.0.attn_q.weight": GGUF_SHAPE}), ["blk.0.attn_q.weight", "[32, 7]", "[32, 32]"]),
    "a tensor nobody needs": (dict(tensors={"stray.weight": GGUF_SHAPE}), ["stray.weight"]),
    "an unknown architecture": (dict(architecture="mamba9"), ["mamba9", "llama"]),
    "an absurd number of layers": (dict(config={"block_count": 2**32 - 1}), ["block_count", "4294967295"]),
    "no layers": (dict(config={"block_count": 0}), ["block_count"]),
    "heads that do not divide": (dict(config={"attention.head_count": 3}), ["head_count", "3"]),
    "a number missing": (dict(drop=["embedding_length"]), ["embedding_length"]),
}


@pytest.mark.parametrize("case", BAD_GGUF)
def test_bad_gguf(case, tmp_path):
    changes, words = BAD_GGUF[case]
    path = tiny_models.gguf_file(tmp_path / "bad.gguf", **changes)
    refused(rigpilot("score", "--model", path, "--ids", "1,2"), "bad.gguf", *words)


def test_a_gguf_cut_short_anywhere(tmp_path):
    whole = tiny_models.gguf_file(tmp_path / "whole.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    for length in [0, 3, 4, 23, 24, 100, 1000, 3000, 8000, len(whole) // 2, len(whole) - 33]:
        cut.write_bytes(whole[:length])
        refused(rigpilot("score", "--model", cut, "--ids", "1,2"), "cut.gguf")


def test_a_gguf_with_flipped_bytes_never_ends_in_a_crash(tmp_path):
    whole = tiny_models.gguf_file(tmp_path / "whole.gguf").read_bytes()
    bad, draw = tmp_path / "flipped.gguf", random.Random(7)
    for _ in range(40):
        bytes_ = bytearray(whole)
        for _ in range(draw.choice([1, 1, 4])):
            bytes_[draw.randrange(7000)] = draw.choice([0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)])
        bad.write_bytes(bytes_)
        run = rigpilot("tokens", "--model", bad, "-", stdin="return x\n") if draw.random() < 0.5 else rigpilot("score", "--model", bad, "--ids", "1,2")
        assert run.returncode in (DONE, FAILED), f"exit code {run.returncode}: {run.stderr.decode(errors='replace')}"
        assert run.returncode == DONE or run.stderr.count(b"\n") == 1, run.stderr


def test_no_vocabulary_is_said_where_it_is_needed(tmp_path):
    for make in MAKERS.values():
        path = make(tmp_path, tokenizer=False)
        refused(rigpilot("generate", "--model", path, "--prompt", "x"), "tokenizer")
        assert rigpilot("score", "--model", path, "--ids", "1,2").returncode == DONE
        assert answer("model", "info", path)["parameters"]


@pytest.mark.parametrize("content,words", [("{", ["line 1"]), ("[]", ["tokenizer.json"]), ('{"model": {"type": "Riddle"}}', ["Riddle"])])
def test_a_broken_vocabulary(tmp_path, content, words):
    folder = tiny_models.hf_folder(tmp_path / "tiny")
    (folder / "tokenizer.json").write_text(content)
    refused(rigpilot("tokens", "--model", folder, "-", stdin="x"), "tokenizer.json", *words)


def test_a_prompt_longer_than_the_context(model):
    refused(rigpilot("generate", "--model", model, "--ids", ",".join(["1"] * 300)), "300", "256")
    assert rigpilot("score", "--model", model, "--ids", ",".join(["1"] * 300)).returncode == DONE, "score works in windows"


def test_a_device_that_is_not_there(model):
    run = rigpilot("score", "--model", model, "--ids", "1,2", "--device", "cuda:99")
    refused(run, "cuda:99")
