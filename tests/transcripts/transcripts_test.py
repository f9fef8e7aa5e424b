"""Plays every .transcript of this folder against `rigpilot lsp` with a scripted engine."""

import pathlib

import pytest

from transcript import Player, mismatch, steps

HERE = pathlib.Path(__file__).parent
FILES = sorted(HERE.glob("*.transcript"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_the_conversation_goes_as_written(file, tmp_path):
    Player(tmp_path).play(file.read_text(encoding="utf-8"))


def test_there_are_transcripts():
    assert len(FILES) >= 8


@pytest.mark.parametrize("expected,actual", [
    (1, 1), ("...", {"any": 1}), ({"a": "..."}, {"a": 7}), ({"...": "..."}, {"a": 7}), ("ab...", "abc"), ("...c", "abc"), ([1, "..."], [1, 2]),
])
def test_wildcards_match(expected, actual):
    assert mismatch(expected, actual) is None


@pytest.mark.parametrize("expected,actual", [
    (1, 2), (1, True), (1, 1.0), (None, 0), ({"a": 1}, {"a": 1, "b": 2}), ({"a": 1}, {}), ([1], [1, 2]), ([1], [2]), ("ab...", "xab"), ("ab", "abc"),
    ({"a": {"b": 1}, "...": "..."}, {"a": {"b": 2}}),
])
def test_and_the_rest_does_not(expected, actual):
    assert mismatch(expected, actual) is not None


def test_steps_go_on_when_indented():
    assert steps("# no\n-> 1 a {\n  }\n\nexit 0\n") == [(2, "-> 1 a { }"), (5, "exit 0")]


@pytest.mark.parametrize("text", [
    "-> 1 initialize {\"capabilities\": {}}\n<- 1 {\"capabilities\": {}}\n-> exit\nexit 1",       # another result
    "-> 1 initialize {\"capabilities\": {}}\n<- 1 ! -32600\n-> exit\nexit 1",                     # no error
    "-> 1 initialize {\"capabilities\": {}}\n-> exit\nexit 1",                                    # a reply not mentioned
    "-> exit\nexit 0",                                                                            # another code
])
def test_a_transcript_can_fail(text, tmp_path):
    with pytest.raises(AssertionError):
        Player(tmp_path).play(text)
