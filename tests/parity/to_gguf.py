"""A checkpoint as GGUF F32, with names, keys and layouts as llama.cpp's converter has them.

    convert(path, gguf.MODEL_ARCH.QWEN2, config, tensors)
    convert(path, gguf.MODEL_ARCH.LLAMA, config, tensors, modify=permuted, keys=lambda writer, config: ...)

Names come from the gguf package's own map. `modify(name, tensor, config)` yields (name, tensor) pairs under Hugging Face's names,
or under GGUF's own ("blk.0.attn_q_norm.weight"); `keys(writer, config)` adds what the family has beside the common keys, or
writes them in its own way.
"""

import gguf


def first(config, *names):
    return next((config[name] for name in names if config.get(name) is not None), None)


def common_keys(writer, config):
    writer.add_block_count(first(config, "num_hidden_layers", "n_layer"))
    writer.add_context_length(first(config, "max_position_embeddings", "n_positions", "seq_length"))
    writer.add_embedding_length(first(config, "hidden_size", "n_embd"))
    writer.add_head_count(first(config, "num_attention_heads", "n_head"))
    for add, names in {
        writer.add_feed_forward_length: ("intermediate_size", "n_inner"),
        writer.add_head_count_kv: ("num_key_value_heads",),
        writer.add_layer_norm_rms_eps: ("rms_norm_eps",),
        writer.add_layer_norm_eps: ("layer_norm_eps", "layer_norm_epsilon", "norm_epsilon"),
        writer.add_key_length: ("head_dim",),
        writer.add_value_length: ("head_dim",),
    }.items():
        if first(config, *names) is not None:
            add(first(config, *names))
    rope_keys(writer, config.get("rope_parameters") or {})


def rope_keys(writer, rope):
    if "rope_theta" in rope:
        writer.add_rope_freq_base(rope["rope_theta"])
    if rope.get("rope_type") in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(rope["rope_type"]))
        writer.add_rope_scaling_factor(rope["factor"])
    if rope.get("rope_type") == "yarn":
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])


def unchanged(name, tensor, config):
    yield name, tensor


def permuted(name, tensor, config):
    """LLaMA's: of each query and key head, rows i and i + half stand next to each other."""
    heads = {"q_proj": config["num_attention_heads"], "k_proj": config.get("num_key_value_heads") or config["num_attention_heads"]}
    part = name.split(".")[-2]
    if part in heads:
        tensor = tensor.reshape(heads[part], 2, tensor.shape[0] // heads[part] // 2, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)
    yield name, tensor


def regrouped(part):
    """Of a matrix that holds each head's queries, keys and values together: first all queries, then all keys, then all values."""
    def modify(name, tensor, config):
        if name.split(".")[-2] == part:
            heads = first(config, "num_attention_heads", "n_head")
            tensor = tensor.reshape(heads, 3, -1, *tensor.shape[1:]).swapaxes(0, 1).reshape(tensor.shape)
        yield name, tensor
    return modify


def convert(path, architecture, config, tensors, modify=unchanged, keys=lambda writer, config: None, common=common_keys):
    writer = gguf.GGUFWriter(str(path), gguf.MODEL_ARCH_NAMES[architecture])
    common(writer, config)
    keys(writer, config)
    writer.add_vocab_size(config["vocab_size"])
    names = gguf.get_tensor_name_map(architecture, first(config, "num_hidden_layers", "n_layer"))
    for name, tensor in tensors.items():
        for renamed, changed in modify(name, tensor, config):
            mapped = renamed if renamed.startswith(("blk.", "rope_freqs.")) else names.get_name(renamed, try_suffixes=(".weight", ".bias"))
            assert mapped, f"{renamed}: GGUF has no name for it"
            writer.add_tensor(mapped, changed.float().contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
