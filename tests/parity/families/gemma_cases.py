"""Gemma and CodeGemma: scaled embeddings, GeGLU, norms stored less 1, a head's width of its own, a tied head."""

import functools

import gguf
import torch
from case import NO_SPECIAL, Case
from llama_cases import PLAIN, old_spelling
from to_gguf import convert
from transformers import GemmaConfig

SHAPE = dict(vocab_size=61, hidden_size=18, intermediate_size=26, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, head_dim=10,
             max_position_embeddings=64, rms_norm_eps=1e-6, rope_parameters={**PLAIN, "rope_theta": 10000.0}, **NO_SPECIAL)


def plus_one(name, tensor, config):
    yield name, tensor + 1 if name.endswith("norm.weight") else tensor


def add_common(writer, config):
    """The converter writes no base of rotation for Gemma: its default is Gemma's."""
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])


to_gguf = functools.partial(convert, architecture=gguf.MODEL_ARCH.GEMMA, modify=plus_one, common=add_common)


def first_release(config):
    """"gelu", which means its approximation by tanh; what is the default is left out."""
    return {key: value for key, value in old_spelling(config).items() if key != "tie_word_embeddings"} | dict(hidden_act="gelu", hidden_activation=None)


def codegemma(config):
    return old_spelling(config) | dict(hidden_act="gelu_pytorch_tanh", hidden_activation="gelu_pytorch_tanh")


def with_head_saved(name):
    return "lm_head.weight" if name == "model.embed_tokens.weight" else name


def case(name, changes=None, **more):
    return Case("gemma", name, GemmaConfig, {**SHAPE, **(changes or {})}, norm_centre=0, **more)


CASES = [
    case("codegemma", respell=codegemma, to_gguf=to_gguf),
    case("first-release", dict(num_key_value_heads=3), dtype=torch.bfloat16, respell=first_release),
    case("new-spelling", dict(attention_bias=True), dtype=torch.float16),
    case("table-named-as-head", dtype=torch.bfloat16, rename=with_head_saved),
]
