"""What scripts rely on: the JSON shapes, what goes to stdout, columns in characters, the model store."""

import json
import math
import os
import pathlib
import re
import shutil
import subprocess

import pytest

RIGPILOT = os.environ["RIGPILOT"]
TESTS = pathlib.Path(__file__).parents[1]
TINY = TESTS / "parity/data/llama-plain-old-spelling"  # has no tokenizer
VOCABULARY = TESTS / "fixtures/tokenizer/byte_bpe.gguf"
DONE, FAILED, WRONG_USE = 0, 1, 2


def rigpilot(*arguments, stdin="", env=None):
    return subprocess.run([RIGPILOT, *map(str, arguments)], input=stdin.encode(), capture_output=True, timeout=120,
                          env={**os.environ, **(env or {})})


def answer(*arguments, **more):
    """The one line of JSON on stdout."""
    run = rigpilot(*arguments, **more)
    assert run.returncode == DONE, run.stderr.decode()
    lines = run.stdout.decode().splitlines()
    assert len(lines) == 1, lines
    return json.loads(lines[0])


def test_generate_without_a_tokenizer():
    arguments = ("generate", "--model", TINY, "--device", "cpu", "--ids", "1,2,3", "--max-tokens", 5, "--json")
    made = answer(*arguments)
    assert set(made) == {"ids", "text", "stop", "timings"}
    assert set(made["timings"]) == {"load_ms", "prefill_tokens", "prefill_ms", "decode_tokens", "decode_ms"}
    assert made["stop"] in ("end", "length")
    assert len(made["ids"]) == 5 if made["stop"] == "length" else len(made["ids"]) < 5
    assert made["timings"]["prefill_tokens"] == 3
    assert answer(*arguments)["ids"] == made["ids"], "greedy decoding is the same every time"


def test_a_draft_model_needs_the_model_s_vocabulary():
    run = rigpilot("generate", "--prompt", "x", "--draft", VOCABULARY)
    assert run.returncode == FAILED and not run.stdout
    assert "byte_bpe.gguf" in run.stderr.decode() and "expected the same vocabulary" in run.stderr.decode()


def test_a_draft_model_of_a_model_that_verifies_no_drafts_is_told_and_left_out():
    arguments = ("generate", "--model", TINY, "--device", "cpu", "--ids", "1,2,3", "--max-tokens", 5, "--json")
    run = rigpilot(*arguments, "--draft", TINY)
    assert run.returncode == DONE and "int8 or int4" in run.stderr.decode()
    assert json.loads(run.stdout)["ids"] == answer(*arguments)["ids"]


def test_score_of_ids():
    scored = answer("score", "--model", TINY, "--device", "cpu", "--ids", "5,6,7,8", "--json")
    assert set(scored) == {"tokens", "nll", "bits_per_byte"}
    assert [token["id"] for token in scored["tokens"]] == [5, 6, 7, 8]
    assert scored["tokens"][0]["logprob"] is None
    rest = [token["logprob"] for token in scored["tokens"][1:]]
    assert all(logprob < 0 for logprob in rest)
    assert math.isclose(scored["nll"], -sum(rest), rel_tol=1e-5)
    assert scored["bits_per_byte"] is None, "without a vocabulary nobody knows how many bytes the text has"


@pytest.mark.parametrize("text", ["def add(a, b):\n    return a + b\n", "naïve 日本 😀\r\n", " ", ""])
def test_tokens_there_and_back(text):
    encoded = answer("tokens", "--model", VOCABULARY, "-", "--json", stdin=text)
    assert set(encoded) == {"ids"}
    ids = ",".join(map(str, encoded["ids"]))
    if ids:
        assert answer("tokens", "--model", VOCABULARY, "-", "--decode", "--json", stdin=ids) == {"text": text}


def test_tokens_of_several_files_are_a_line_each(tmp_path):
    texts = ["def add(a, b):\n", "", "naïve 日本"]
    files, of_ids = [[tmp_path / f"{i}.{kind}" for i in range(3)] for kind in ("txt", "json")]
    for text, file in zip(texts, files, strict=True):
        file.write_text(text, encoding="utf-8")
    lines = rigpilot("tokens", "--model", VOCABULARY, "--json", *files).stdout.decode().splitlines()
    assert [json.loads(line) for line in lines] == [answer("tokens", "--model", VOCABULARY, file, "--json") for file in files]
    for i in (0, 2):
        of_ids[i].write_text(lines[i])
    back = rigpilot("tokens", "--model", VOCABULARY, "--json", "--decode", of_ids[0], of_ids[2]).stdout.decode().splitlines()
    assert [json.loads(line)["text"] for line in back] == [texts[0], texts[2]]
    missing = rigpilot("tokens", "--model", VOCABULARY, files[0], tmp_path / "absent")
    assert missing.returncode == FAILED and not missing.stdout and b"absent" in missing.stderr


@pytest.mark.parametrize("line,column,units", [("x = ", 5, 4), ("é = ", 5, 4), ("😀 = ", 5, 5), ("日本 = ", 6, 5)])
def test_columns_are_characters_and_ranges_utf16(tmp_path, line, column, units):
    script, source = tmp_path / "script.json", tmp_path / "a.py"
    script.write_text('{"default": "total + 1"}')
    source.write_text(f"total = 1\n{line}\n")
    completed = answer("complete", f"{source}:2:{column}", "--engine", f"scripted:{script}", "--json")
    assert set(completed) >= {"items", "reason", "prompt", "timings"}
    (item,) = completed["items"]
    start, end = item["range"]["start"], item["range"]["end"]
    assert start["line"] == end["line"] == 1 and end["character"] == units
    utf16 = line.encode("utf-16-le")
    kept = utf16[:2 * start["character"]].decode("utf-16-le")
    assert kept + item["insertText"] == line + "total + 1"
    past = rigpilot("complete", f"{source}:2:{column + 1}", "--engine", f"scripted:{script}")
    assert past.returncode == FAILED and f"column {column + 1}" in past.stderr.decode()


def test_no_suggestion_is_done_and_leaves_stdout_empty(tmp_path):
    script, source = tmp_path / "script.json", tmp_path / "a.py"
    script.write_text("{}")
    source.write_text("x = \n")
    run = rigpilot("complete", f"{source}:1:5", "--engine", f"scripted:{script}")
    assert (run.returncode, run.stdout) == (DONE, b"")
    assert b"no suggestion" in run.stderr
    assert answer("complete", f"{source}:1:5", "--engine", f"scripted:{script}", "--json")["items"] == []


@pytest.fixture
def store(tmp_path):
    models = tmp_path / "rigpilot/models"
    models.mkdir(parents=True)
    shutil.copy(VOCABULARY, models / "small.gguf")
    return {"XDG_DATA_HOME": str(tmp_path)}


@pytest.mark.parametrize("name", [["--model", "small"], ["--model", "small.gguf"]])
def test_the_store_knows_a_model_by_name(store, name):
    assert answer("tokens", *name, "-", "--json", stdin="a b", env=store)["ids"]


def test_the_store_lists_and_says_what_is_there(store):
    listed = answer("model", "list", "--json", env=store)
    assert [(model["name"], model["format"]) for model in listed["models"]] == [("default", "gguf"), ("small", "gguf")]
    run = rigpilot("tokens", "--model", "large", "-", stdin="a", env=store)
    assert run.returncode == FAILED and run.stdout == b""
    assert "large" in run.stderr.decode() and "small" in run.stderr.decode()


def test_without_a_setting_it_is_the_model_that_comes_with_the_program(store):
    text = "for (int i = 0; i < 10; ++i)\n"
    of_default = answer("tokens", "--model", "default", "-", "--json", stdin=text, env=store)["ids"]
    assert answer("tokens", "-", "--json", stdin=text, env=store)["ids"] == of_default
    assert answer("tokens", "--model", "small", "-", "--json", stdin=text, env=store)["ids"] != of_default
    shutil.copy(VOCABULARY, pathlib.Path(store["XDG_DATA_HOME"]) / "rigpilot/models/default.gguf")
    assert answer("tokens", "--model", "default", "-", "--json", stdin=text, env=store)["ids"] != of_default, "a user's own of that name"


def test_an_empty_store_is_said(tmp_path):
    run = rigpilot("tokens", "--model", "large", "-", stdin="a", env={"XDG_DATA_HOME": str(tmp_path)})
    assert run.returncode == FAILED and run.stdout == b""
    assert str(tmp_path) in run.stderr.decode()


def test_the_place_in_the_help_is_there(tmp_path):
    script = tmp_path / "script.json"
    script.write_text("{}")
    places = re.findall(r"complete (examples/\S+:\d+:\d+)", rigpilot("complete", "--help").stdout.decode())
    assert places
    for place in places:
        run = rigpilot("complete", TESTS.parent / place, "--engine", f"scripted:{script}")
        assert run.returncode == DONE, run.stderr.decode()


def test_settings_as_a_list_and_as_a_schema():
    schema = json.loads(rigpilot("settings", "--schema").stdout)
    assert schema["properties"]["rigpilot.completion.enabled"]["default"] is True
    listed = rigpilot("settings").stdout.decode()
    assert [line for line in listed.splitlines() if line.startswith("rigpilot.")] == sorted(schema["properties"])
