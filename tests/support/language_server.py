"""A language server that does what a test tells it, to stand behind `rigpilot lsp --mux`: python language_server.py SPEC.

SPEC is JSON: {"capabilities": {...}, "answers": {method: result}}; any other request is answered {"echo": method}. Requests for tests:
test/received (every message so far), test/ask {"message"} (sends it, answers with what comes back for its id), test/say {"messages"}
(sends them as they are), test/bytes {"text"} (writes it raw, answers nothing), test/sleep {"seconds"}, test/big {"size"}, test/end {"signal" or "code"}.
"""

import json
import os
import sys
import time


def read(stream):
    length = None
    while (line := stream.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return None if length is None else json.loads(stream.read(length))


def write(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sys.stdout.buffer.flush()


def main():
    spec = json.loads(sys.argv[1])
    received, waiting, down = [], {}, False
    print("the language server is here", file=sys.stderr, flush=True)
    while (message := read(sys.stdin.buffer)) is not None:
        received.append(message)
        method, params, id = message.get("method"), message.get("params") or {}, message.get("id")
        if method is None:
            if json.dumps(id) in waiting:
                write({"id": waiting.pop(json.dumps(id)), "result": message})
        elif method == "exit":
            sys.exit(0 if down else 1)
        elif method == "test/bytes":
            sys.stdout.buffer.write(params["text"].encode())
            sys.stdout.buffer.flush()
        elif method == "test/sleep":
            time.sleep(params["seconds"])
            if id is not None:
                write({"id": id, "result": None})
        elif method == "test/end":
            if "signal" in params:
                os.kill(os.getpid(), params["signal"])
            os._exit(params["code"])
        elif method == "test/say":
            for each in params["messages"]:
                write(each)
            if id is not None:
                write({"id": id, "result": None})
        elif method == "test/ask":
            waiting[json.dumps(params["message"]["id"])] = id
            write(params["message"])
        elif id is None:
            pass
        elif method == "test/received":
            write({"id": id, "result": received})
        elif method == "initialize":
            write({"id": id, **spec.get("initialize", {"result": {"capabilities": spec.get("capabilities", {}), "serverInfo": {"name": "fake"}}})})
        elif method == "test/big":
            write({"id": id, "result": "z" * params["size"]})
        elif method == "shutdown":
            down = True
            if not spec.get("mute_shutdown"):
                write({"id": id, "result": None})
        elif method == "test/silence":
            pass
        else:
            write({"id": id, "result": spec.get("answers", {}).get(method, {"echo": method})})


if __name__ == "__main__":
    main()
