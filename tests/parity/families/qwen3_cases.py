"""Qwen3: a norm of each head's queries and keys."""

import functools

import gguf
import torch
from case import NO_SPECIAL, Case
from llama_cases import PLAIN, old_spelling
from qwen2_cases import WINDOW, with_layer_types
from to_gguf import convert
from transformers import Qwen3Config

SHAPE = dict(vocab_size=58, hidden_size=22, intermediate_size=30, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=10,
             max_position_embeddings=64, rms_norm_eps=1e-6, tie_word_embeddings=False, rope_parameters=PLAIN, **NO_SPECIAL)
to_gguf = functools.partial(convert, architecture=gguf.MODEL_ARCH.QWEN3)

CASES = [
    Case("qwen3", "plain", Qwen3Config, SHAPE, to_gguf=to_gguf),
    Case("qwen3", "tied-biased", Qwen3Config, {**SHAPE, "tie_word_embeddings": True, "attention_bias": True}, dtype=torch.bfloat16, respell=old_spelling,
         to_gguf=to_gguf),
    Case("qwen3", "window", Qwen3Config, {**SHAPE, **WINDOW}, dtype=torch.bfloat16, respell=with_layer_types),
]
