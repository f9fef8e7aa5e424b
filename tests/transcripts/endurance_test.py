"""What a session costs and survives: typing storms, memory, time to answer, work while idle, and every way to end."""

import io
import json
import os
import statistics
import pathlib
import random
import subprocess
import sys
import time

import pytest

from lsp_client import LspClient, frame, program, read_frame

URI = "file:///storm.py"


def sanitized():
    """Sanitizers keep freed memory and take their time."""
    binary = pathlib.Path(program()).read_bytes()
    return b"__asan_init" in binary or b"__tsan_init" in binary


SANITIZED = sanitized()


def resident_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def type_line(client, rng, line, version, keys):
    """Types `keys` characters at the end of a line, asking after each, cancelling some, out of order; the ids asked."""
    ids, column = [], 0
    for _ in range(keys):
        client.change(URI, version, (line, column, line, column, "x"))
        version, column = version + 1, column + 1
        ids.append(client.start_inline(URI, line, column))
        for _ in range(rng.choice([0, 0, 1, 2])):
            client.cancel(rng.choice(ids[-5:]))
    return ids, version


def test_a_storm_of_a_thousand_keystrokes(tmp_path):
    rng = random.Random(1)
    script = {"ms_per_token": 1, "prefill_ms_per_token": 0.01, "replies": [{"prefix_ends": "x" * 50, "text": "_and_the_rest"}]}
    with LspClient.scripted(script, tmp_path, "--log-level", "error") as client:
        client.initialize()
        client.open(URI, "\n" * 21)
        version, sizes, ids = 2, [], []
        for line in range(20):
            more, version = type_line(client, rng, line, version, 50)
            ids += more
            client.request("workspace/executeCommand", {"command": "rigpilot.didAccept"})  # all before it has been read
            sizes.append(resident_kb(client.process.pid))
        last = client.start_inline(URI, 19, 50)
        items = client.reply(last)["result"]["items"]
        assert [item["insertText"] for item in items] == ["_and_the_rest"]
        assert client.shut_down() == 0
        assert not client.unanswered()
        for id in ids:
            reply = client.reply(id)
            assert reply.get("error", {}).get("code", -32800) == -32800, reply
            assert "error" in reply or isinstance(reply["result"]["items"], list)
        if not SANITIZED:
            assert max(sizes[10:]) - max(sizes[:5]) < 4096, f"it grows, in KB: {sizes}"


def test_opened_and_closed_documents_are_freed(tmp_path):
    text = "x = 1\n" * 50_000
    with LspClient.scripted({}, tmp_path, "--log-level", "error") as client:
        client.initialize()
        sizes = []
        for i in range(60):
            client.open(f"file:///{i}.py", text)
            client.inline(f"file:///{i}.py", 2, 5)
            client.notify("textDocument/didClose", {"textDocument": {"uri": f"file:///{i}.py"}})
            sizes.append(resident_kb(client.process.pid))
        assert client.shut_down() == 0
        if not SANITIZED:
            early, late = statistics.median(sizes[15:30]), statistics.median(sizes[-15:])  # what an allocator gives back, and when, is its own affair
            assert late - early < 3 * len(text) / 1024, f"it grows, in KB: {sizes}"


def test_initialize_is_answered_within_a_tenth_of_a_second(tmp_path):
    times = []
    for _ in range(5):
        with LspClient.scripted({"load_ms": 3000}, tmp_path) as client:
            client.request("initialize", {"processId": os.getpid(), "capabilities": {}})
            times.append(time.monotonic() - client.started_at)
            client.notify("initialized", {})
            began = time.monotonic()
            assert client.shut_down() == 0
            assert time.monotonic() - began < 1, "loading is not stopped by shutdown"
    assert min(times) < (1 if SANITIZED else 0.1), f"seconds: {times}"


def test_an_idle_server_does_nothing(tmp_path):
    with LspClient.scripted({"replies": ["y"]}, tmp_path) as client:
        client.initialize(processId=os.getpid())  # our own process: the one it watches
        client.open(URI, "x = ")
        client.inline(URI, 0, 4)
        time.sleep(0.2)
        before, began = cpu_seconds(client.process.pid), time.monotonic()
        time.sleep(6)
        share = (cpu_seconds(client.process.pid) - before) / (time.monotonic() - began)
        assert share < 0.01, f"{share:.1%} of a processor"
        assert client.shut_down() == 0


def test_a_cancel_frees_the_engine_at_once(tmp_path):
    script = {"prefill_ms_per_token": 1, "prefill_chunk": 32, "replies": [{"prefix_ends": "quick ", "text": "yes"}]}
    with LspClient.scripted(script, tmp_path) as client:
        client.initialize()
        client.open(URI, "".join(f"line_{i} = {i}\n" for i in range(2000)) + "z")
        client.open("file:///b.py", "quick ")
        slow = client.start_inline(URI, 2000, 1, 1)
        time.sleep(0.1)
        began = time.monotonic()
        client.cancel(slow)
        assert client.reply(slow)["error"]["code"] == -32800
        assert client.inline("file:///b.py", 0, 6, 1)
        assert time.monotonic() - began < 0.5, "the long prefill went on"
        assert client.shut_down() == 0


def run_script(data, *args, timeout=30):
    """Everything at once on stdin, then the end of input: (exit code, messages)."""
    done = subprocess.run([program(), "lsp", *args], input=data, capture_output=True, timeout=timeout)
    stream = io.BytesIO(done.stdout)
    messages = []
    while (message := read_frame(stream)) is not None:
        messages.append(message)
    return done.returncode, {json.dumps(m.get("id")): m for m in messages if "method" not in m}


def call(method, params=None, id=None):
    message = {"jsonrpc": "2.0", "method": method}
    if id is not None:
        message["id"] = id
    if params is not None:
        message["params"] = params
    return frame(message)


HELLO = call("initialize", {"capabilities": {}}, 1) + call("initialized", {})
OPEN = call("textDocument/didOpen", {"textDocument": {"uri": URI, "languageId": "python", "version": 1, "text": "x = "}})
ASK = call("textDocument/inlineCompletion", {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 4}, "context": {"triggerKind": 1}}, 2)
BYE = call("shutdown", None, 3) + call("exit")


@pytest.fixture
def engine(tmp_path):
    file = tmp_path / "script.json"
    file.write_text(json.dumps({"load_ms": 700, "replies": [{"prefix_ends": "x = ", "text": "42"}]}))
    return ["--engine", f"scripted:{file}"]


def test_a_session_from_printf(engine):
    code, replies = run_script(HELLO + OPEN + ASK + BYE, *engine)
    assert code == 0
    assert [item["insertText"] for item in replies["2"]["result"]["items"]] == ["42"]
    assert replies["3"]["result"] is None


def test_a_session_typed_by_hand(engine):
    """Header lines that end in \\n alone, as `printf` and here-documents make them."""
    code, replies = run_script((HELLO + OPEN + ASK + BYE).replace(b"\r\n\r\n", b"\n\n"), *engine)
    assert code == 0
    assert replies["2"]["result"]["items"]


@pytest.mark.parametrize("name,data,code", [
    ("nothing", b"", 1),
    ("no shutdown", HELLO + call("exit"), 1),
    ("no exit, no shutdown", HELLO + OPEN, 1),
    ("exit alone", call("exit"), 1),
    ("shutdown, then the end", HELLO + call("shutdown", None, 3), 0),
    ("half a header", HELLO + b"Content-Le", 1),
    ("half a body", HELLO + b"Content-Length: 50\r\n\r\n{", 1),
    ("zeros", bytes(100_000), 1),
    ("text", b"hello\n" * 1000, 1),
    ("nothing but nonsense", b"Content-Length: 1\r\n\r\n{" * 10_000, 1),
    ("a bracket a million deep", HELLO + frame(b"[" * 1_000_000) + BYE, 0),
    ("a long line", HELLO + call("textDocument/didOpen", {"textDocument": {"uri": URI, "languageId": "", "version": 1, "text": "x" * 5_000_000}}) + BYE, 0),
], ids=lambda v: v if isinstance(v, str) else "")
def test_how_it_ends(engine, name, data, code):
    assert run_script(data, *engine)[0] == code


def test_a_client_that_stops_reading_does_not_keep_it(tmp_path, engine):
    """Its output pipe is full and stays so; at the end of input it leaves all the same."""
    process = subprocess.Popen([program(), "lsp", *engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdin.write(HELLO + b"".join(call("$/nothing", {}, i) for i in range(10, 3000)))
    process.stdin.close()
    assert process.wait(20) == 1
    process.stdout.close()


def test_a_client_whose_pipe_breaks_ends_it(engine):
    process = subprocess.Popen([program(), "lsp", *engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.close()
    process.stdin.write(HELLO)
    process.stdin.flush()
    assert process.wait(20) == 1
    process.stdin.close()


PARENT = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:])
print(child.pid, file=sys.stderr, flush=True)
child.wait()
"""


@pytest.mark.parametrize("told,ends", [("parent", True), ("nobody", False)])
def test_the_parents_end_is_seen_even_if_the_pipe_stays_open(engine, told, ends):
    """A process id that is not our parent's means nothing: it may be from another container."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, program(), "lsp", *engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    server = int(parent.stderr.readline())
    try:
        pid = parent.pid if told == "parent" else 2**22 + 1
        parent.stdin.write(call("initialize", {"capabilities": {}, "processId": pid}, 1))
        parent.stdin.flush()
        assert read_frame(parent.stdout)["id"] == 1
        parent.kill()
        parent.wait()
        until = time.monotonic() + 7
        while running(server) and time.monotonic() < until:
            time.sleep(0.1)
        assert running(server) != ends
    finally:
        parent.stdin.close()
        until = time.monotonic() + 5
        while running(server) and time.monotonic() < until:
            time.sleep(0.05)
        parent.stdout.close()
        parent.stderr.close()
    assert not running(server), "the end of input did not end it"


def running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
