"""GPT-NeoX: Pythia, Dolly v2, StableLM-alpha, OpenAssistant-Pythia."""

import gguf
import torch
from case import NO_SPECIAL, Case
from to_gguf import convert, regrouped, unchanged
from transformers import GPTNeoXConfig

SHAPE = dict(vocab_size=61, hidden_size=24, intermediate_size=34, num_hidden_layers=2, num_attention_heads=3, max_position_embeddings=64,
             layer_norm_eps=1e-4, **NO_SPECIAL)


def rope(share, theta=1000.0, **more):
    return {"rope_type": "default", "rope_theta": theta, "partial_rotary_factor": share, **more}


def to_gguf(path, config, tensors, regroup=True):
    def keys(writer, _):
        if not regroup:  # of early 2024: tokens, but no tokenizer.ggml.pre
            writer.add_token_list([f"t{i}" for i in range(config["vocab_size"])])
        share = config["rope_parameters"]["partial_rotary_factor"]
        writer.add_rope_dimension_count(int(share * (config["hidden_size"] // config["num_attention_heads"])))
        writer.add_parallel_residual(config["use_parallel_residual"])

    tensors = {name.replace("embed_out.", "lm_head."): value for name, value in tensors.items()}
    convert(path, gguf.MODEL_ARCH.GPTNEOX, config, tensors, modify=regrouped("query_key_value") if regroup else unchanged, keys=keys)


def old_gguf(path, config, tensors):
    """As llama.cpp's converter wrote it before it regrouped the fused matrix."""
    to_gguf(path, config, tensors, regroup=False)


def old_spelling(config):
    """As Pythia's and Dolly's checkpoints."""
    positions = config.pop("rope_parameters")
    return {**config, "rotary_pct": positions["partial_rotary_factor"], "rotary_emb_base": positions["rope_theta"]}


def oldest_spelling(config):
    """As GPT-NeoX-20B's: also without what has a default."""
    config = old_spelling(config)
    return {name: value for name, value in config.items() if name not in ("attention_bias", "use_parallel_residual", "rotary_pct", "tie_word_embeddings", "hidden_act")}


def masks(config):
    length, out = config["max_position_embeddings"], {}
    for layer in range(config["num_hidden_layers"]):
        attention = f"gpt_neox.layers.{layer}.attention."
        out[attention + "bias"] = torch.tril(torch.ones(length, length, dtype=torch.bool)).view(1, 1, length, length)
        out[attention + "masked_bias"] = torch.tensor(-1e9)
        out[attention + "rotary_emb.inv_freq"] = torch.ones(1)
    return out


def case(name, positions, changes=None, **more):
    return Case("gpt_neox", name, GPTNeoXConfig, {**SHAPE, "rope_parameters": positions, **(changes or {})}, **more)


CASES = [
    case("parallel-quarter", rope(0.25), respell=old_spelling, buffers=masks, dtype=torch.float16, to_gguf=to_gguf),
    case("serial-whole", rope(1.0, 500.0), dict(use_parallel_residual=False, hidden_size=20, num_attention_heads=5), to_gguf=to_gguf),
    case("oldest-spelling", rope(0.25, 10000.0), dict(hidden_size=24, num_attention_heads=3), respell=oldest_spelling, dtype=torch.bfloat16),
    case("unbiased-tied", rope(0.5, factor=2.5, rope_type="linear"), dict(attention_bias=False, tie_word_embeddings=True, hidden_act="gelu_new"), dtype=torch.bfloat16),
    case("lm-head-sharded", rope(0.75), dict(hidden_act="gelu_fast", num_hidden_layers=3), dtype=torch.bfloat16, shard_size="20KB",
         rename=lambda name: name.replace("embed_out.", "lm_head.")),
    case("ungrouped-gguf", rope(0.5, 77.0), dtype=torch.float16, to_gguf=old_gguf),
    case("unbiased", rope(0.5), dict(attention_bias=False, use_parallel_residual=False), dtype=torch.bfloat16, to_gguf=to_gguf),
]
