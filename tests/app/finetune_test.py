"""Fine-tuning and adapters through the command: peft's adapters here and ours in peft, quantised bases, what made things worse refused."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import peft
import pytest
import safetensors.torch
import tiny_models
import tokenizers
import torch
import transformers
from lsp_client import LspClient, program

ROOT = pathlib.Path(__file__).resolve().parents[2]
DONE, FAILED, WRONG_USE = 0, 1, 2
IDS = [5, 9, 77, 130, 2, 64, 64, 201, 8, 33, 250, 17, 90, 91, 92, 11]


def rigpilot(*arguments, **more):
    return subprocess.run([program(), *map(str, arguments)], capture_output=True, timeout=600, **more)


def answer(*arguments):
    run = rigpilot(*arguments, "--json")
    assert run.returncode == DONE, run.stderr.decode()
    return json.loads(run.stdout)


def logprobs(model, *more):
    return [token["logprob"] for token in answer("score", "--model", model, "--ids", ",".join(map(str, IDS)), *more)["tokens"][1:]]


def expected(model):
    with torch.no_grad():
        rows = model(torch.tensor([IDS])).logits[0].log_softmax(-1)
    return [rows[i, IDS[i + 1]].item() for i in range(len(IDS) - 1)]


def quantised(folder, file):
    run = rigpilot("model", "quantize", folder, file, "--type", "q8_0")
    assert run.returncode == DONE, run.stderr.decode()


def tiny(folder, family):
    torch.manual_seed(1)
    sizes = {"vocab_size": 300, "hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "max_position_embeddings": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "bos_token_id": 0, "eos_token_id": 0}
    model = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.for_model(family, **sizes)).eval()
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(json.dumps(tiny_models.hf_tokenizer()))
    return model


def lora_by_peft(folder, model, **config):
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=4, lora_alpha=24, target_modules="all-linear", **config)).eval()
    with torch.no_grad():
        for name, value in adapted.named_parameters():
            if "lora_B" in name:
                value.normal_(0, 0.3)
    adapted.save_pretrained(folder)
    return adapted


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "mistral", "gemma", "gpt2", "gpt_neox", "gpt_bigcode", "starcoder2", "bloom", "stablelm", "granite"])
def test_an_adapter_of_peft_gives_its_logits(tmp_path, family):
    model = tiny(tmp_path / "base", family)
    plain = expected(model)
    more = {"llama": {"use_rslora": True}, "qwen2": {"alpha_pattern": {"q_proj": 3, "layers.1.mlp.down_proj": 50}}}
    adapted = lora_by_peft(tmp_path / "adapter", model, **more.get(family, {}))
    with_it = expected(adapted)
    assert max(abs(a - b) for a, b in zip(plain, with_it)) > 0.05, "it changes something"
    ours = logprobs(tmp_path / "base", "--dtype", "f32", "--adapter", tmp_path / "adapter")
    assert ours == pytest.approx(with_it, abs=1e-4)


def test_quantised_weights_take_an_adapter_too(tmp_path):
    """Beside 8-bit weights the adapter is exact: what it adds is what it adds to the weights expanded."""
    base = tmp_path / "base"
    config = transformers.LlamaConfig(vocab_size=len(tiny_models.tokens()), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
                                      num_key_value_heads=2, max_position_embeddings=64, initializer_range=0.2)
    model = transformers.LlamaForCausalLM(config)
    model.save_pretrained(base)
    (base / "tokenizer.json").write_text(json.dumps(tiny_models.hf_tokenizer()))
    lora_by_peft(tmp_path / "adapter", model)
    quantised(base, tmp_path / "base.gguf")
    wide = logprobs(tmp_path / "base.gguf", "--quant", "none", "--dtype", "f32", "--adapter", tmp_path / "adapter")
    plain = logprobs(tmp_path / "base.gguf", "--quant", "none", "--dtype", "f32")
    assert max(abs(a - b) for a, b in zip(wide, plain)) > 1
    for how in (["--dtype", "f32"], []):  # libtorch's operations over 8-bit weights; the packed loops with 8-bit activations
        assert logprobs(tmp_path / "base.gguf", *how, "--adapter", tmp_path / "adapter") == pytest.approx(wide, abs=1e-3 if how else 0.3)


def refused(code, run, *words):
    stderr = run.stderr.decode()
    assert run.returncode == code and run.stdout == b"", stderr
    for word in words:
        assert word in stderr, f"'{word}' is not in: {stderr}"


def test_adapters_that_cannot_be_applied_are_one_sentence(tmp_path):
    base = tiny_models.hf_folder(tmp_path / "base")
    adapter = tmp_path / "adapter"
    lora_by_peft(adapter, transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32))
    score = lambda folder=adapter: rigpilot("score", "--model", base, "--ids", "1,2,3", "--adapter", folder)
    assert score().returncode == DONE
    refused(FAILED, score(tmp_path / "none"), "is no adapter", "adapter_config.json")
    config = json.loads((adapter / "adapter_config.json").read_text())
    for change, words in ({"peft_type": "IA3"}, ["peft_type", "LORA"]), ({"use_dora": True}, ["use_dora"]), ({"bias": "all"}, ["bias", "none"]), (
            {"r": "x"}, ["'r'"]), ({"modules_to_save": ["lm_head"]}, ["modules_to_save"]):
        (adapter / "adapter_config.json").write_text(json.dumps({**config, **change}))
        refused(FAILED, score(), "adapter_config.json", *words)
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    other = tiny(tmp_path / "other", "gpt2")
    lora_by_peft(tmp_path / "foreign", other)
    refused(FAILED, score(tmp_path / "foreign"), "transformer.h.0", "for another one")
    whole = (adapter / "adapter_model.safetensors").read_bytes()
    (adapter / "adapter_model.safetensors").write_bytes(whole[:-50])
    refused(FAILED, score(), "adapter_model.safetensors")


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A private library: what its files have in common is learned quickly."""
    folder = tmp_path_factory.mktemp("project") / "lib"
    for i, noun in enumerate("apple pear plum cherry grape melon lemon peach mango quince".split()):
        lines = [f"from lib.basket import take_{other}, weigh_{other}" for other in ("fruit", noun)]
        for verb in ("wash", "peel", "slice", "pack", "ship"):
            lines += ["", "", f"def {verb}_{noun}(basket, count={i}):", f'    """{verb} every {noun} of the basket."""', f"    items = take_{noun}(basket, count)",
                      "    for item in items:", f"        item.{verb}(basket.tools.{verb}_tool)", f"    return weigh_{noun}(items)"]
        (folder / "lib").mkdir(parents=True, exist_ok=True)
        (folder / "lib" / f"{noun}.py").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def base_model(tmp_path_factory):
    return tiny_models.hf_folder(tmp_path_factory.mktemp("models") / "base")


QUICK = ["--steps", 24, "--step-tokens", 512, "--micro-tokens", 512, "--context", 128, "--holes", 12, "--threads", 2, "--dtype", "f32", "--train-dtype", "f32"]


def test_a_tuned_adapter_loads_in_peft_with_equal_logits(project, base_model, tmp_path):
    done = answer("finetune", "--model", base_model, "--code", project, "--lora", 4, "--rate", 0.01, "--keep-worse", *QUICK, "--out", tmp_path / "adapter")
    assert done["installed"] and done["loss"]["after"] < done["loss"]["before"] - 0.3 and done["best_step"] > 0
    assert done["data"]["files"] + len(done["held_out"]) + len(done["validation"]) + done["data"]["near_duplicates"] == 10
    assert sorted(p.name for p in tmp_path.iterdir()) == ["adapter"], "nothing else is left"
    adapted = peft.PeftModel.from_pretrained(transformers.AutoModelForCausalLM.from_pretrained(base_model, dtype=torch.float32), tmp_path / "adapter").eval()
    assert done["trained_parameters"] == sum(p.numel() for n, p in adapted.named_parameters() if "lora_" in n)
    assert logprobs(base_model, "--dtype", "f32", "--adapter", tmp_path / "adapter") == pytest.approx(expected(adapted), abs=1e-4)
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert config["r"] == 4 and "q_proj" in config["target_modules"]


def test_recomputed_activations_give_the_same_adapter(project, base_model, tmp_path):
    for name, more in ("a", []), ("b", ["--recompute"]):
        answer("finetune", "--model", base_model, "--code", project, "--lora", 4, "--keep-worse", *QUICK, *more, "--out", tmp_path / name)
    assert logprobs(base_model, "--dtype", "f32", "--adapter", tmp_path / "a") == pytest.approx(
        logprobs(base_model, "--dtype", "f32", "--adapter", tmp_path / "b"), abs=1e-4)


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
def test_a_quantised_base_stays_quantised(project, base_model, tmp_path, dtype):
    quantised(base_model, tmp_path / "base.gguf")
    options = [*QUICK[:-1], dtype]
    done = answer("finetune", "--model", tmp_path / "base.gguf", "--code", project, "--lora", 4, "--rate", 0.01, "--keep-worse", *options, "--out", tmp_path / "adapter")
    assert done["loss"]["after"] < done["loss"]["before"] - 0.3
    plain = answer("finetune", "--model", base_model, "--code", project, "--lora", 4, "--rate", 0.01, "--keep-worse", *options, "--out", tmp_path / "plain")
    assert done["loss"]["before"] == pytest.approx(plain["loss"]["before"], abs=0.02)
    assert done["loss"]["after"] == pytest.approx(plain["loss"]["after"], abs=0.1)


def test_full_fine_tuning_writes_a_model(project, base_model, tmp_path):
    done = answer("finetune", "--model", base_model, "--code", project, "--rate", 0.003, "--keep-worse", *QUICK, "--out", tmp_path / "model")
    assert done["installed"] and done["loss"]["after"] < done["loss"]["before"] - 0.3
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.float32).eval()
    assert logprobs(tmp_path / "model", "--dtype", "f32") == pytest.approx(expected(model), abs=1e-4)


def test_the_result_lies_between_the_model_and_what_was_trained(project, base_model, tmp_path):
    tune = lambda share: answer("finetune", "--model", base_model, "--code", project, "--rate", 0.003, "--keep-worse", *QUICK, "--blend", share, "--out", tmp_path / str(share))
    whole, usual, part = tune(1), tune(0.7), tune(0.25)
    weights = lambda folder: safetensors.torch.load_file(folder / "model.safetensors")
    base, all_the_way = weights(base_model), weights(tmp_path / "1")
    assert max((all_the_way[name] - base[name]).abs().max() for name in all_the_way) > 0.01
    for share in 0.25, 0.7:
        for name, value in weights(tmp_path / str(share)).items():
            torch.testing.assert_close(value, base[name].float().lerp(all_the_way[name], share), atol=2e-6, rtol=0)
    assert whole["loss"]["after"] < usual["loss"]["after"] < part["loss"]["after"] < whole["loss"]["before"]
    refused(WRONG_USE, rigpilot("finetune", "--model", base_model, "--code", project, "--blend", 2), "--blend 2")


def test_the_step_is_chosen_by_the_weights_that_are_kept(project, base_model, tmp_path):
    """At a high rate a quarter of the way soon lies as far off as helps, while all of the way goes on getting better."""
    far = ["--rate", 0.02, "--steps", 120, *QUICK[2:]]
    tune = lambda share: answer("finetune", "--model", base_model, "--code", project, "--keep-worse", *far, "--blend", share, "--out", tmp_path / str(share))
    assert tune(0.25)["best_step"] < tune(1)["best_step"]


def test_what_a_quantised_model_became_is_as_fast_and_knows_how_far_its_code_counts(project, base_model, tmp_path):
    """Stored whole, held as the one it came from was; the weights of the mixture are noted, for that code alone."""
    shutil.copytree(base_model, tmp_path / "base", ignore=shutil.ignore_patterns("*.safetensors"))
    quantised(base_model, tmp_path / "base" / "base.gguf")
    out = tmp_path / "model"
    done = answer("finetune", "--model", tmp_path / "base" / "base.gguf", "--code", project, "--rate", 0.003, "--keep-worse", *QUICK[:-4], "--out", out)
    notes = json.loads((out / "rigpilot.json").read_text())
    assert notes["quant"] == "int8" and notes["mixing"]["code"] == str(project.resolve())
    assert done["mixing"] == {name: pytest.approx(notes["mixing"][name], abs=1e-5) for name in ("bias", "certainty", "length")} and done["mixing"]["bias"] != 0
    assert set(done["held_out"]).isdisjoint(done["validation"]) and done["validation"]
    assert logprobs(out) == logprobs(out, "--quant", "int8") != logprobs(out, "--quant", "none")
    holes = lambda folder: [line["confidence"] for line in map(json.loads, rigpilot("evaluate", folder, "--model", out, "--holes", 8, "--list").stdout.splitlines())]
    shutil.copytree(project, tmp_path / "elsewhere" / project.name)
    with_notes = holes(project)
    for folder, why in (project, "when its code was learned"), (tmp_path / "elsewhere" / project.name, "tokens of its files"):
        with LspClient([program(), "lsp", "--model", out, "--threads", "2"], env={"XDG_CACHE_HOME": str(tmp_path / "cache")}) as client:
            client.initialize(rootUri=folder.as_uri())
            told = client.wait_for(lambda m: "counts beside" in str(m.get("params")), 60)
            assert why in str(told)
            client.shut_down()
    notes["mixing"]["bias"] -= 10
    (out / "rigpilot.json").write_text(json.dumps(notes))
    assert holes(project) != pytest.approx(with_notes, rel=1e-2), "what is noted counts"
    (out / "rigpilot.json").write_text('{"quant": 8}')
    refused(FAILED, rigpilot("score", "--model", out, "--ids", "1,2"), "rigpilot.json", "'quant'")


def test_what_is_worse_is_not_put_in_place(project, base_model, tmp_path):
    out = tmp_path / "adapter"
    answer("finetune", "--model", base_model, "--code", project, "--lora", 2, "--keep-worse", *QUICK, "--out", out)
    before = (out / "adapter_model.safetensors").read_bytes()
    run = rigpilot("finetune", "--model", base_model, "--code", project, "--lora", 2, "--rate", 1e-30, *QUICK, "--out", out, "--json")
    assert run.returncode == FAILED and "nothing is installed" in run.stderr.decode()
    told = json.loads(run.stdout.splitlines()[-1])
    assert not told["installed"] and (told["best_step"] == 0 or told["after"]["exact"] < told["before"]["exact"]) and told["why"] in run.stderr.decode()
    assert (out / "adapter_model.safetensors").read_bytes() == before


def test_wrong_wishes_are_one_sentence(project, base_model, tmp_path):
    def finetune(*more):
        return rigpilot("finetune", "--model", base_model, "--code", project, "--out", tmp_path / "o", *more)

    refused(FAILED, finetune("--lora", 4, "--micro-tokens", 1_000_000_000, "--context", 128), "would need about", "are free", "--micro-tokens", "--recompute")
    refused(FAILED, finetune("--lora", 4, "--modules", "q_proj,nothing"), "'nothing'", "q_proj")
    refused(WRONG_USE, finetune("--modules", "q_proj"), "--lora")
    refused(WRONG_USE, finetune("--held-out", 2), "--held-out 2")
    refused(FAILED, rigpilot("finetune", "--model", base_model, "--code", tmp_path / "none", "--lora", 4), "--code", "is not a folder")
    refused(FAILED, rigpilot("finetune", "--model", base_model, "--code", project), "--out is missing")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    refused(FAILED, rigpilot("finetune", "--model", base_model, "--code", project, "--lora", 4, "--out", tmp_path / "precious"), "holds something else")
    assert (tmp_path / "precious" / "file").read_text() == "x"


@pytest.mark.parametrize("lora", [4, 0])
def test_messages_teach_a_gpt2(tmp_path, lora):
    model = tiny(tmp_path / "gpt2", "gpt2")
    said = [{"from": name, "date": f"2021-03-{day:02d}T10:0{i}:00", "text": f"see you at the station {name}"} for day in range(1, 29) for i, name in enumerate(["Ann", "Bo", "Ann"])]
    (tmp_path / "messages.json").write_text(json.dumps(said))
    how = ["--lora", lora, "--rate", 0.01] if lora else ["--rate", 0.003]
    quick = [*QUICK[:1], 40, *QUICK[2:], "--patience", 100, "--messages", tmp_path / "messages.json"]
    done = answer("finetune", "--model", tmp_path / "gpt2", *how, *quick, "--out", tmp_path / "out")
    assert done["installed"] and done["path"] == str(tmp_path / "out") and done["loss"]["after"] < done["loss"]["before"] - 0.3
    assert done["data"]["conversations"] == 24 and done["data"]["held_out_conversations"] == 4 and "before" not in done
    assert part_of(tmp_path) == []
    if lora:
        adapted = peft.PeftModel.from_pretrained(model, tmp_path / "out").eval()
        assert logprobs(tmp_path / "gpt2", "--dtype", "f32", "--adapter", tmp_path / "out") == pytest.approx(expected(adapted), abs=1e-4)
    else:
        learned = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32).eval()
        assert logprobs(tmp_path / "out", "--dtype", "f32") == pytest.approx(expected(learned), abs=1e-4)
    refuse = lambda code, *more: refused(code, rigpilot("finetune", "--model", tmp_path / "gpt2", "--lora", 2, *more))
    told = rigpilot("finetune", "--model", tmp_path / "gpt2", *how, *quick, "--out", tmp_path / "again")
    assert told.returncode == DONE and b"24 conversations" in told.stdout and b"exact" not in told.stdout and b"loss, nats a token" in told.stdout
    refuse(WRONG_USE)
    refuse(WRONG_USE, "--messages", tmp_path / "messages.json", "--code", tmp_path)
    refuse(WRONG_USE, "--messages", tmp_path / "messages.json", "--replay", tmp_path, "--out", tmp_path / "o")
    refuse(FAILED, "--messages", tmp_path / "messages.json")  # no --out
    refuse(FAILED, "--messages", tmp_path / "none.json", "--out", tmp_path / "o")
    (tmp_path / "one.json").write_text('[{"text": "alone"}]')
    refused(FAILED, rigpilot("finetune", "--model", tmp_path / "gpt2", "--lora", 2, "--messages", tmp_path / "one.json", "--out", tmp_path / "o"), "a single message")


def part_of(folder):
    return [path for path in folder.rglob(".*.part")]


def begun(project, base_model, out, *more):
    """A fine-tuning that would take long, and the stage that its progress tells of."""
    steps = [*QUICK[:1], 100_000, *QUICK[2:]]
    run = subprocess.Popen([str(word) for word in (program(), "finetune", "--model", base_model, "--code", project, "--lora", 2, "--keep-worse", *steps, "--patience", 100_000, "--out", out,
                                                   "--progress-json", *more)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = lambda stage: next(line for line in run.stdout if stage in json.loads(line).get("message", ""))
    return run, until


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ended_in_the_middle_it_leaves_nothing(project, base_model, tmp_path, sign):
    run, until = begun(project, base_model, tmp_path / "adapter")
    until("measuring the model" if sign == signal.SIGINT else "training: step")
    assert part_of(tmp_path)
    run.send_signal(sign)
    run.communicate(timeout=20)
    assert run.returncode == -sign and list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_the_training_with_the_best_so_far(project, base_model, tmp_path):
    run, until = begun(project, base_model, tmp_path / "adapter", "--minutes", 0.25)  # it looks at the held-out files at the end only
    until("training: step")
    run.send_signal(signal.SIGINT)
    out, errors = run.communicate(timeout=120)
    told = json.loads(out.splitlines()[-1])
    assert told["steps"] < 100_000 and part_of(tmp_path) == []
    assert (run.returncode == DONE) == told["installed"] == (tmp_path / "adapter").exists(), errors


def processes_with(word):
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if word in (folder / "cmdline").read_text():
                found.append(int(folder.name))
        except OSError:
            pass  # it is gone
    return found


def wait_until(holds, what, seconds=30):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def test_a_training_ends_with_its_server_however_that_ends(project, base_model, tmp_path):
    env = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    code = tmp_path / f"code-{os.getpid()}"
    shutil.copytree(project, code)
    with LspClient([program(), "lsp", "--model", base_model, "--dtype", "f32", "--threads", "2"], env=env) as client:
        client.initialize(rootUri=code.as_uri())
        command = lambda name, *arguments: client.reply(client.start("workspace/executeCommand", {"command": f"rigpilot.server.{name}", "arguments": list(arguments)}), 60)["result"]
        while command("status")["state"] != "ready":
            time.sleep(0.05)
        trainings = lambda: processes_with(f"--code\0{code}")
        command("finetune", {"rank": 2})
        wait_until(lambda: trainings() and part_of(tmp_path), "it began")
        command("stopFinetune")
        wait_until(lambda: not trainings(), "it was cancelled")
        assert part_of(tmp_path) == []
        wait_until(lambda: "learning" not in command("status"), "the server heard of it")
        command("finetune", {"rank": 2})
        wait_until(lambda: trainings() and part_of(tmp_path), "it began again")
        client.process.kill()
        client.process.wait(10)
        wait_until(lambda: not trainings(), "it ended with its server")
        assert part_of(tmp_path) == []


def test_the_server_learns_and_uses_it_without_a_restart(project, base_model, tmp_path):
    env = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    args = [program(), "lsp", "--model", base_model, "--dtype", "f32", "--threads", "2"]
    with LspClient(args, env=env) as client:
        client.answers["window/workDoneProgress/create"] = None
        client.initialize({"window": {"workDoneProgress": True}}, rootUri=project.as_uri())
        command = lambda name, *arguments: client.reply(client.start("workspace/executeCommand", {"command": f"rigpilot.server.{name}", "arguments": list(arguments)}), 60)["result"]
        while command("status")["state"] != "ready":
            pass
        command("finetune", {"rank": 2})
        progress = lambda kind: client.wait_for(lambda m: m.get("method") == "$/progress" and m["params"]["token"] == "rigpilot/finetune" and m["params"]["value"]["kind"] == kind, 300)
        assert progress("begin")["params"]["value"]["cancellable"]
        assert 0 <= progress("report")["params"]["value"]["percentage"] <= 100
        command("stopFinetune")
        assert progress("end")["params"]["value"]["message"] == "cancelled"
        assert "adapter" not in command("status") and part_of(tmp_path) == []
        adapted = lora_by_peft(tmp_path / "adapter", transformers.AutoModelForCausalLM.from_pretrained(base_model, dtype=torch.float32))
        assert adapted
        command("useAdapter", str(tmp_path / "adapter"))
        while command("status").get("adapter") != str(tmp_path / "adapter"):
            pass
        client.open("file:///x.py", "def wash_apple(basket):\n    ")
        client.inline("file:///x.py", 1, 4)
        client.shut_down()
