"""`rigpilot bench --keystrokes` measures what a scripted engine is known to take, end to end; about 5 s."""

import json
import os
import subprocess

import pytest

RIGPILOT = os.environ["RIGPILOT"]
CODE = "".join(f"def area_{i}(width, height):\n    scaled = width * height + {i}\n    return scaled\n\n\n" for i in range(200))


def run(*arguments, expect=0):
    done = subprocess.run([RIGPILOT, "bench", *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == expect, done.stderr
    return done


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    file = tmp_path_factory.mktemp("source") / "areas.py"
    file.write_text(CODE)
    return file


@pytest.fixture(scope="module")
def report(tmp_path_factory, source):
    folder = tmp_path_factory.mktemp("bench")
    script = folder / "script.json"
    script.write_text(json.dumps({"prefill_ms_per_token": 0.2, "ms_per_token": 5, "default": "hello world, this is a line\n"}))
    page = folder / "page.html"
    done = run("--engine", f"scripted:{script}", "--keystrokes", source, "--runs", 1, "--places", 2, "--keys", 8, "--words", 120,
               "--cancels", 3, "--starts", 1, "--json", "--html", page)
    return json.loads(done.stdout) | {"page": page.read_text()}


def test_every_key_is_counted_once_and_nothing_is_answered_twice(report):
    side = report["sides"][0]
    assert side["keys"] == 16 == sum(side["hits"].values())
    assert report["answered_twice"] == 0


def test_a_key_computes_a_token_or_two_and_a_cold_prompt_all_of_it(report):
    side = report["sides"][0]
    assert 1500 < report["prompt_tokens"] <= 1808
    assert side["tokens"]["computed_a_key"] < 8
    assert report["cancel"]["cold_ms"] > 0.2 * 1300  # at the first place, where less stands before the cursor
    assert side["first_token_ms"]["p50"] < report["cancel"]["cold_ms"] / 4


def test_a_suggestion_takes_as_long_as_its_tokens(report):
    assert report["sides"][0]["suggestion_ms"]["p50"] > 100  # 28 tokens of 5 ms, where the next key does not come first
    assert report["sides"][0]["tokens"]["wasted"] > 0  # at 100 ms a key, some do


def test_a_cancelled_prompt_is_not_computed_again(report):
    assert report["cancel"]["ratio"] < 0.9  # 100 ms of 360 were done before
    assert report["cancel"]["in_prompt_ms"]["p50"] < 50


def test_a_patient_typist_gets_an_answer_to_every_key(tmp_path, source):
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"ms_per_token": 3, "default": "never what is typed, and long\n"}))
    done = run("--engine", f"scripted:{script}", "--keystrokes", source, "--runs", 1, "--places", 1, "--keys", 6, "--words", 2000,
               "--cancels", 0, "--starts", 0, "--patient", "--json")
    side = json.loads(done.stdout)["sides"][0]
    assert side["hits"]["overtaken"] == 0 and side["suggestion_ms"]["n"] == 6 and side["tokens"]["wasted"] == 0


def test_a_new_line_computes_no_more_than_a_character(tmp_path, source):
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"default": "never what is typed\n"}))
    done = run("--engine", f"scripted:{script}", "--keystrokes", source, "--runs", 1, "--places", 2, "--keys", 80, "--words", 4000,
               "--cancels", 0, "--starts", 0, "--patient", "--json")
    side = json.loads(done.stdout)["sides"][0]
    assert side["hits"]["fresh"] == 0
    assert side["tokens"]["computed_a_key"] < 4  # a token is a byte here; re-reading what follows the cursor would be 300


def test_drafts_are_measured_with_and_without_a_draft_model(source):
    report = json.loads(run("default", "--drafts", source, "--draft", "default", "--runs", 1, "--places", 1, "--tokens", 24, "--before", 200, "--json").stdout)
    sides = report["sides"]
    assert len(sides) == 3 and "drafts too" in sides[2]["name"]
    assert [side["alike"] for side in sides] == [1, 1, 1]  # the same ids
    assert sides[0]["drafted_a_token"] == 0 and report["ratio"]["draft_model"] > 0


def test_the_page_stands_alone(report):
    page = report["page"]
    assert page.startswith("<!doctype html>") and "<svg" in page and "Rigpilot" in page
    assert "<script" not in page and "http" not in page


@pytest.mark.parametrize("arguments, sentence", [
    (["--keystrokes", "/no/such/file"], "/no/such/file"),
    (["--keystrokes", os.devnull], "two lines to type"),
    (["--keystrokes", __file__, "--rival", "nobody"], "expected llama-server"),
])
def test_what_is_wrong_is_one_sentence(arguments, sentence, tmp_path):
    script = tmp_path / "script.json"
    script.write_text("{}")
    done = subprocess.run([RIGPILOT, "bench", "--engine", f"scripted:{script}", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode in (1, 2)
    assert sentence in done.stderr
