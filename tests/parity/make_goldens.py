"""Tiny random LLaMA checkpoints and what transformers makes of them: the goldens of tests/engine/torch/parity_test.cpp.

    .venv/bin/python tests/parity/make_goldens.py [--seed N] [--out DIR]

Each case is a folder: config.json and safetensors as Hugging Face writes them, and golden.safetensors with `ids` [T],
`logprobs` [T, V] (fp32, the log-probabilities after each token) and `greedy` [24] (the continuation of the ids).
Shapes are odd and weights far from their initial scale, so that a wrong sign, order or scale shows.
"""

import argparse
import json
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

SHAPE = dict(vocab_size=61, hidden_size=18, intermediate_size=26, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2,
             head_dim=8, max_position_embeddings=64, rms_norm_eps=1e-5, bos_token_id=None, eos_token_id=None, pad_token_id=None,
             tie_word_embeddings=False)
LLAMA3 = dict(rope_type="llama3", rope_theta=5000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16)
LINEAR = dict(rope_type="linear", rope_theta=10000.0, factor=2.5)

# name -> (changes to the shape, rope parameters, spelling of positions in config.json, storage dtype, shards)
CASES = {
    "plain-old-spelling": (dict(), dict(rope_type="default", rope_theta=1000.0), "old", torch.float32, False),
    "tied-biased": (dict(tie_word_embeddings=True, attention_bias=True, mlp_bias=True), dict(rope_type="default", rope_theta=10000.0), "new", torch.float32, False),
    "linear-old-spelling": (dict(num_key_value_heads=6), LINEAR, "old", torch.float16, False),
    "llama3-new-spelling": (dict(), LLAMA3, "new", torch.bfloat16, False),
    "llama3-old-spelling": (dict(), LLAMA3, "old", torch.bfloat16, False),
    "yarn-new-spelling": (dict(num_key_value_heads=1), YARN, "new", torch.bfloat16, False),
    "sharded": (dict(num_hidden_layers=3), dict(rope_type="default", rope_theta=10000.0), "new", torch.bfloat16, True),
}


def respell(config, rope, spelling):
    """config.json as older (rope_theta, rope_scaling) or newer (rope_parameters) transformers wrote it."""
    config.pop("rope_parameters", None)
    config.pop("rope_theta", None)
    config.pop("rope_scaling", None)
    if spelling == "new":
        config["rope_parameters"] = rope
    else:
        scaling = {key: value for key, value in rope.items() if key != "rope_theta"}
        config["rope_theta"] = rope["rope_theta"]
        config["rope_scaling"] = None if rope["rope_type"] == "default" else scaling
    return config


def make_case(folder, name, seed):
    changes, rope, spelling, dtype, sharded = CASES[name]
    generator = torch.Generator().manual_seed(seed * 1000 + sum(map(ord, name)))
    model = LlamaForCausalLM(LlamaConfig(**{**SHAPE, **changes}, rope_parameters=dict(rope))).eval().float()
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            value = 1 + 0.5 * noise if parameter_name.endswith("norm.weight") else 0.35 * noise
            parameter.copy_(value.to(dtype).float())
    folder.mkdir(parents=True)
    model.save_pretrained(folder, **({"max_shard_size": "12KB"} if sharded else {}))
    for path in folder.glob("*.safetensors"):
        save_file({key: value.to(dtype) for key, value in load_file(path).items()}, path, metadata={"format": "pt"})
    (folder / "generation_config.json").unlink(missing_ok=True)
    config = respell(json.loads((folder / "config.json").read_text()), rope, spelling)
    (folder / "config.json").write_text(json.dumps(config, indent=1))

    ids = torch.randint(0, SHAPE["vocab_size"], (1, 37), generator=generator)
    with torch.no_grad():
        logprobs = model(ids).logits[0].float().log_softmax(-1)
        greedy, cache = [], model(ids, use_cache=True)
        for _ in range(24):
            greedy.append(int(cache.logits[0, -1].argmax()))
            cache = model(torch.tensor([[greedy[-1]]]), past_key_values=cache.past_key_values, use_cache=True)
    save_file({"ids": ids[0].to(torch.int32), "logprobs": logprobs.contiguous(), "greedy": torch.tensor(greedy, dtype=torch.int32)},
              folder / "golden.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "data")
    arguments = parser.parse_args()
    for name in CASES:
        shutil.rmtree(arguments.out / name, ignore_errors=True)
        make_case(arguments.out / name, name, arguments.seed)
        print(arguments.out / name)


if __name__ == "__main__":
    main()
