"""What stands around a pull: the Hugging Face cache it takes files from, the terminal it draws on, `model list` and `remove`; and a hub
over TLS with an authority of its own. About 10 s."""

import json
import os
import pathlib
import pty
import shutil
import subprocess
import threading

import pytest
from hub_server import COMMIT, Hub
from pulling import DONE, FAILED, NEEDED, REPOSITORY, RIGPILOT, WEIGHTS, WRONG_USE, data_requests, place, pulled, refused, whole  # noqa: F401
from tiny_models import hf_folder


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
    assert [(model["name"], model["where"], model["path"]) for model in listed if model["where"] != "program"] == [("me/tiny", "hugging face cache", str(snapshot))]
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


def test_a_cached_model_is_one_by_its_name_without_a_pull(place):
    made = hf_folder(place.path / "made")
    hf_cache(place, {file.name: file.read_bytes() for file in made.iterdir()})
    for model in ("me/tiny", made):
        run = subprocess.run([RIGPILOT, "tokens", "--model", model, "-", "--json"], input="return", capture_output=True, text=True, env=place.env)
        assert run.returncode == DONE and len(json.loads(run.stdout)["ids"]) == 1, run.stderr
    assert not place.store.exists(), "nothing is copied"


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


def test_the_progress_bar_on_a_terminal(place):
    ours, theirs = pty.openpty()
    drawn = []

    def read():
        while True:
            try:
                drawn.append(os.read(ours, 4096).decode())
            except OSError:  # the terminal has no other side any more
                return

    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.pace = 0.004
        process = subprocess.Popen([RIGPILOT, "model", "pull", "me/tiny", "--hub", hub.url], env=place.env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        reader = threading.Thread(target=read)
        reader.start()
        out, _ = process.communicate(timeout=60)
        reader.join()
        os.close(ours)
    assert process.returncode == DONE and b"\x1b" not in out, "what is drawn goes to the terminal, results to stdout"
    bars = [line for line in "".join(drawn).split("\r\x1b[K") if line.startswith("fetching [")]  # then it checks
    percents = [int(line.split("] ")[1].split("%")[0]) for line in bars]
    assert len(percents) >= 5 and percents == sorted(percents) and percents[-1] >= 90, bars
    assert all("MB" in bar for bar in bars[1:]), "how much of how much"
    assert "".join(drawn).rstrip().endswith("\r\x1b[K") or "[" not in "".join(drawn).split("\r\x1b[K")[-1], "the bar is wiped at the end"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=hub",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_over_tls(place, authority, name):
    with Hub({"me/tiny": REPOSITORY}, tls=authority) as hub:
        assert hub.url.startswith("https://")
        pulled(place.pull(hub, HF_TOKEN="hf_secret", **{name: str(authority[0])}))
        whole(place)
        assert hub.requests and all(headers.get("Authorization") == "Bearer hf_secret" for _, headers in hub.requests)


def test_a_certificate_nobody_vouches_for_ends_the_pull(place, authority):
    with Hub({"me/tiny": REPOSITORY}, tls=authority) as hub:
        refused(place.pull(hub, HF_TOKEN="hf_secret"), "certificate", hub.url)
        assert not hub.requests, "the token is not shown to a stranger"
        refused(place.pull(hub, CURL_CA_BUNDLE=str(place.path / "absent.pem")), "absent.pem")
