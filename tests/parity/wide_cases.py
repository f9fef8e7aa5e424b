"""Tiny random checkpoints of every architecture whose rows the block formats divide, whole with a vocabulary of bytes.

    folder = make("gpt2", tmp_path); IDS are some of its tokens
"""

import json

import torch
from bloom_cases import case as bloom
from case import Case
from gemma_cases import case as gemma
from gpt2_cases import case as gpt2
from gpt_bigcode_cases import case as gpt_bigcode
from gpt_neox_cases import case as gpt_neox
from gpt_neox_cases import rope
from granite_cases import SCALES
from granite_cases import SHAPE as GRANITE
from llama_cases import LINEAR, LLAMA3, PLAIN, YARN
from llama_cases import case as llama
from mistral_cases import SHAPE as MISTRAL
from qwen2_cases import SHAPE as QWEN2
from qwen3_cases import SHAPE as QWEN3
from stablelm_cases import case as stablelm
from starcoder2_cases import case as starcoder2
from tiny_models import hf_tokenizer, tokens
from transformers import GraniteConfig, MistralConfig, Qwen2Config, Qwen3Config

VOCABULARY = dict(vocab_size=len(tokens()))
GPT2 = dict(n_embd=64, n_head=4, n_inner=96, n_positions=128, **VOCABULARY)
FUSED = dict(hidden_size=64, num_attention_heads=4, intermediate_size=96, max_position_embeddings=128, **VOCABULARY)
ROTARY = dict(hidden_size=64, num_attention_heads=4, num_key_value_heads=2, intermediate_size=96, max_position_embeddings=128, **VOCABULARY)
IDS = [(i * 37 + 5) % len(tokens()) for i in range(60)]

CASES = {
    "bloom": bloom("wide", dict(hidden_size=64, n_head=4, **VOCABULARY)),
    "gemma": gemma("wide", dict(ROTARY, head_dim=32)),
    "gpt2": gpt2("wide", GPT2),
    "gpt_bigcode": gpt_bigcode("wide", GPT2),
    "gpt_bigcode-own-heads": gpt_bigcode("wide", dict(GPT2, multi_query=False)),
    "gpt_neox": gpt_neox("wide", rope(0.25), FUSED),
    "gpt_neox-serial": gpt_neox("wide", rope(1.0), dict(FUSED, use_parallel_residual=False)),
    "granite": Case("granite", "wide", GraniteConfig, {**GRANITE, **ROTARY, **SCALES}),
    "llama": llama("wide", PLAIN, dict(ROTARY, head_dim=32)),
    "llama-linear": llama("wide", LINEAR, dict(ROTARY, head_dim=32)),
    "llama-llama3": llama("wide", LLAMA3, dict(ROTARY, head_dim=16, tie_word_embeddings=True)),
    "llama-yarn": llama("wide", YARN, dict(ROTARY, head_dim=16)),
    "mistral": Case("mistral", "wide", MistralConfig, {**MISTRAL, **ROTARY, "head_dim": 32, "sliding_window": 4096}),
    "qwen2": Case("qwen2", "wide", Qwen2Config, {**QWEN2, **ROTARY}),
    "qwen3": Case("qwen3", "wide", Qwen3Config, {**QWEN3, **ROTARY, "head_dim": 32}),
    "stablelm": stablelm("wide", dict(ROTARY, use_qkv_bias=True)),
    "stablelm-parallel-head-norms": stablelm("wide", dict(ROTARY, use_parallel_residual=True, qk_layernorm=True)),
    "starcoder2": starcoder2("wide", ROTARY),
}


def make(name, parent, seed=3):
    folder = parent / name
    folder.mkdir()
    CASES[name].save(CASES[name].random_model(torch.Generator().manual_seed(seed)), folder)
    config = json.loads((folder / "config.json").read_text())
    config["eos_token_id"] = tokens().index("<|endoftext|>")
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(hf_tokenizer()))
    return folder
