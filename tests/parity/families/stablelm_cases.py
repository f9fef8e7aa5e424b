"""StableLM 3B, StableLM 2 and Stable Code: a part of each head turned, layer norms, optional biases, parallel residual, head norms."""

import gguf
import torch
from case import NO_SPECIAL, Case
from llama_cases import PLAIN, old_spelling
from to_gguf import convert
from transformers import StableLmConfig

ROPE = {**PLAIN, "rope_theta": 10000.0, "partial_rotary_factor": 0.25}
SHAPE = dict(vocab_size=62, hidden_size=48, intermediate_size=26, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=64, layer_norm_eps=1e-5, tie_word_embeddings=False, rope_parameters={**ROPE, "partial_rotary_factor": 0.5}, **NO_SPECIAL)


def transformers4(config):
    """The share that is rotated stood beside rope_theta."""
    rope = config["rope_parameters"]
    config = old_spelling({**config, "rope_parameters": {key: value for key, value in rope.items() if key != "partial_rotary_factor"}})
    return config | {"partial_rotary_factor": rope["partial_rotary_factor"]}


def before_transformers(config):
    """As the first checkpoints' own code spelled it."""
    config = transformers4(config)
    config["model_type"], config["rope_pct"], config["norm_eps"] = "stablelm_epoch", config.pop("partial_rotary_factor"), config.pop("layer_norm_eps")
    return config


def default_share(config):
    config = transformers4(config)
    del config["partial_rotary_factor"]
    return config


def stacked_norms(name, tensor, config, held={}):
    """GGUF has the norms of all heads in one tensor."""
    if ".norms." not in name:
        yield name, tensor
        return
    layer, part, head = name.split(".")[2], name.split(".")[4][0], int(name.split(".")[6])
    of_layer = held.setdefault((layer, part), {})
    of_layer[head] = tensor
    if len(of_layer) == config["num_attention_heads" if part == "q" else "num_key_value_heads"]:
        yield f"blk.{layer}.attn_{part}_norm.weight", torch.stack([of_layer[i] for i in range(len(of_layer))])
        del held[layer, part]


def add_common(writer, config):
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    head = config["hidden_size"] // config["num_attention_heads"]
    writer.add_rope_dimension_count(int(config["rope_parameters"]["partial_rotary_factor"] * head))
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_parallel_residual(True)  # which it writes whenever the configuration is silent
    writer.add_layer_norm_eps(config["layer_norm_eps"])


def to_gguf(path, config, tensors):
    convert(path, gguf.MODEL_ARCH.STABLELM, config, tensors, modify=stacked_norms, common=add_common)


def case(name, changes=None, **more):
    return Case("stablelm", name, StableLmConfig, {**SHAPE, **(changes or {})}, **more)


CASES = [
    case("code", dict(use_qkv_bias=True), respell=transformers4, to_gguf=to_gguf),
    case("parallel-head-norms", dict(use_parallel_residual=True, qk_layernorm=True), dtype=torch.bfloat16, to_gguf=to_gguf),
    case("head-norms-biased", dict(qk_layernorm=True, use_qkv_bias=True, tie_word_embeddings=True), dtype=torch.bfloat16, respell=transformers4),
    case("default-share", dict(hidden_size=32, rope_parameters=ROPE), dtype=torch.bfloat16, respell=default_share),
    case("epoch", dict(num_key_value_heads=4), dtype=torch.float16, respell=before_transformers),
]
