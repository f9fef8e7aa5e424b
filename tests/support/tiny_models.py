"""Tiny random LLaMA models that load in a moment, whole with a vocabulary: as a Hugging Face folder and as a GGUF file.

    folder = hf_folder(tmp_path / "tiny")                               # config.json, model.safetensors, tokenizer.json
    file = gguf_file(tmp_path / "tiny.gguf", drop=["output_norm.weight"])  # the same model, with a tensor missing

Each part can be changed on the way (config, tensors, drop): how the tests make bad files. The vocabulary is the 256 bytes, a
few merges, an end token and StarCoder's fill-in-the-middle tokens.
"""

import json

import gguf
import numpy
from safetensors.numpy import save_file

WIDTH, MLP, LAYERS, HEADS, KV_HEADS, CONTEXT = 32, 48, 2, 4, 2, 256
MERGES = [("r", "e"), ("t", "u"), ("re", "tu"), ("r", "n"), ("retu", "rn"), ("Ġ", "Ġ")]
SPECIAL = ["<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>"]


def printable_bytes():
    """GPT-2's spelling of the 256 bytes."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in own]
    spelling = {byte: chr(byte) for byte in own} | {byte: chr(256 + i) for i, byte in enumerate(others)}
    return [spelling[byte] for byte in range(256)]


def tokens():
    return printable_bytes() + [a + b for a, b in MERGES] + SPECIAL


def weights(seed=0):
    """By Hugging Face's names; rows of q and k in Hugging Face's order."""
    random, head, vocabulary = numpy.random.default_rng(seed), WIDTH // HEADS, len(tokens())
    matrix = lambda rows, columns: (random.standard_normal((rows, columns)) * 0.2).astype(numpy.float32)
    out = {"model.embed_tokens.weight": matrix(vocabulary, WIDTH), "model.norm.weight": numpy.ones(WIDTH, numpy.float32),
           "lm_head.weight": matrix(vocabulary, WIDTH)}
    for layer in range(LAYERS):
        shapes = {"self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (KV_HEADS * head, WIDTH), "self_attn.v_proj": (KV_HEADS * head, WIDTH),
                  "self_attn.o_proj": (WIDTH, WIDTH), "mlp.gate_proj": (MLP, WIDTH), "mlp.up_proj": (MLP, WIDTH), "mlp.down_proj": (WIDTH, MLP)}
        out |= {f"model.layers.{layer}.{name}.weight": matrix(*shape) for name, shape in shapes.items()}
        out |= {f"model.layers.{layer}.{name}.weight": numpy.ones(WIDTH, numpy.float32) for name in ("input_layernorm", "post_attention_layernorm")}
    return out


def changed(values, changes, drop):
    return {name: value for name, value in {**values, **(changes or {})}.items() if name not in drop}


def hf_tokenizer():
    """tokenizer.json."""
    added = [{"id": tokens().index(name), "content": name, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
             for name in SPECIAL]
    model = {"type": "BPE", "vocab": {name: i for i, name in enumerate(tokens()) if name not in SPECIAL}, "merges": [list(pair) for pair in MERGES],
             "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": byte_level,
            "post_processor": None, "decoder": byte_level, "model": model}


def hf_folder(path, config=None, tensors=None, drop=(), tokenizer=True):
    path.mkdir(parents=True)
    base = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": len(tokens()), "hidden_size": WIDTH, "intermediate_size": MLP,
            "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "max_position_embeddings": CONTEXT,
            "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": False,
            "eos_token_id": tokens().index("<|endoftext|>")}
    (path / "config.json").write_text(json.dumps(changed(base, config, drop)))
    save_file(changed(weights(), tensors, drop), path / "model.safetensors", metadata={"format": "pt"})
    if tokenizer:
        (path / "tokenizer.json").write_text(json.dumps(hf_tokenizer()))
    return path


GGUF_NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
              "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
              "post_attention_layernorm": "ffn_norm"}


def gguf_weights():
    """The same model under GGUF's names; q and k with each head's rotary pairs side by side, as converters write them."""
    out = {}
    for name, value in weights().items():
        if name.startswith("model.layers."):
            _, _, layer, part = name.split(".", 3)
            part = part.removesuffix(".weight")
            if part in ("self_attn.q_proj", "self_attn.k_proj"):
                heads = HEADS if "q_proj" in part else KV_HEADS
                value = value.reshape(heads, 2, value.shape[0] // heads // 2, WIDTH).swapaxes(1, 2).reshape(value.shape)
            name = f"blk.{layer}.{GGUF_NAMES[part]}.weight"
        out[{"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight"}.get(name, name)] = value
    return out


def gguf_file(path, architecture="llama", config=None, tensors=None, drop=(), tokenizer=True):
    writer = gguf.GGUFWriter(str(path), architecture)
    base = {"context_length": CONTEXT, "embedding_length": WIDTH, "block_count": LAYERS, "feed_forward_length": MLP, "attention.head_count": HEADS,
            "attention.head_count_kv": KV_HEADS, "vocab_size": len(tokens())}
    for key, value in changed(base, config, drop).items():
        writer.add_uint32(f"{architecture}.{key}", value)
    writer.add_float32(f"{architecture}.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_float32(f"{architecture}.rope.freq_base", 10000.0)
    if tokenizer:
        kinds = [gguf.TokenType.CONTROL if name in SPECIAL else gguf.TokenType.NORMAL for name in tokens()]
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_list(tokens())
        writer.add_token_types(kinds)
        writer.add_token_merges([" ".join(pair) for pair in MERGES])
        writer.add_eos_token_id(tokens().index("<|endoftext|>"))
        writer.add_bos_token_id(tokens().index("<|endoftext|>"))
        writer.add_add_bos_token(False)
    for name, value in changed(gguf_weights(), tensors, drop).items():
        writer.add_tensor(name, numpy.ascontiguousarray(value))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
