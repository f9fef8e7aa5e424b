"""Tasks with tests through `rigpilot evaluate --tasks`: a scripted engine answers some rightly, some wrongly, some with malice. Some 20 s."""

import gzip
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest
from lsp_client import program

DONE, FAILED, WRONG_USE = 0, 1, 2

PYTHON = {"prompt": "def add(a, b):\n", "suffix": "\n\ndef twice(a):\n    return add(a, a)\n", "canonical_solution": "    return a + b\n", "entry_point": "add",
          "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert twice(4) == 8\n"}
LANGUAGES = {
    "Python": {"prompt": "def add(a, b):\n", "canonical": "    return a + b\n", "suffix": "# the end\n", "test": "assert add(1, 2) == 3", "wrong": "    return a - b\n"},
    "CPP": {"prompt": "#include <cassert>\nint add(int a, int b) {\n", "canonical": "  return a + b;\n", "suffix": "}\n", "test": "int main() { assert(add(1, 2) == 3); }",
            "wrong": "  return a - b;\n"},
    "JavaScript": {"prompt": "const add = (a, b) => {\n", "canonical": "  return a + b;\n", "suffix": "}\n", "test": "console.assert(add(1, 2) === 3)", "wrong": "  return a - b;\n"},
    "Java": {"prompt": "class Solution {\n  int add(int a, int b) {\n", "canonical": "    return a + b;\n", "suffix": "  }\n}\n",
             "test": "public class Main { public static void main(String[] a) { if (new Solution().add(1, 2) != 3) throw new AssertionError(); } }", "wrong": "    return a - b;\n"},
    "Rust": {"prompt": "fn add(a: i32, b: i32) -> i32 {\n", "canonical": "    return a + b;\n", "suffix": "}\n",
             "test": "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn adds() { assert_eq!(add(1, 2), 3); }\n}", "wrong": "    return a - b;\n"},
}
TOOLS = {"Python": "python3", "CPP": "c++", "JavaScript": "node", "Java": "javac", "Rust": "rustc"}


def write(folder, tasks, answers):
    """The file of tasks, and a script that gives each its answer: a comment in its prompt tells which one it is."""
    lines, replies = [], []
    for number, (task, answer) in enumerate(zip(tasks, answers)):
        mark = {"Python": "#", "SingleLineInfilling": "#"}.get(task["task_id"].split("/")[0], "//") + f" task {number}.\n"
        lines.append(json.dumps({**task, "prompt": mark + task["prompt"]}))
        replies.append({"prompt_contains": mark, "text": answer})
    (folder / "tasks.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "script.json").write_text(json.dumps({"replies": replies}))


def evaluate(folder, *more, env=None):
    return subprocess.run([program(), "evaluate", "--tasks", str(folder / "tasks.jsonl"), "--engine", f"scripted:{folder / 'script.json'}", *map(str, more)], capture_output=True, text=True,
                          timeout=300, env={**os.environ, **(env or {})})


def listed(folder, *more):
    run = evaluate(folder, "--list", *more)
    assert run.returncode == DONE, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Where the programs' folders are made; nothing may be left in it."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    yield
    assert not list((tmp_path / "temporary").iterdir()), "a folder is left"


@pytest.mark.parametrize("language", LANGUAGES)
def test_right_answers_pass_and_wrong_ones_fail(tmp_path, language):
    if not shutil.which(TOOLS[language]):
        pytest.skip(f"no {TOOLS[language]} here")  # what is told then, test_a_language_without_its_compiler asks
    task = dict(LANGUAGES[language])
    wrong = task.pop("wrong")
    write(tmp_path, [{**task, "task_id": f"{language}/{i}/L0"} for i in range(2)], [task["canonical"], wrong])
    right, false = listed(tmp_path)
    assert right["verdict"] == "passed" and right["exact"] and right["why"] == "", right
    assert right["got"] == task["canonical"].rstrip("\n")
    assert false["verdict"] == "failed" and not false["exact"] and false["why"], false


def test_human_eval_infilling_and_the_numbers(tmp_path):
    tasks = [{**PYTHON, "task_id": f"SingleLineInfilling/HumanEval/{i}/L0"} for i in range(8)]
    write(tmp_path, tasks, ["    return a + b\n"] * 5 + ["    return b + a\n"] + ["    return a\n"] + [""])
    run = evaluate(tmp_path, "--json", "--html", tmp_path / "page.html")
    assert run.returncode == DONE, run.stderr
    told = json.loads(run.stdout)
    every, python = told["runs"][0]["slices"]
    assert every == {**python, "slice": "all"} and python["slice"] == "Python"
    assert every["tasks"] == 8 and every["skipped"] == 0 and told["skipped"] == []
    assert every["pass_at_1"] == 6 / 8 and every["exact"] == 5 / 8 and every["shown"] == pytest.approx(7 / 8)
    low, high = every["pass_at_1_95"]
    assert 0.3 < low < 0.75 < high <= 1
    assert 5 / 8 < every["edit_similarity"] < 7 / 8 and 0 < every["p50_ms"] <= every["p95_ms"]
    page = (tmp_path / "page.html").read_text()
    assert "How many tests pass" in page and "75.0" in page and "tasks.jsonl" in page
    table = evaluate(tmp_path).stdout
    assert "pass@1 %" in table and "75.0" in table
    packed = tmp_path / "tasks.jsonl"
    packed.write_bytes(gzip.compress(packed.read_bytes()))
    assert json.loads(evaluate(tmp_path, "--json").stdout)["runs"][0]["slices"][0]["pass_at_1"] == 6 / 8
    assert [one["task_id"] for one in listed(tmp_path, "--holes", 3)] == [one["task_id"] for one in listed(tmp_path, "--holes", 3)]
    assert len(listed(tmp_path, "--holes", 3)) == 3


def test_several_lines_and_the_middle_of_a_line(tmp_path):
    several = "    total = 0\n    for one in numbers:\n        total += one\n    return total\n"
    tasks = [{"task_id": "Python/0/L0_3", "prompt": "def total_of(numbers):\n", "canonical": several, "suffix": "\n\nname = 'x'\n", "test": "assert total_of([1, 2, 3]) == 6"},
             {"task_id": "Python/1/2", "prompt": "def half(number):\n    return number", "canonical": " // 2", "suffix": "\n\nname = 'x'\n", "test": "assert half(7) == 3"}]
    write(tmp_path, tasks, [several, " // 2"])
    for one in listed(tmp_path):
        assert one["verdict"] == "passed" and one["exact"], one


def test_malice_fails_and_does_no_harm(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answers = {"endless loop": "    while True: pass", "fork bomb": "    import os\n    while True: os.fork()", "allocation": "    return bytearray(1 << 40)",
                   "output": "    while True: print('x' * 100000)", "leaves early": "    __import__('os')._exit(0)", "leaves": "    raise SystemExit(0)",
                   "network": f"    __import__('socket').create_connection(('127.0.0.1', {listener.getsockname()[1]}), timeout=2)\n    return a + b",
                   "files": f"    open('{precious}', 'w').write('yours')\n    return a + b",
                   "right": "    return a + b"}
        write(tmp_path, [{**PYTHON, "task_id": f"SingleLineInfilling/HumanEval/{i}/L0"} for i in range(len(answers))], answers.values())
        started = time.monotonic()
        outcomes = dict(zip(answers, listed(tmp_path, "--timeout", 5)))
        assert time.monotonic() - started < 60
    confined = json.loads(evaluate(tmp_path, "--holes", 1, "--json").stdout)
    free = [] if confined["no_network"] and confined["files_read_only"] else ["network", "files"]
    for name, one in outcomes.items():
        assert one["got"] is not None, name
        if name not in free:
            assert one["verdict"] == ("passed" if name == "right" else "failed"), (name, one)
    assert "not done after 5 s" in outcomes["endless loop"]["why"] and "processes" in outcomes["fork bomb"]["why"]
    assert "wrote too much" in outcomes["output"]["why"] and "MemoryError" in outcomes["allocation"]["why"]
    if not free:
        assert precious.read_text() == "mine"


def test_a_language_without_its_compiler(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(shutil.which("python3"))
    task = dict(LANGUAGES["Rust"])
    task.pop("wrong")
    write(tmp_path, [{**PYTHON, "task_id": "Python/0/L0"}, {**task, "task_id": "Rust/0/L0"}, {**task, "task_id": "Go/0/L0"}], ["    return a + b\n", task["canonical"], "x"])
    path = f"{tmp_path / 'bin'}:/nowhere"
    run = evaluate(tmp_path, "--json", env={"PATH": path})
    assert run.returncode == DONE, run.stderr
    assert "1 task in Rust without a test: there is no 'rustc' in PATH" in run.stderr and "1 task in Go without a test" in run.stderr
    told = json.loads(run.stdout)
    assert len(told["skipped"]) == 2
    slices = {one["slice"]: one for one in told["runs"][0]["slices"]}
    assert slices["all"]["skipped"] == 2 and slices["Rust"]["pass_at_1"] is None and slices["Rust"]["exact"] == 1


def test_copying_without_a_model(tmp_path):
    write(tmp_path, [{**PYTHON, "task_id": "Python/0/L0"}], [""])
    run = subprocess.run([program(), "evaluate", "--tasks", tmp_path / "tasks.jsonl", "--model", "none", "--json"], capture_output=True, text=True, timeout=120)
    assert run.returncode == DONE and json.loads(run.stdout)["runs"][0]["name"] == "none", run.stderr


def test_ctrl_c_leaves_nothing(tmp_path):
    write(tmp_path, [{**PYTHON, "task_id": "Python/0/L0"}], ["    import time; time.sleep(60)"])
    run = subprocess.Popen([program(), "evaluate", "--tasks", tmp_path / "tasks.jsonl", "--engine", f"scripted:{tmp_path / 'script.json'}", "--timeout", "60"], stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 20
    while not list((tmp_path / "temporary").glob("*/main.py")) and time.monotonic() < until:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    assert "cancelled" in run.communicate(timeout=10)[1] and run.returncode == FAILED


@pytest.mark.parametrize("text,words", [
    ("", ["holds no task"]), ("{\n", ["tasks.jsonl:1"]), ('{"task_id": "Python/0"}\n', ["tasks.jsonl:1", "'prompt'"]),
    (json.dumps({**PYTHON, "task_id": "Python/0/L0"}) + "\n[]\n", ["tasks.jsonl:2", "'task_id'"]), (json.dumps({**PYTHON, "task_id": 5}), ["'task_id'", "a string"])])
def test_files_that_are_none(tmp_path, text, words):
    write(tmp_path, [], [])
    (tmp_path / "tasks.jsonl").write_text(text)
    run = evaluate(tmp_path)
    assert run.returncode == FAILED and run.stdout == ""
    for word in words:
        assert word in run.stderr, run.stderr


def test_wrong_use(tmp_path):
    write(tmp_path, [{**PYTHON, "task_id": "Python/0/L0"}], [""])
    assert evaluate(tmp_path, tmp_path).returncode == WRONG_USE
    assert evaluate(tmp_path, "--mode", "both").returncode == WRONG_USE
    assert subprocess.run([program(), "evaluate"], capture_output=True).returncode == WRONG_USE
    (tmp_path / "tasks.jsonl").write_bytes(b"\x1f\x8b nothing")
    assert "expected JSON lines, or those packed by gzip" in evaluate(tmp_path).stderr
