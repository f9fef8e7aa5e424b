"""Qwen2 and Qwen2.5-Coder: biases of queries, keys and values; perhaps a window in the upper layers."""

import functools

import gguf
import torch
from case import NO_SPECIAL, Case
from llama_cases import PLAIN, YARN, old_spelling
from to_gguf import convert
from transformers import Qwen2Config

SHAPE = dict(vocab_size=63, hidden_size=30, intermediate_size=22, num_hidden_layers=3, num_attention_heads=3, num_key_value_heads=1,
             max_position_embeddings=64, rms_norm_eps=1e-6, tie_word_embeddings=False, rope_parameters=PLAIN, **NO_SPECIAL)
WINDOW = dict(use_sliding_window=True, sliding_window=7, max_window_layers=1)
to_gguf = functools.partial(convert, architecture=gguf.MODEL_ARCH.QWEN2)


def without_layer_types(config):
    """As transformers 4 wrote it before layer_types: max_window_layers alone."""
    return {key: value for key, value in old_spelling(config).items() if key != "layer_types"} | WINDOW


def with_layer_types(config):
    return config | WINDOW


CASES = [
    Case("qwen2", "coder", Qwen2Config, {**SHAPE, "tie_word_embeddings": True}, respell=old_spelling, to_gguf=to_gguf),
    Case("qwen2", "untied-yarn", Qwen2Config, {**SHAPE, "rope_parameters": YARN}, dtype=torch.bfloat16, to_gguf=to_gguf),
    Case("qwen2", "window", Qwen2Config, {**SHAPE, **WINDOW}, dtype=torch.bfloat16, respell=without_layer_types),
    Case("qwen2", "layer-types", Qwen2Config, {**SHAPE, **WINDOW, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]},
         dtype=torch.bfloat16, respell=with_layer_types),
    Case("qwen2", "sharded-half", Qwen2Config, SHAPE, dtype=torch.float16, shard_size="12KB"),
]
