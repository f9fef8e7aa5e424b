"""StarCoder2: rotary positions, grouped queries, with and without a window of attention."""

import gguf
import torch
from case import NO_SPECIAL, Case
from to_gguf import convert
from transformers import Starcoder2Config

SHAPE = dict(vocab_size=61, hidden_size=24, intermediate_size=26, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2,
             max_position_embeddings=64, norm_epsilon=1e-4, rope_parameters=dict(rope_type="default", rope_theta=1000.0), **NO_SPECIAL)


def to_gguf(path, config, tensors):
    window = config.get("sliding_window")
    convert(path, gguf.MODEL_ARCH.STARCODER2, config, tensors, keys=lambda writer, _: writer.add_sliding_window(window) if window else None)


def fused_gguf(path, config, tensors):
    """Queries, keys and values as one matrix, which llama.cpp reads too."""
    fused = {}
    for name, value in tensors.items():
        if ".q_proj." in name:
            value = torch.cat([tensors[name.replace("q_proj", part)] for part in ("q_proj", "k_proj", "v_proj")])
            name = f"blk.{name.split('.')[2]}.attn_qkv.{name.split('.')[-1]}"
        if ".k_proj." not in name and ".v_proj." not in name:
            fused[name] = value
    to_gguf(path, config, fused)


def old_spelling(config):
    """As StarCoder2's checkpoints: rope_theta, the kinds of layers, no tie_word_embeddings."""
    theta = config.pop("rope_parameters")["rope_theta"]
    config.pop("tie_word_embeddings", None)
    return {**config, "rope_theta": theta, "norm_type": "layer_norm", "mlp_type": "default", "activation_function": "gelu"}


def case(name, changes=None, **more):
    return Case("starcoder2", name, Starcoder2Config, {**SHAPE, **(changes or {})}, **more)


CASES = [
    case("plain", to_gguf=to_gguf),
    case("window", dict(sliding_window=8, num_key_value_heads=3), respell=old_spelling, dtype=torch.bfloat16, to_gguf=to_gguf),
    case("unbiased-untied", dict(use_bias=False, tie_word_embeddings=False, hidden_act="gelu", num_key_value_heads=6), dtype=torch.float16),
    case("window-fused-sharded", dict(sliding_window=5, num_hidden_layers=3, tie_word_embeddings=False), dtype=torch.bfloat16, shard_size="20KB", to_gguf=fused_gguf),
    case("linear", dict(num_key_value_heads=1, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.5)), dtype=torch.bfloat16, to_gguf=to_gguf),
]
