"""`rigpilot model pull` against a hub on loopback that does what real ones do on a bad day; then list and remove."""

import email.utils
import json
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest
from hub_server import COMMIT, Hub, circle, cut, garbled, length, status, wrong_range

RIGPILOT = os.environ["RIGPILOT"]
DONE, FAILED, WRONG_USE = 0, 1, 2
WEIGHTS = random.Random(1).randbytes(5_000_000)
SMALL = {"config.json": b'{"model_type": "llama"}', "tokenizer.json": b"{}" * 900, "generation_config.json": b"{}", "README.md": b"words"}
REPOSITORY = {**SMALL, "model.safetensors": WEIGHTS, "pytorch_model.bin": b"pickle" * 1000, "onnx/model.onnx": b"x", "flax_model.msgpack": b"x",
              "tf_model.h5": b"x"}
NEEDED = {"config.json", "tokenizer.json", "generation_config.json", "model.safetensors"}


class Place:
    """A user's folders, and rigpilot run in them."""

    def __init__(self, path):
        self.path, self.store, self.cache = path, path / "data/rigpilot/models", path / "hf/hub"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "http", "HTTP"))}
        self.env |= {"XDG_DATA_HOME": str(path / "data"), "HF_HOME": str(path / "hf"), "HOME": str(path)}

    def start(self, *arguments, **env):
        return subprocess.Popen([RIGPILOT, "model", *map(str, arguments)], env={**self.env, **env}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments, **env):
        process = self.start(*arguments, **env)
        process.stdout_text, process.stderr_text = process.communicate(timeout=60)
        return process

    def pull(self, hub, what="me/tiny", *more, **env):
        return self.run("pull", what, "--hub", hub.url, "--json", *more, **env)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def pulled(run):
    assert run.returncode == DONE, run.stderr_text
    return json.loads(run.stdout_text)


def refused(run, *words, code=FAILED):
    assert (run.returncode, run.stdout_text) == (code, ""), run.stderr_text
    last = run.stderr_text.splitlines()[0 if code == WRONG_USE else -1]
    for word in words:
        assert word in last, f"'{word}' is not in: {run.stderr_text}"


def whole(place, files=REPOSITORY, needed=NEEDED, name="me/tiny"):
    folder = place.store / name
    assert {file.name for file in folder.iterdir() if not file.name.startswith(".")} == set(needed)
    for file in needed:
        assert (folder / file).read_bytes() == files[file], f"{file} differs"
    assert not list(place.store.rglob("*.part")), "something is left of the way there"


def data_requests(hub, file="model.safetensors"):
    return [headers for path, headers in hub.requests if path.split("?")[0].endswith(file) and "/api/" not in path]


@pytest.mark.parametrize("options", [{}, {"redirect_to": "."}, {"ranges": False}, {"tree_only": True}, {"sums": False}, {"sums": False, "redirect_to": "."}])
def test_only_what_is_needed(place, options):
    with Hub({"me/tiny": REPOSITORY}, **options) as hub:
        answer = pulled(place.pull(hub))
        assert answer["name"] == "me/tiny" and pathlib.Path(answer["path"]) == place.store / "me/tiny" and set(answer["files"]) == NEEDED
        whole(place)
        assert not [path for path, _ in hub.requests if "pytorch" in path or "onnx" in path or "README" in path]
        if options.get("ranges", True):
            assert len({headers["Range"] for headers in data_requests(hub) if "Range" in headers}) >= 4, "in parallel ranges"
        hub.requests.clear()
        again = place.pull(hub)
        if options.get("sums", True):
            assert pulled(again)["fetched"] == 0 and "already" not in again.stdout_text
            assert not data_requests(hub), "what is there is not fetched again"
    listed = json.loads(place.run("list", "--json").stdout_text)
    assert [(model["name"], model["format"], model["where"]) for model in listed["models"]] == [("me/tiny", "safetensors", "store")]


FAULTS = {
    "cut": [cut(10_000), None, cut(1), cut(0), cut(300_000)],
    "a length too long": [length(100), length(100)],
    "a length too short": [length(-100), length(-1)],
    "a wrong range": [wrong_range, wrong_range],
    "500, then fine": [status(500), status(503), status(502)],
    "429 in seconds": [status(429, {"Retry-After": "1"})],
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("redirect_to", [None, "."])
def test_faults_cost_time_only(place, name, redirect_to):
    with Hub({"me/tiny": REPOSITORY}, redirect_to=redirect_to) as hub:
        hub.faults["model.safetensors"] = list(FAULTS[name])
        hub.faults["config.json"] = list(FAULTS[name][:1]) if "range" not in name and name != "cut" else []
        pulled(place.pull(hub))
        whole(place)


def test_retry_after_is_waited_for(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        for in_seconds in (True, False):
            value = "2" if in_seconds else email.utils.formatdate(time.time() + 3, usegmt=True)
            hub.api_faults = [status(429, {"Retry-After": value})]
            start = time.monotonic()
            pulled(place.pull(hub))
            assert 1.5 < time.monotonic() - start < 6, value
        hub.api_faults = [status(429, {"Retry-After": "3600"})]
        refused(place.pull(hub), "60 minutes")


def test_a_server_that_never_recovers_is_given_up(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.faults["model.safetensors"] = [status(500)] * 100
        refused(place.pull(hub), "model.safetensors", "500")
        hub.faults.clear()
        pulled(place.pull(hub))
        whole(place)


def test_lies_about_lengths_for_good(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.lies["tokenizer.json"] = 5000  # the list of files says more than there is
        refused(place.pull(hub), "tokenizer.json")
        assert not (place.store / "me/tiny").exists()


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_wrong_checksums_are_thrown_away(place, file):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.wrong_sums.add(file)
        refused(place.pull(hub), file, "checksum")
        assert not (place.store / "me/tiny").exists()
        assert not list(place.store.rglob(f"{file}.part")), "a wrong file is not kept for the next run"
        hub.wrong_sums.clear()
        pulled(place.pull(hub))
        whole(place)


def test_garbled_bytes_are_noticed(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.faults["model.safetensors"] = [garbled]
        refused(place.pull(hub), "model.safetensors", "checksum")


@pytest.mark.parametrize("tree_only", [False, True])
def test_what_was_not_found_is_named(place, tree_only):
    with Hub({"me/tiny": REPOSITORY}, tree_only=tree_only) as hub:
        refused(place.pull(hub, "me/other"), "me/other", "repository")
        refused(place.pull(hub, "me/tiny@v9"), "me/tiny", "revision 'v9'")
        refused(place.pull(hub, "me/tiny:gone.gguf"), "gone.gguf")
        assert not list(place.store.rglob("*")) or not list(place.store.glob("me/*")), "nothing is left behind"


def test_gated_and_token(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.token = "hf_secret"
        refused(place.pull(hub), "HF_TOKEN", "gated")
        refused(place.pull(hub, HF_TOKEN="hf_wrong"), "HF_TOKEN is set")
        run = place.pull(hub, HF_TOKEN="hf_secret")
        pulled(run)
        whole(place)
        assert "hf_secret" not in run.stderr_text + run.stdout_text
        hub.api_faults = [status(403)]
        refused(place.pull(hub, HF_TOKEN="hf_secret"), "gated")


def test_the_token_stays_with_its_host(place):
    with Hub({"me/tiny": REPOSITORY}) as cdn, Hub({"me/tiny": REPOSITORY}, redirect_to=cdn.url) as hub:
        pulled(place.pull(hub, HF_TOKEN="hf_secret"))
        whole(place)
        assert all(headers.get("Authorization") == "Bearer hf_secret" for _, headers in hub.requests)
        assert cdn.requests and not [headers for _, headers in cdn.requests if "Authorization" in headers]
        asked = len(data_requests(hub))
        assert asked < len(data_requests(cdn)) or asked <= 4, "the redirect is remembered"


def test_redirects_in_a_circle(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.api_faults = [circle] * 50
        refused(place.pull(hub), "circle")
        hub.api_faults = []
        hub.faults["model.safetensors"] = [circle] * 50
        refused(place.pull(hub), "circle")


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "a/../../x", "a\0b", "a\\b", "", "a//b", "./a"])
def test_names_that_lead_away(place, name):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.extra_files = [name]
        refused(place.pull(hub), "leads out")
        assert not list(place.path.rglob("model.safetensors*"))


@pytest.mark.parametrize("what", ["tiny", "me/", "/tiny", "../x/y", "me/..", "me/tiny:", "me/tiny@", "me/ti ny", "me/tiny@a..b", "a/b/c"])
def test_wrong_use(place, what):
    refused(place.run("pull", what), "OWNER/NAME", code=WRONG_USE)


def test_offline(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        url = hub.url
        pulled(place.pull(hub))
    gone = place.run("pull", "me/other", "--hub", url)
    refused(gone, "cannot be reached", "me/other")
    assert gone.stderr_text.count("\n") == 1
    assert place.run("pull", "me/tiny", "--hub", url).returncode == DONE, "what is there is there"
    refused(place.run("pull", "me/other", HF_HUB_OFFLINE="1"), "HF_HUB_OFFLINE")
    assert not (place.store / "me/.other.part").exists()


def test_room_is_checked_first(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.lies["model.safetensors"] = 10**16
        refused(place.pull(hub), "10000000", "GB more", "free")
        assert not data_requests(hub)


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", range(4))
def test_stopped_at_a_random_moment(place, kind, moment):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.pace = 0.004
        process = place.start("pull", "me/tiny", "--hub", hub.url)
        time.sleep(random.Random(f"{kind}{moment}").uniform(0.05, 1.4))
        process.send_signal(kind)
        out, err = process.communicate(timeout=10)
        assert process.returncode in (DONE, FAILED, -kind), err
        if process.returncode == FAILED:
            assert "stopped" in err
        hub.pace = 0
        answer = pulled(place.pull(hub))
        whole(place)
        if process.returncode == FAILED and moment > 0:
            assert answer["fetched"] <= answer["bytes"]


def test_going_on_fetches_only_the_rest(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.pace = 0.004
        process = place.start("pull", "me/tiny", "--hub", hub.url)
        time.sleep(1.2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        assert process.returncode == FAILED
        (part,) = json.loads(place.run("list", "--json").stdout_text)["partial"]
        assert part["name"] == "me/tiny" and 0 < part["bytes"] < part["of"]
        assert "partial" in place.run("list").stdout_text
        hub.pace = 0
        answer = pulled(place.pull(hub))
        assert 0 < answer["fetched"] < len(WEIGHTS) - 100_000
        whole(place)


@pytest.mark.parametrize("sums", [True, False])
def test_a_file_that_changes_meanwhile(place, sums):
    with Hub({"me/tiny": dict(REPOSITORY)}, sums=sums) as hub:
        hub.pace = 0.004
        process = place.start("pull", "me/tiny", "--hub", hub.url)
        time.sleep(1.2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        assert process.returncode == FAILED
        hub.pace = 0
        other = {**REPOSITORY, "model.safetensors": WEIGHTS[::-1]}
        hub.repositories["me/tiny"], hub.commit = other, COMMIT[::-1]
        pulled(place.pull(hub))
        whole(place, other)


def test_a_new_revision_replaces_the_old_and_keeps_what_is_the_same(place):
    with Hub({"me/tiny": dict(REPOSITORY)}) as hub:
        pulled(place.pull(hub))
        hub.repositories["me/tiny"]["config.json"], hub.commit = b'{"model_type": "gpt2"}', COMMIT[::-1]
        assert pulled(place.pull(hub))["fetched"] < 1000
        whole(place, hub.repositories["me/tiny"])


def test_a_folder_of_the_users_is_left_alone(place):
    own = place.store / "me/tiny"
    own.mkdir(parents=True)
    (own / "notes.txt").write_text("mine")
    with Hub({"me/tiny": REPOSITORY}) as hub:
        refused(place.pull(hub), "stands in the way")
        assert not data_requests(hub)
    assert (own / "notes.txt").read_text() == "mine"


def test_shards(place):
    files = {**SMALL, "model.safetensors.index.json": json.dumps({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}).encode(),
             "one.safetensors": WEIGHTS[:3_000_000], "two.safetensors": WEIGHTS[3_000_000:], "other.safetensors": b"x"}
    needed = (NEEDED - {"model.safetensors"}) | {"model.safetensors.index.json", "one.safetensors", "two.safetensors"}
    with Hub({"me/tiny": files}) as hub:
        pulled(place.pull(hub))
        whole(place, files, needed)
    files["model.safetensors.index.json"] = json.dumps({"weight_map": {"a": "../../one.safetensors"}}).encode()
    with Hub({"me/evil": files}) as hub:
        refused(place.pull(hub, "me/evil"), "beside the index")


def test_pickles_get_a_sentence(place):
    with Hub({"me/old": {"config.json": b"{}", "pytorch_model.bin": WEIGHTS}}) as hub:
        refused(place.pull(hub, "me/old"), "pytorch_model.bin", "run code", "save_pretrained")
        assert not data_requests(hub, "pytorch_model.bin")


GGUFS = {"README.md": b"x", "m.Q8_0.gguf": WEIGHTS, "m.Q4_K_M.gguf": WEIGHTS[:2_000_000], "m.Q2_K.gguf": WEIGHTS[:1_000_000]}


def test_gguf_files(place):
    with Hub({"me/m-GGUF": GGUFS, "me/odd": {"a.gguf": b"1" * 10, "b.gguf": b"2" * 20}, "me/one": {"x.gguf": WEIGHTS[:1000]}}) as hub:
        run = place.pull(hub, "me/m-GGUF")
        assert pulled(run)["path"].endswith("me/m-GGUF/m.Q4_K_M.gguf") and "m.Q8_0.gguf" in run.stderr_text
        assert (place.store / "me/m-GGUF/m.Q4_K_M.gguf").read_bytes() == GGUFS["m.Q4_K_M.gguf"]
        assert [model["name"] for model in json.loads(place.run("list", "--json").stdout_text)["models"]] == ["me/m-GGUF"]
        assert pulled(place.pull(hub, "me/m-GGUF:q2_k"))["name"] == "me/m-GGUF:m.Q2_K"
        assert [model["name"] for model in json.loads(place.run("list", "--json").stdout_text)["models"]] == ["me/m-GGUF:m.Q2_K", "me/m-GGUF:m.Q4_K_M"]
        refused(place.pull(hub, "me/odd"), "a.gguf", "b.gguf", "me/odd:FILE")
        refused(place.pull(hub, "me/m-GGUF:README.md"), "README.md")
        assert pulled(place.pull(hub, "me/one"))["name"] == "me/one"
        for name in ("me/m-GGUF:m.Q2_K", "me/m-GGUF", "me/one"):
            assert place.run("remove", name, "--yes").returncode == DONE, name
        assert not list(place.store.iterdir())


def hf_cache(place, files, name="me/tiny"):
    """As huggingface_hub lays its cache out."""
    import hashlib
    from hub_server import blob_sha1
    root = place.cache / ("models--" + name.replace("/", "--"))
    (root / "refs").mkdir(parents=True)
    (root / "refs/main").write_text(COMMIT)
    (root / "blobs").mkdir()
    snapshot = root / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    for file, data in files.items():
        blob = hashlib.sha256(data).hexdigest() if len(data) >= 1000 else blob_sha1(data)
        (root / "blobs" / blob).write_bytes(data)
        (snapshot / file).symlink_to(pathlib.Path("../../blobs") / blob)
    return snapshot


CACHED = {name: REPOSITORY[name] for name in NEEDED}


def test_the_hugging_face_cache_is_used(place):
    snapshot = hf_cache(place, CACHED)
    listed = json.loads(place.run("list", "--json").stdout_text)["models"]
    assert [(model["name"], model["where"], model["path"]) for model in listed] == [("me/tiny", "hugging face cache", str(snapshot))]
    refused(place.run("remove", "me/tiny", "--yes"), "cache")
    with Hub({"me/tiny": REPOSITORY}) as hub:
        assert pulled(place.pull(hub))["fetched"] == 0
        assert not data_requests(hub)
        whole(place)
    assert (snapshot / "model.safetensors").read_bytes() == WEIGHTS, "the cache is as it was"
    assert place.run("remove", "me/tiny", "--yes").stdout_text.endswith(" kB freed\n"), "the cache holds the bytes"


def test_the_hugging_face_cache_offline_and_damaged(place):
    snapshot = hf_cache(place, CACHED)
    assert place.run("pull", "me/tiny", HF_HUB_OFFLINE="1").returncode == DONE
    whole(place)
    place.run("remove", "me/tiny", "--yes")
    blob = (snapshot / "model.safetensors").resolve()
    blob.write_bytes(WEIGHTS[:-1] + b"!")
    refused(place.run("pull", "me/tiny", HF_HUB_OFFLINE="1"), "model.safetensors", "damaged")
    with Hub({"me/tiny": REPOSITORY}) as hub:
        assert pulled(place.pull(hub))["fetched"] == len(WEIGHTS)
        whole(place)


def test_two_at_once(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.pace = 0.004
        first = place.start("pull", "me/tiny", "--hub", hub.url)
        time.sleep(0.6)
        refused(place.pull(hub), "another rigpilot")
        hub.pace = 0
        assert first.wait(timeout=30) == DONE
        whole(place)


def test_remove(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        pulled(place.pull(hub))
    refused(place.run("remove", "me/tiny"), "--yes", code=WRONG_USE)
    for name in ("me", "me/other", "../../x", str(place.store / "me/tiny"), "."):
        refused(place.run("remove", name, "--yes"), "store")
    outside = place.path / "outside"
    outside.mkdir()
    (outside / "config.json").write_text("{}")
    (place.store / "linked").symlink_to(outside)
    (place.store / "away").symlink_to(place.path)
    refused(place.run("remove", "away/outside", "--yes"), "out of the store")
    assert place.run("remove", "linked", "--yes").returncode == DONE
    assert (outside / "config.json").exists() and not (place.store / "linked").is_symlink()
    run = place.run("remove", "me/tiny", "--yes")
    assert run.returncode == DONE and "5.0 MB freed" in run.stdout_text
    assert not (place.store / "me").exists()


def test_asks_on_a_terminal(place):
    import pty
    with Hub({"me/tiny": REPOSITORY}) as hub:
        pulled(place.pull(hub))
    for answer, code in ((b"n\n", FAILED), (b"y\n", DONE)):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([RIGPILOT, "model", "remove", "me/tiny"], env=place.env, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.write(ours, answer)
        _, err = process.communicate(timeout=10)
        os.close(ours), os.close(theirs)
        assert process.returncode == code and b"Remove me/tiny" in err
        assert (place.store / "me/tiny").exists() == (code == FAILED)
