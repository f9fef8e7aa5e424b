"""A hub on loopback with the Hugging Face HTTP layout, and a store of faults that real networks have.

    with Hub({"me/tiny": {"config.json": b"...", "model.safetensors": b"..."}}) as hub:
        hub.faults["model.safetensors"] = [cut(1000)]      # one fault a request, in turn; then all is well
        subprocess.run([rigpilot, "model", "pull", "me/tiny", "--hub", hub.url])
        hub.requests                                       # [(path, headers), ...] of this server

A fault is a function (handler, body, start) -> True if it has answered.
"""

import hashlib
import http.server
import json
import re
import ssl
import threading
import time
import urllib.parse

COMMIT = "c0ffee" * 6 + "abcd"


def blob_sha1(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub:
    def __init__(self, repositories, lfs_from=1000, redirect_to=None, ranges=True, tree_only=False, sums=True, tls=None):
        self.repositories, self.lfs_from, self.redirect_to, self.ranges, self.tree_only, self.sums = repositories, lfs_from, redirect_to, ranges, tree_only, sums
        self.faults, self.api_faults, self.requests, self.wrong_sums, self.lies = {}, [], [], set(), {}
        self.extra_files, self.pace, self.commit, self.token = [], 0, COMMIT, None
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                hub.requests.append((self.path, dict(self.headers)))
                try:
                    hub.answer(self)
                except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                    self.close_connection = True

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:  # certificate and key
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def entry(self, name, data):
        size = self.lies.get(name, len(data))
        out = {"size": size}
        if not self.sums:
            return out
        out["oid"] = out["blobId"] = blob_sha1(data)
        if len(data) >= self.lfs_from:
            digest = hashlib.sha256(b"other" if name in self.wrong_sums else data).hexdigest()
            out["lfs"] = {"oid": digest, "sha256": digest, "size": size, "pointerSize": 134}
        elif name in self.wrong_sums:
            out["oid"] = out["blobId"] = blob_sha1(b"other")
        return out

    def answer(self, handler):
        path = urllib.parse.urlsplit(handler.path).path
        if self.token and path.startswith("/api/") and handler.headers.get("Authorization") != f"Bearer {self.token}":
            return reply(handler, 401, b"{}", {"X-Error-Code": "GatedRepo"})
        if path.startswith("/api/") and self.api_faults:
            fault = self.api_faults.pop(0)
            if fault(handler, b"[]", 0):
                return None
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?", path):
            return self.list(handler, *match.groups())
        if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self.resolve(handler, match[1], urllib.parse.unquote(match[3]))
        if path.startswith("/cdn/"):
            _, _, owner, name, file = path.split("/", 4)
            return self.send(handler, urllib.parse.unquote(file), self.repositories[f"{owner}/{name}"][urllib.parse.unquote(file)])
        return reply(handler, 404, b"")

    def list(self, handler, repository, kind, revision):
        files = self.repositories.get(repository)
        if files is None:
            return reply(handler, 404, b"{}", {} if self.tree_only else {"X-Error-Code": "RepoNotFound"})
        if kind and urllib.parse.unquote(revision) not in ("main", self.commit):
            return reply(handler, 404, b"{}", {} if self.tree_only else {"X-Error-Code": "RevisionNotFound"})
        names = [(name, self.entry(name, data)) for name, data in files.items()] + [(name, {"size": 1}) for name in self.extra_files]
        if kind == "revision" and self.tree_only:
            return reply(handler, 404, b"")
        if kind == "tree":
            return reply(handler, 200, json.dumps([{"type": "directory", "path": "d", "size": 0}] + [{"type": "file", "path": n, **e} for n, e in names]).encode())
        return reply(handler, 200, json.dumps({"id": repository, "sha": self.commit, "siblings": [{"rfilename": n, **e} for n, e in names]}).encode())

    def resolve(self, handler, repository, file):
        data = self.repositories.get(repository, {}).get(file)
        if data is None:
            return reply(handler, 404, b"", {"X-Error-Code": "EntryNotFound"})
        if self.redirect_to and len(data) >= self.lfs_from:
            place = "/cdn/" + repository + "/" + urllib.parse.quote(file)
            return reply(handler, 302, b"over there", {"Location": (self.redirect_to if self.redirect_to != "." else "") + place + "?signature=secret",
                                                       "X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Linked-Size": str(len(data)),
                                                       "X-Repo-Commit": self.commit})
        return self.send(handler, file, data)

    def send(self, handler, file, data):
        start, end = 0, len(data)
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers.get("Range", ""))
        partial = self.ranges and match and handler.headers.get("If-Range", etag) == etag
        if partial:
            start, end = int(match[1]), min(int(match[2]) + 1, len(data))
        body = data[start:end]
        if self.faults.get(file):
            fault = self.faults[file].pop(0)
            if fault and fault(handler, body, start):
                return None
        headers = {"ETag": etag} | ({"Content-Range": f"bytes {start}-{end - 1}/{len(data)}"} if partial else {})
        return reply(handler, 206 if partial else 200, body, headers, pace=self.pace)


def reply(handler, status, body, headers=(), length=None, send=None, pace=0):
    handler.send_response(status)
    for name, value in dict(headers).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    body = body if send is None else body[:send]
    step = len(body) if not pace else 4096
    for at in range(0, len(body), step or 1):
        handler.wfile.write(body[at:at + step])
        if pace:
            handler.wfile.flush()
            time.sleep(pace)


def part_headers(body, start, total):
    return {"Content-Range": f"bytes {start}-{start + len(body) - 1}/{total}"}


def cut(after):
    """Promises everything and hangs up after some bytes."""
    def fault(handler, body, start):
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers.get("Range", ""))
        total = handler.headers.get("X-Total", "*")
        headers = {"Content-Range": f"bytes {start}-{start + len(body) - 1}/{total}"} if match else {}
        reply(handler, 206 if match else 200, body, headers, send=after)
        handler.wfile.flush()
        handler.close_connection = True
        return True
    return fault


def stall(after, seconds=20):
    """Promises everything, sends some bytes and then nothing for long."""
    def fault(handler, body, start):
        ranged = "Range" in handler.headers
        headers = {"Content-Range": f"bytes {start}-{start + len(body) - 1}/*"} if ranged else {}
        reply(handler, 206 if ranged else 200, body, headers, length=len(body) + 1, send=after)
        handler.wfile.flush()
        time.sleep(seconds)
        handler.close_connection = True
        return True
    return fault


def length(change):
    """A Content-Length that is not the body's."""
    def fault(handler, body, start):
        ranged = "Range" in handler.headers
        headers = {"Content-Range": f"bytes {start}-{start + len(body) - 1}/*"} if ranged else {}
        reply(handler, 206 if ranged else 200, body, headers, length=len(body) + change, send=min(len(body), len(body) + change))
        handler.wfile.flush()
        handler.close_connection = True
        return True
    return fault


def wrong_range(handler, body, start):
    reply(handler, 206, body, {"Content-Range": f"bytes {start + 7}-{start + 6 + len(body)}/*"})
    return True


def status(code, headers=()):
    def fault(handler, _body, _start):
        reply(handler, code, b"busy", headers)
        return True
    return fault


def circle(handler, _body, _start):
    reply(handler, 302, b"", {"Location": handler.path})
    return True


def garbled(handler, body, start):
    ranged = "Range" in handler.headers
    reply(handler, 206 if ranged else 200, bytes(len(body)), {"Content-Range": f"bytes {start}-{start + len(body) - 1}/*"} if ranged else {})
    return True
