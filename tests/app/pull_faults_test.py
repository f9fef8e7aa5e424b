"""`rigpilot model pull` against a hub on loopback that does what real ones do on a bad day: cuts, lies, stalls, wrong sums; and pulls
that are stopped on the way. About 40 s."""

import email.utils
import json
import random
import signal
import time

import pytest
from hub_server import COMMIT, Hub, cut, garbled, length, stall, status, wrong_range
from pulling import DONE, FAILED, REPOSITORY, WEIGHTS, WRONG_USE, data_requests, place, pulled, refused, whole  # noqa: F401


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


def test_a_server_that_falls_silent_is_left(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.faults["model.safetensors"] = [stall(50_000), None, stall(0)]
        hub.api_faults = [stall(0)]
        start = time.monotonic()
        pulled(place.pull(hub, HF_HUB_DOWNLOAD_TIMEOUT="1"))
        assert 2 < time.monotonic() - start < 15, "a second of silence each, and no more"
        whole(place)
    for value in ("0", "-3", "soon", "1e9"):
        refused(place.run("pull", "me/tiny", HF_HUB_DOWNLOAD_TIMEOUT=value), "HF_HUB_DOWNLOAD_TIMEOUT", "seconds", code=WRONG_USE)


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


def test_two_at_once(place):
    with Hub({"me/tiny": REPOSITORY}) as hub:
        hub.pace = 0.004
        first = place.start("pull", "me/tiny", "--hub", hub.url)
        time.sleep(0.6)
        refused(place.pull(hub), "another rigpilot")
        hub.pace = 0
        assert first.wait(timeout=30) == DONE
        whole(place)
