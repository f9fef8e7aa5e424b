"""Small valid files for the fuzzers of gguf, safetensors and charsmap: python tests/fuzz/make_seeds.py (needs gguf, safetensors, sentencepiece)."""

import pathlib
import sys

import gguf
import numpy as np
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).resolve().parent / "seeds"


def write_gguf(name, alignment, tensors, architecture="llama"):
    writer = gguf.GGUFWriter(HERE / "gguf" / name, architecture, use_temp_file=False)
    if alignment:
        writer.add_custom_alignment(alignment)
    writer.add_name("seed")
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(4.0)
    writer.add_layer_norm_rms_eps(1e-5)
    if architecture != "llama":
        writer.add_layer_norm_eps(1e-5)
        writer.add_parallel_residual(True)
        writer.add_rope_dimension_count(2 if architecture == "gptneox" else 8)
        writer.add_sliding_window(16)
    writer.add_token_list(["<unk>", "a", "b", "\u2581the"])
    writer.add_token_scores([0.0, -1.0, -2.0, -3.0])
    writer.add_token_types([2, 1, 1, 1])
    writer.add_eos_token_id(2)
    writer.add_bool("tokenizer.ggml.add_bos_token", True)
    for tensor, kind in tensors:
        data = np.arange(2 * 256, dtype=np.float32).reshape(2, 256)[:, : 256 if "_K" in kind else 32] / 100
        if kind == "F32":
            writer.add_tensor(tensor, np.ascontiguousarray(data))
            continue
        kind = gguf.GGMLQuantizationType[kind]
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        blocks = np.arange(2 * data.shape[1] // elements * size, dtype=np.uint8).reshape(2, -1)
        writer.add_tensor(tensor, blocks, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_charsmap():
    """The rules of tests/tokenizer/variants.py, and a text that all of them change."""
    sys.path.insert(0, str(HERE.parents[1] / "tokenizer"))
    import variants

    rules = variants.charsmap(variants.RULES)
    (HERE / "charsmap").mkdir(exist_ok=True)
    (HERE / "charsmap/rules").write_bytes(rules)


def main():
    write_charsmap()
    for name in ("gguf", "safetensors"):
        (HERE / name).mkdir(parents=True, exist_ok=True)
    write_gguf("plain.gguf", None, [("token_embd.weight", "F32")])
    write_gguf("quantised.gguf", 64, [("a", "Q4_0"), ("b", "Q8_0"), ("c", "Q5_1")])
    write_gguf("k.gguf", None, [("a", "Q4_K"), ("b", "Q6_K")])
    write_gguf("neox.gguf", None, [("token_embd.weight", "F32"), ("blk.0.attn_output.bias", "F32")], "gptneox")
    write_gguf("starcoder.gguf", None, [("blk.0.attn_qkv.weight", "F32")], "starcoder")
    write_gguf("starcoder2.gguf", None, [("blk.0.attn_qkv.weight", "Q8_0")], "starcoder2")
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    save_file({"a": a, "b": a.astype(np.float16), "empty": np.zeros((0, 3), np.float32)}, HERE / "safetensors" / "three.safetensors")
    save_file({"mask": np.ones((2, 2), bool), "ids": np.arange(3)}, HERE / "safetensors" / "integers.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main()
