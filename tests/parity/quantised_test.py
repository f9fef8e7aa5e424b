"""Quantised weights of the families with fused and transposed matrices: a GGUF in Q8_0 scores the same held quantised as
expanded to f32 (whose layout the parity table proves), and a folder quantised at load stays near what it scores in f32.
About 20 seconds."""

import pathlib
import sys

import gguf
import pytest
import torch
from expanded import our_logprobs

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "families")]

import bloom_cases  # noqa: E402
import gpt2_cases  # noqa: E402
import gpt_bigcode_cases  # noqa: E402
import gpt_neox_cases  # noqa: E402
import starcoder2_cases  # noqa: E402

IDS = [(i * 37 + 5) % 61 for i in range(40)]
GPT2 = dict(n_embd=64, n_head=4, n_inner=96)
WIDE = dict(hidden_size=64, num_attention_heads=4, intermediate_size=96)
CASES = {
    "gpt2": gpt2_cases.case("wide", GPT2, to_gguf=gpt2_cases.to_gguf),
    "gpt_neox": gpt_neox_cases.case("wide", gpt_neox_cases.rope(0.25), WIDE, to_gguf=gpt_neox_cases.to_gguf),
    "gpt_neox-ungrouped": gpt_neox_cases.case("wide", gpt_neox_cases.rope(0.25), WIDE, to_gguf=gpt_neox_cases.old_gguf),
    "bloom": bloom_cases.case("wide", dict(hidden_size=64, n_head=4), to_gguf=bloom_cases.to_gguf),
    "gpt_bigcode": gpt_bigcode_cases.case("wide", {**GPT2, "n_inner": None}, to_gguf=gpt_bigcode_cases.to_gguf),
    "gpt_bigcode-own-heads": gpt_bigcode_cases.case("wide", {**GPT2, "n_inner": None, "multi_query": False}, to_gguf=gpt_bigcode_cases.to_gguf),
    "starcoder2": starcoder2_cases.case("wide", {**WIDE, "sliding_window": 8}, to_gguf=starcoder2_cases.to_gguf),
    "starcoder2-fused": starcoder2_cases.case("wide", WIDE, to_gguf=starcoder2_cases.fused_gguf),
}


def quantised(source, target):
    """The same GGUF with its matrices in Q8_0."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key != "general.architecture":
            writer.add_key_value(key, field.contents(), field.types[0], field.types[-1] if len(field.types) > 1 else None)
    for tensor in reader.tensors:
        matrix = tensor.data.ndim == 2
        kind = gguf.GGMLQuantizationType.Q8_0 if matrix else gguf.GGMLQuantizationType.F32
        writer.add_tensor(tensor.name, gguf.quantize(tensor.data, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def largest(ours, theirs):
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True))


@pytest.fixture
def folder(request, tmp_path):
    case = CASES[request.param]
    case.save(case.random_model(torch.Generator().manual_seed(3)), tmp_path)
    return tmp_path


@pytest.mark.parametrize("folder", CASES, indirect=True)
def test_a_quantised_gguf_scores_alike_held_quantised_and_expanded(folder):
    quantised(folder / "model.gguf", folder / "q8_0.gguf")
    held, expanded = (our_logprobs(folder / "q8_0.gguf", IDS, "--quant", how) for how in ("auto", "none"))
    plain = our_logprobs(folder / "model.gguf", IDS)
    assert max(plain) - min(plain) > 1, "the weights make no difference: the comparison would prove nothing"
    assert largest(held, expanded) <= 1e-4
    assert 0 < largest(expanded, plain) < 1, "eight bits cost more than their share"


@pytest.mark.parametrize("folder", ["gpt2", "gpt_neox", "bloom", "gpt_bigcode", "starcoder2"], indirect=True)
def test_a_folder_quantised_at_load_scores_near_its_floats(folder):
    (folder / "model.gguf").unlink()
    assert 0 < largest(our_logprobs(folder, IDS, "--quant", "int8"), our_logprobs(folder, IDS)) < 1
