"""LLaMA: CodeLlama, DeepSeek-Coder, SmolLM2."""

import math

import gguf
import torch
from case import NO_SPECIAL, Case
from to_gguf import convert, permuted
from transformers import LlamaConfig

SHAPE = dict(vocab_size=61, hidden_size=18, intermediate_size=26, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, head_dim=8,
             max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=False, **NO_SPECIAL)
PLAIN = dict(rope_type="default", rope_theta=1000.0)
LLAMA3 = dict(rope_type="llama3", rope_theta=5000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16)
LINEAR = dict(rope_type="linear", rope_theta=10000.0, factor=2.5)


def old_spelling(config):
    """Positions as transformers 4 wrote them: rope_theta and rope_scaling."""
    rope = config.pop("rope_parameters")
    scaling = {key: value for key, value in rope.items() if key != "rope_theta"}
    return {**config, "rope_theta": rope["rope_theta"], "rope_scaling": None if rope["rope_type"] == "default" else scaling}


def oldest_spelling(config):
    """As LLaMA's first checkpoints: "type" of the scaling, no head_dim, no biases, no tie_word_embeddings."""
    config = old_spelling(config)
    config["rope_scaling"]["type"] = config["rope_scaling"].pop("rope_type")
    return {key: value for key, value in config.items() if key not in ("head_dim", "attention_bias", "mlp_bias", "tie_word_embeddings", "num_key_value_heads")}


def llama3_factors(rope, head_width):
    """What a llama3 scaling divides each frequency by; GGUF holds it as rope_freqs.weight."""
    out = []
    for i in range(head_width // 2):
        turns = rope["original_max_position_embeddings"] / (2 * math.pi * rope["rope_theta"] ** (2 * i / head_width))
        smooth = (turns - rope["low_freq_factor"]) / (rope["high_freq_factor"] - rope["low_freq_factor"])
        out.append(1 / (min(max(smooth, 0), 1) * (1 - 1 / rope["factor"]) + 1 / rope["factor"]))
    return torch.tensor(out)


def to_gguf(path, config, tensors):
    if config["rope_parameters"]["rope_type"] == "llama3":
        tensors = {**tensors, "rope_freqs.weight": llama3_factors(config["rope_parameters"], config["head_dim"])}
    convert(path, gguf.MODEL_ARCH.LLAMA, config, tensors, modify=permuted, keys=lambda writer, _: writer.add_rope_dimension_count(config["head_dim"]))


def case(name, rope, changes=None, **more):
    return Case("llama", name, LlamaConfig, {**SHAPE, **(changes or {}), "rope_parameters": rope}, **more)


CASES = [
    case("plain-old-spelling", PLAIN, respell=old_spelling, to_gguf=to_gguf),
    case("tied-biased", PLAIN, dict(tie_word_embeddings=True, attention_bias=True, mlp_bias=True), to_gguf=to_gguf),
    case("linear-oldest-spelling", LINEAR, dict(num_key_value_heads=6, head_dim=3 * 2, hidden_size=36), respell=oldest_spelling, dtype=torch.float16),
    case("llama3", LLAMA3, dtype=torch.bfloat16, to_gguf=to_gguf),
    case("llama3-old-spelling", LLAMA3, dtype=torch.bfloat16, respell=old_spelling),
    case("yarn", YARN, dict(num_key_value_heads=1), dtype=torch.bfloat16, to_gguf=to_gguf),
    case("sharded", PLAIN, dict(num_hidden_layers=3), dtype=torch.bfloat16, shard_size="12KB"),
    case("headless-prefix", PLAIN, dict(tie_word_embeddings=True), rename=lambda name: name.removeprefix("model."), dtype=torch.bfloat16),
]
