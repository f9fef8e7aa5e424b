"""BLOOM: ALiBi with numbers of heads that are and are not powers of two, a norm behind the embedding."""

import gguf
import torch
from case import NO_SPECIAL, Case
from to_gguf import convert, regrouped
from transformers import BloomConfig

SHAPE = dict(vocab_size=61, hidden_size=18, n_layer=2, n_head=6, layer_norm_epsilon=1e-4, **NO_SPECIAL)


def to_gguf(path, config, tensors):
    def keys(writer, _):
        writer.add_feed_forward_length(4 * config["hidden_size"])
        writer.add_head_count_kv(config["n_head"])

    tensors = {name.removeprefix("transformer."): value for name, value in tensors.items()}
    convert(path, gguf.MODEL_ARCH.BLOOM, {**config, "seq_length": 64}, tensors, modify=regrouped("query_key_value"), keys=keys)


def old_spelling(config):
    """As BLOOM's own checkpoints."""
    for now, then in {"hidden_size": "n_embed", "n_head": "num_attention_heads"}.items():
        config[then] = config.pop(now)
    config.pop("tie_word_embeddings", None)
    return {**config, "seq_length": 64, "attention_softmax_in_fp32": True, "unk_token_id": 0}


def case(name, changes=None, **more):
    return Case("bloom", name, BloomConfig, {**SHAPE, **(changes or {})}, **more)


CASES = [
    case("six-heads", to_gguf=to_gguf),
    case("eight-heads-old-headless", dict(hidden_size=16, n_head=8), respell=old_spelling, rename=lambda name: name.removeprefix("transformer."), dtype=torch.bfloat16),
    case("eleven-heads-untied", dict(hidden_size=22, n_head=11, tie_word_embeddings=False), dtype=torch.float16, shard_size="20KB", to_gguf=to_gguf),
    case("residual-after-norm", dict(apply_residual_connection_post_layernorm=True, n_head=3, n_layer=3), dtype=torch.bfloat16),
]
