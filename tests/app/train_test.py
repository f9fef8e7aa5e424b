"""Training through the command: a vocabulary equal to the reference's, a model that transformers loads, a kill that loses nothing."""

import hashlib
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest
import tokenizers
import torch
import transformers

RIGPILOT = os.environ["RIGPILOT"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
DONE, FAILED, WRONG_USE = 0, 1, 2


def rigpilot(*arguments):
    return subprocess.run([RIGPILOT, *map(str, arguments)], capture_output=True, timeout=600)


def answer(*arguments):
    run = rigpilot(*arguments, "--json")
    assert run.returncode == DONE, run.stderr.decode()
    return json.loads(run.stdout)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """This program's own sources: code of several languages, always at hand."""
    path = tmp_path_factory.mktemp("corpus") / "000.jsonl"
    files = sorted(p for folder in ("base", "tokenizer", "lsp", "tests/support", "editors/neovim/lua") for p in (ROOT / folder).rglob("*")
                   if p.suffix in (".h", ".cpp", ".py", ".lua"))
    assert len(files) > 100
    with open(path, "w", encoding="utf-8") as shard:
        for file in files:
            shard.write(json.dumps({"repo": "rigpilot", "path": file.relative_to(ROOT).as_posix(), "text": file.read_text(encoding="utf-8")}) + "\n")
    return path


def documents(corpus):
    return [json.loads(line)["text"] for line in corpus.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("cuts", ["code", "gpt2", "starcoder"])
def test_merges_equal_the_reference_trainer_s(corpus, tmp_path, cuts):
    answer("train-tokenizer", corpus, "--vocab", 2000, "--cuts", cuts, "--threads", 2, "--out", tmp_path / "tokenizer.json")
    ours = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    steps = [tokenizers.pre_tokenizers.Split(tokenizers.Regex(step["pattern"]["Regex"]), "isolated")
             for step in ours["pre_tokenizer"]["pretokenizers"] if step["type"] == "Split"]
    reference = tokenizers.Tokenizer(tokenizers.models.BPE())
    reference.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([*steps, tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=2000, min_frequency=2, special_tokens=[token["content"] for token in ours["added_tokens"]],
                                             initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    reference.train_from_iterator(documents(corpus), trainer)
    theirs = json.loads(reference.to_str())
    assert [tuple(m) for m in ours["model"]["merges"]] == [tuple(m) for m in theirs["model"]["merges"]]
    assert ours["model"]["vocab"] == theirs["model"]["vocab"]


def test_both_libraries_read_the_vocabulary_alike(corpus, tmp_path):
    answer("train-tokenizer", corpus, "--vocab", 1500, "--out", tmp_path)
    reference = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    reference.encode_special_tokens = True  # what looks like a marker is text
    for text in documents(corpus)[::9]:
        (tmp_path / "text").write_text(text, encoding="utf-8", newline="")
        ids = answer("tokens", "--model", tmp_path, tmp_path / "text")["ids"]
        assert ids == reference.encode(text, add_special_tokens=False).ids
    assert not [token for token in reference.get_vocab() if "Ċ" in token and len(token) > 1], "no token reaches across a line's end"
    assert not [token for token in reference.get_vocab() if sum(map(str.isdigit, token)) > 1], "digits stand alone"


SHAPE = {"model_type": "llama", "vocab_size": 1, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": True}


@pytest.fixture(scope="session")
def vocabulary(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vocabulary")
    answer("train-tokenizer", corpus, "--vocab", 600, "--out", folder)
    (folder / "shape.json").write_text(json.dumps(SHAPE))
    return folder


def settings(corpus, vocabulary, **more):
    options = {"tokenizer": vocabulary, "config": vocabulary / "shape.json", "context": 64, "steps": 24, "warmup": 4, "decay": 8, "step-tokens": 512,
               "micro-tokens": 256, "validation": corpus, "validation-tokens": 500, "validate-every": 10, "threads": 2, **more}
    return [corpus, *[part for name, value in options.items() for part in (f"--{name}", value)]]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def metrics(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "tokens_per_second"} for line in lines]


@pytest.mark.parametrize("optimizer,dtype", [("muon", "bf16"), ("adamw", "f32")])
def test_killed_and_resumed_it_is_as_if_it_had_never_stopped(corpus, vocabulary, tmp_path, optimizer, dtype):
    arguments = settings(corpus, vocabulary, optimizer=optimizer, dtype=dtype, **{"checkpoint-minutes": 0})
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = answer("train", *arguments, "--out", whole)
    assert done["finished"] and done["steps"] == 24
    kills = 0
    for wanted in (3, 11):
        resume = ["--resume", "--out", killed] if kills else [*arguments, "--out", killed]
        child = subprocess.Popen([RIGPILOT, "train", *map(str, resume)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 300
        while child.poll() is None and time.monotonic() < deadline:
            lines = (killed / "metrics.jsonl").read_text().count('"loss"') if (killed / "metrics.jsonl").exists() else 0
            if lines >= wanted:
                break
            time.sleep(0.002)
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            kills += 1
        child.wait()
    assert kills > 0, "it was done before it could be killed"
    assert answer("train", "--resume", "--out", killed)["steps"] == 24
    assert metrics(killed) == metrics(whole)
    for name in ("checkpoint.safetensors", "model.safetensors"):
        assert digest(killed / name) == digest(whole / name), name


def test_products_are_in_bf16_only_where_the_processor_multiplies_it(corpus, vocabulary, tmp_path):
    native = "bf16" if json.loads(rigpilot("doctor", "--json").stdout)["fast_bf16"] else "f32"
    for name, more in [("auto", {}), ("bf16", {"dtype": "bf16"}), ("f32", {"dtype": "f32"})]:
        answer("train", *settings(corpus, vocabulary, device="cpu", **{"steps": 3, "decay": 1, "warmup": 1}, **more), "--out", tmp_path / name)
    assert digest(tmp_path / "auto/model.safetensors") == digest(tmp_path / native / "model.safetensors")
    assert digest(tmp_path / "bf16/model.safetensors") != digest(tmp_path / "f32/model.safetensors"), "the comparison can fail"


def test_a_polite_stop_keeps_the_last_step(corpus, vocabulary, tmp_path):
    child = subprocess.Popen([RIGPILOT, "train", *map(str, settings(corpus, vocabulary, steps=100000, **{"validate-every": 0})), "--out", str(tmp_path / "m"), "--json"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not ((tmp_path / "m" / "metrics.jsonl").exists() and (tmp_path / "m" / "metrics.jsonl").read_text().count("\n") > 2):
        assert child.poll() is None, child.stderr.read()
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=120)
    stopped = json.loads(out)
    assert child.returncode == DONE and not stopped["finished"]
    assert metrics(tmp_path / "m")[-1]["step"] == stopped["steps"]
    decayed = answer("train", "--resume", "--out", tmp_path / "m", "--decay-now", 5)
    assert decayed["finished"] and decayed["steps"] == stopped["steps"] + 5
    assert metrics(tmp_path / "m")[-2]["rate"] == 0


def test_transformers_loads_it_with_equal_logits(corpus, vocabulary, tmp_path):
    answer("train", *settings(corpus, vocabulary), "--out", tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    assert sum(p.numel() for p in model.parameters()) == 600 * 32 + 2 * (32 * 32 * 2 + 32 * 16 * 2 + 3 * 32 * 64 + 64) + 32
    ids = tokenizer.encode(documents(corpus)[0][:150])[:64]
    with torch.no_grad():
        expected = model(torch.tensor([ids])).logits[0].log_softmax(-1)
    ours = answer("score", "--model", tmp_path, "--dtype", "f32", "--ids", ",".join(map(str, ids)))["tokens"]
    for i, token in enumerate(ours[1:]):
        assert token["logprob"] == pytest.approx(expected[i, ids[i + 1]].item(), abs=2e-5)
    losses = [line["loss"] for line in metrics(tmp_path) if "loss" in line]
    assert sum(losses[-4:]) < 0.9 * sum(losses[:4]), "it learns"


FAMILIES = ["gpt2", "llama", "qwen2", "qwen3", "mistral", "gemma", "gpt_neox", "gpt_bigcode", "starcoder2", "bloom", "stablelm", "granite"]


def small_config(family):
    sizes = {"vocab_size": 600, "hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "max_position_embeddings": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "bos_token_id": 0, "eos_token_id": 0}
    return transformers.AutoConfig.for_model(family, **sizes)


def assert_transformers_agrees(folder, ids):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        expected = model(torch.tensor([ids])).logits[0].log_softmax(-1)
    ours = answer("score", "--model", folder, "--dtype", "f32", "--ids", ",".join(map(str, ids)))["tokens"]
    for i, token in enumerate(ours[1:]):
        assert token["logprob"] == pytest.approx(expected[i, ids[i + 1]].item(), abs=5e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_architecture_is_trained_from_nothing_and_loads_in_transformers(corpus, vocabulary, tmp_path, family):
    """--config is somebody's config.json, of another vocabulary and a longer context."""
    theirs = {**small_config(family).to_dict(), "vocab_size": 50000, "eos_token_id": 49999, "pad_token_id": 49998}
    theirs |= {"seq_length": 2048} if family == "bloom" else {name: 2048 for name in ("n_positions", "max_position_embeddings") if name in theirs}
    (tmp_path / "shape.json").write_text(json.dumps(theirs))
    answer("train", *settings(corpus, vocabulary, config=tmp_path / "shape.json", dtype="f32"), "--out", tmp_path / "m")
    losses = [line["loss"] for line in metrics(tmp_path / "m") if "loss" in line]
    assert sum(losses[-4:]) < 0.95 * sum(losses[:4]), "it learns"
    written = transformers.AutoConfig.from_pretrained(tmp_path / "m")
    context = written.seq_length if family == "bloom" else written.max_position_embeddings
    assert (written.model_type, written.vocab_size, context, written.eos_token_id) == (family, 600, 64, 0)
    assert_transformers_agrees(tmp_path / "m", tokenizers.Tokenizer.from_file(str(vocabulary / "tokenizer.json")).encode(documents(corpus)[0][:150]).ids[:64])


def test_what_follows_from_the_context_follows_from_this_training_s(corpus, vocabulary, tmp_path):
    """YaRN without an original context stretches from the model's own: of the config.json that is written, not of the one that was given."""
    shape = {**SHAPE, "max_position_embeddings": 2048, "rope_scaling": {"rope_type": "yarn", "factor": 4.0}}
    (tmp_path / "shape.json").write_text(json.dumps(shape))
    answer("train", *settings(corpus, vocabulary, config=tmp_path / "shape.json", dtype="f32"), "--out", tmp_path / "m")
    validation = [line["validation_loss"] for line in metrics(tmp_path / "m") if "validation_loss" in line]
    again = ["--start", tmp_path / "m", "--context", 64, "--steps", 1, "--warmup", 0, "--decay", 0, "--rate", 1e-9, "--step-tokens", 512, "--micro-tokens", 256,
             "--validation", corpus, "--validation-tokens", 500, "--validate-every", 1, "--dtype", "f32", "--threads", 2]
    answer("train", corpus, *again, "--out", tmp_path / "again")
    assert [line["validation_loss"] for line in metrics(tmp_path / "again") if "validation_loss" in line][-1] == pytest.approx(validation[-1], abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_that_others_made_is_trained_on_and_loads_in_transformers(corpus, vocabulary, tmp_path, family):
    torch.manual_seed(1)
    start = tmp_path / "start"
    transformers.AutoModelForCausalLM.from_config(small_config(family)).save_pretrained(start)
    (start / "tokenizer.json").write_bytes((vocabulary / "tokenizer.json").read_bytes())
    options = ["--start", start, "--context", 64, "--steps", 12, "--warmup", 2, "--decay", 4, "--step-tokens", 512, "--micro-tokens", 256,
               "--validation", corpus, "--validation-tokens", 500, "--validate-every", 1, "--dtype", "f32", "--threads", 2]
    answer("train", corpus, *options, "--out", tmp_path / "m")
    validation = [line["validation_loss"] for line in metrics(tmp_path / "m") if "validation_loss" in line]
    assert validation[-1] < validation[0] - 0.1
    assert_transformers_agrees(tmp_path / "m", tokenizers.Tokenizer.from_file(str(start / "tokenizer.json")).encode(documents(corpus)[0][:150]).ids[:64])
    if family == "bloom":
        return  # its positions have no end
    longer = [*options[:3], 128, *options[4:]]
    refused(FAILED, rigpilot("train", corpus, *longer, "--out", tmp_path / "n"), "--context 128", "64 tokens")


def refused(code, run, *words):
    stderr = run.stderr.decode()
    assert run.returncode == code and run.stdout == b"", stderr
    for word in words:
        assert word in stderr, f"'{word}' is not in: {stderr}"


def test_wrong_settings_are_one_sentence(corpus, vocabulary, tmp_path):
    def train(*more, **changes):
        return rigpilot("train", *settings(corpus, vocabulary, **changes), "--out", tmp_path / "m", *more)

    refused(WRONG_USE, train(schedule="sudden"), "--schedule sudden", "wsd or cosine")
    refused(WRONG_USE, train(steps=0), "--steps 0")
    refused(WRONG_USE, train("--preset", "nothing"), "--preset nothing", "shakespeare")
    refused(WRONG_USE, rigpilot("train", "--out", tmp_path / "m", "--preset", "code"), "nothing to train on")
    refused(FAILED, train(tokenizer=tmp_path / "none.json"), "--tokenizer", "none.json")
    refused(FAILED, train(config=corpus), "000.jsonl")
    refused(FAILED, rigpilot("train", "--resume", "--out", tmp_path / "none"), "--resume", "train.json")
    (tmp_path / "empty.txt").write_text("")
    refused(FAILED, rigpilot("train-tokenizer", tmp_path / "empty.txt", "--out", tmp_path / "t"), "empty.txt", "no text")
    refused(FAILED, rigpilot("train-tokenizer", corpus, "--vocab", 256, "--out", tmp_path / "t"), "--vocab", "at least 263")
    refused(WRONG_USE, rigpilot("train-tokenizer", corpus, "--cuts", "words", "--out", tmp_path / "t"), "--cuts", "starcoder")


def test_a_broken_checkpoint_is_named_and_stays(corpus, vocabulary, tmp_path):
    answer("train", *settings(corpus, vocabulary, steps=2, decay=1), "--out", tmp_path)
    whole = (tmp_path / "checkpoint.safetensors").read_bytes()
    refused(FAILED, rigpilot("train", *settings(corpus, vocabulary), "--out", tmp_path), "holds a training already", "--resume")
    (tmp_path / "checkpoint.safetensors").write_bytes(whole[:-100])
    refused(FAILED, rigpilot("train", "--resume", "--out", tmp_path), "checkpoint.safetensors", "cut short")
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == whole[:-100]


def test_text_messages_teach_a_gpt2(vocabulary, tmp_path):
    torch.manual_seed(1)
    start = tmp_path / "start"
    transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=600, n_embd=32, n_layer=2, n_head=4, n_positions=64, bos_token_id=0, eos_token_id=0)).save_pretrained(start)
    (start / "tokenizer.json").write_bytes((vocabulary / "tokenizer.json").read_bytes())
    said = [{"from": name, "date": f"2021-03-{day:02d}T10:0{i}:00", "text": f"see you at the station {name}"} for day in range(1, 29) for i, name in enumerate(["Ann", "Bo", "Ann"])]
    table = "sender,text,thread\n" + "".join(f'{m["from"]},"{m["text"]}, ""soon""",{i // 3}\n' for i, m in enumerate(said))
    options = ["--start", start, "--context", 64, "--steps", 30, "--warmup", 2, "--decay", 4, "--step-tokens", 256, "--micro-tokens", 256, "--validate-every", 10,
               "--dtype", "f32", "--threads", 2, "--rate", 0.01]
    for name, text in ("messages.json", json.dumps(said)), ("messages.csv", table):
        (tmp_path / name).write_text(text)
        answer("train", "--messages", tmp_path / name, *options, "--out", tmp_path / f"m-{name}")
        lines = (tmp_path / f"m-{name}" / "data" / "messages.jsonl").read_text().splitlines()
        assert len(lines) == 26 and json.loads(lines[0])["text"].startswith("Ann: see you at the station Ann")
        validation = [line["validation_loss"] for line in metrics(tmp_path / f"m-{name}") if "validation_loss" in line]
        assert validation[-1] < validation[0] - 0.5
    transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "m-messages.csv")
    (tmp_path / "none.csv").write_text("a,b\n1,2\n")
    refused(FAILED, rigpilot("train", "--messages", tmp_path / "none.csv", *options, "--out", tmp_path / "n"), "none.csv", "text, content, body or message")


def test_a_run_has_a_page_with_its_curve(corpus, vocabulary, tmp_path):
    answer("train", *settings(corpus, vocabulary, packed=0.5, recompute="true", **{"import-dropout": 0.5}), "--out", tmp_path)
    page = (tmp_path / "curve.html").read_text()
    assert "Chart.js" in page and "http" not in page.split("const curve = ")[1].split("\n")[0]
    curve = json.loads(page.split("const curve = ")[1].split(";\n")[0])
    assert [p["x"] for p in curve["loss"]] == list(range(1, 25)) and [p["x"] for p in curve["validation"]] == [10, 20, 24]
    told = [line["loss"] for line in metrics(tmp_path) if "loss" in line]
    assert [p["y"] for p in curve["loss"]] == told


def test_two_processes_give_the_curve_of_one(corpus, vocabulary, tmp_path):
    """c10d with Gloo: each step's sequences shared out, gradients summed."""
    arguments = settings(corpus, vocabulary, steps=8, decay=2, dtype="f32", threads=1, optimizer="adamw")
    answer("train", *arguments, "--out", tmp_path / "one")
    meet = ["--ranks", 2, "--meet", tmp_path / "meet", "--out", tmp_path / "two"]
    commands = [["train", *arguments, *meet, "--rank", 0], ["train", *meet, "--rank", 1]]
    children = [subprocess.Popen([RIGPILOT, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for command in commands]
    for child in children:
        out, err = child.communicate(timeout=300)
        assert child.returncode == DONE, err.decode()
    one, two = metrics(tmp_path / "one"), metrics(tmp_path / "two")
    assert len(one) == len(two) and [line["step"] for line in one] == [line["step"] for line in two]
    for a, b in zip(one, two):
        for name in a.keys() & {"loss", "validation_loss", "norm", "tokens", "rate"}:
            assert b[name] == pytest.approx(a[name], rel=1e-4), (a, b)
    transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "two")
    refused(FAILED, rigpilot("train", *arguments, "--out", tmp_path / "n", "--ranks", 2), "--meet is missing")
    refused(FAILED, rigpilot("train", *arguments, "--out", tmp_path / "n", "--ranks", 2, "--meet", "x", "--rank", 2), "--rank 2", "0 to 1")
