"""`rigpilot model pull` against a hub on loopback: what is fetched and what is not, by which name, with whose token. About 10 s."""

import json
import pathlib

import pytest
from hub_server import COMMIT, Hub, circle, status
from pulling import DONE, NEEDED, REPOSITORY, SMALL, WEIGHTS, WRONG_USE, data_requests, place, pulled, refused, whole  # noqa: F401


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
    assert [(model["name"], model["format"], model["where"]) for model in listed["models"] if model["where"] != "program"] == [("me/tiny", "safetensors", "store")]


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
        assert [model["name"] for model in json.loads(place.run("list", "--json").stdout_text)["models"][1:]] == ["me/m-GGUF"]
        assert pulled(place.pull(hub, "me/m-GGUF:q2_k"))["name"] == "me/m-GGUF:m.Q2_K"
        assert [model["name"] for model in json.loads(place.run("list", "--json").stdout_text)["models"][1:]] == ["me/m-GGUF:m.Q2_K", "me/m-GGUF:m.Q4_K_M"]
        refused(place.pull(hub, "me/odd"), "a.gguf", "b.gguf", "me/odd:FILE")
        refused(place.pull(hub, "me/m-GGUF:README.md"), "README.md")
        assert pulled(place.pull(hub, "me/one"))["name"] == "me/one"
        for name in ("me/m-GGUF:m.Q2_K", "me/m-GGUF", "me/one"):
            assert place.run("remove", name, "--yes").returncode == DONE, name
        assert not list(place.store.iterdir())
