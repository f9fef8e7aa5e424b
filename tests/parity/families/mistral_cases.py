"""Mistral: LLaMA with a window of attention. llama.cpp's converter writes it as llama, without the window."""

import torch
from case import NO_SPECIAL, Case
from llama_cases import PLAIN, old_spelling, to_gguf
from transformers import MistralConfig

SHAPE = dict(vocab_size=59, hidden_size=20, intermediate_size=28, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=6,
             max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=False, rope_parameters=PLAIN, sliding_window=9, **NO_SPECIAL)

CASES = [
    Case("mistral", "window", MistralConfig, SHAPE),
    Case("mistral", "two-token-window", MistralConfig, {**SHAPE, "sliding_window": 2}, dtype=torch.bfloat16),
    Case("mistral", "codestral", MistralConfig, {**SHAPE, "sliding_window": None, "tie_word_embeddings": True}, respell=old_spelling,
         dtype=torch.bfloat16, to_gguf=to_gguf),
]
