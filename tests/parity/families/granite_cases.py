"""Granite: LLaMA with multipliers of embeddings, attention, residuals and logits."""

import gguf
import torch
from case import NO_SPECIAL, Case
from llama_cases import PLAIN, old_spelling
from to_gguf import convert, permuted
from transformers import GraniteConfig

SHAPE = dict(vocab_size=60, hidden_size=32, intermediate_size=22, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=True, rope_parameters=PLAIN, **NO_SPECIAL)
SCALES = dict(embedding_multiplier=12.0, attention_multiplier=0.25, residual_multiplier=0.22, logits_scaling=3.0)


def add_scales(writer, config):
    writer.add_attention_scale(config["attention_multiplier"])
    writer.add_embedding_scale(config["embedding_multiplier"])
    writer.add_residual_scale(config["residual_multiplier"])
    writer.add_logit_scale(config["logits_scaling"])
    writer.add_rope_dimension_count(config["hidden_size"] // config["num_attention_heads"])


def to_gguf(path, config, tensors):
    convert(path, gguf.MODEL_ARCH.GRANITE, config, tensors, modify=permuted, keys=add_scales)


def no_scales(config):
    return {key: value for key, value in old_spelling(config).items() if key not in SCALES}


CASES = [
    Case("granite", "scaled", GraniteConfig, {**SHAPE, **SCALES}, to_gguf=to_gguf),
    Case("granite", "untied-biased", GraniteConfig, {**SHAPE, **SCALES, "tie_word_embeddings": False, "attention_bias": True, "mlp_bias": True},
         dtype=torch.bfloat16, respell=old_spelling, to_gguf=to_gguf),
    Case("granite", "scales-of-one", GraniteConfig, SHAPE, dtype=torch.bfloat16, respell=no_scales),
]
