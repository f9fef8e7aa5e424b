"""GPT-BigCode: SantaCoder, StarCoder: one key and value for all heads, or one for each."""

import gguf
import torch
from case import NO_SPECIAL, Case
from to_gguf import convert
from transformers import GPTBigCodeConfig

SHAPE = dict(vocab_size=61, n_positions=62, n_embd=18, n_layer=2, n_head=6, layer_norm_epsilon=1e-4, **NO_SPECIAL)


def to_gguf(path, config, tensors):
    def keys(writer, _):  # one kv head, whatever multi_query says: so does llama.cpp's converter
        writer.add_feed_forward_length(config.get("n_inner") or 4 * config["n_embd"])
        writer.add_head_count_kv(1)

    convert(path, gguf.MODEL_ARCH.STARCODER, {**config, "n_inner": None, "num_key_value_heads": None}, tensors, keys=keys)


def old_spelling(config):
    """As SantaCoder's and StarCoder's checkpoints: no kv heads, settings of kernels that came and went."""
    for name in ("num_key_value_heads", "tie_word_embeddings", "add_cross_attention"):
        config.pop(name, None)
    return {**config, "attention_softmax_in_fp32": True, "inference_runner": 0, "validate_runner_input": True, "max_batch_size": None}


def case(name, changes=None, **more):
    return Case("gpt_bigcode", name, GPTBigCodeConfig, {**SHAPE, **(changes or {})}, **more)


CASES = [
    case("multi-query", to_gguf=to_gguf),
    case("own-heads", dict(multi_query=False, n_head=9, n_inner=31), dtype=torch.float16, to_gguf=to_gguf),
    case("old-spelling-sharded", dict(n_layer=3, n_head=3), respell=old_spelling, dtype=torch.bfloat16, shard_size="20KB"),
    case("unscaled-untied", dict(scale_attn_weights=False, tie_word_embeddings=False, activation_function="gelu"), dtype=torch.bfloat16),
    case("own-heads-headless", dict(multi_query=False, n_head=2), rename=lambda name: name.removeprefix("transformer."), dtype=torch.bfloat16),
]
