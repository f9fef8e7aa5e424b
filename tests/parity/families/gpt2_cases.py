"""GPT-2: learned positions, Conv1D matrices, a tied head."""

import gguf
import torch
from case import NO_SPECIAL, Case
from to_gguf import convert
from transformers import GPT2Config

SHAPE = dict(vocab_size=61, n_positions=62, n_embd=18, n_layer=2, n_head=6, layer_norm_epsilon=1e-4, **NO_SPECIAL)


def transposed(name, tensor, config):
    conv1d = name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight"))
    yield name, tensor.T if conv1d else tensor


def to_gguf(path, config, tensors):
    inner = config.get("n_inner")
    convert(path, gguf.MODEL_ARCH.GPT2, config, tensors, modify=transposed,
            keys=lambda writer, _: None if inner else writer.add_feed_forward_length(4 * config["n_embd"]))


def masks(config):
    """Causal masks, which transformers saved as buffers until 4.3x."""
    length, out = config["n_positions"], {}
    for layer in range(config["n_layer"]):
        out[f"h.{layer}.attn.bias"] = torch.tril(torch.ones(length, length, dtype=torch.uint8)).view(1, 1, length, length)
        out[f"h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    return out


def oldest_spelling(config):
    """As the first GPT-2 checkpoints: n_ctx, and nothing of what came later."""
    kept = ("vocab_size", "n_embd", "n_layer", "n_head", "layer_norm_epsilon", "activation_function", "n_positions")
    return {**{name: config[name] for name in kept}, "n_ctx": config["n_positions"], "architectures": ["GPT2LMHeadModel"]}


def case(name, changes=None, **more):
    return Case("gpt2", name, GPT2Config, {**SHAPE, **(changes or {})}, **more)


CASES = [
    case("plain", to_gguf=to_gguf),
    case("untied-inner", dict(tie_word_embeddings=False, n_inner=31, n_head=3, scale_attn_by_inverse_layer_idx=True, n_layer=3), dtype=torch.bfloat16),
    case("untied", dict(tie_word_embeddings=False, n_inner=31, n_head=2), dtype=torch.float16, shard_size="20KB", to_gguf=to_gguf),
    case("oldest-headless", respell=oldest_spelling, rename=lambda name: name.removeprefix("transformer."), buffers=masks, dtype=torch.float16),
    case("unscaled-erf", dict(scale_attn_weights=False, activation_function="gelu"), dtype=torch.bfloat16),
]
