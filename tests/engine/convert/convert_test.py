"""`rigpilot model quantize` and `random` against the references: the gguf package reads every file, its dequantiser gives our
numbers bit for bit, its quantiser is never better than ours, names and row order are the converter's. About 15 s."""

import json
import os
import pathlib
import subprocess

import gguf
import numpy
import pytest

import tiny_models

RIGPILOT = os.environ["RIGPILOT"]
FLOAT_TYPES, BLOCK_TYPES = ("f32", "f16", "bf16"), ("q8_0", "q4_0", "q4_1", "q4_k")
DONE, FAILED, WRONG_USE = 0, 1, 2


def rigpilot(*arguments):
    return subprocess.run([RIGPILOT, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def answer(*arguments):
    run = rigpilot(*arguments, "--json")
    assert run.returncode == DONE, run.stderr
    return json.loads(run.stdout)


def tensors(path):
    return {tensor.name: tensor for tensor in gguf.GGUFReader(str(path)).tensors}


def floats(tensor):
    return gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(tuple(reversed(tensor.shape.tolist())))


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """One GGUF file with a matrix that every block format divides: a normal distribution, rows with outliers, extremes."""
    path, random = tmp_path_factory.mktemp("wide") / "wide.gguf", numpy.random.default_rng(5)
    matrix = (random.standard_normal((48, 512)) * 0.03).astype(numpy.float32)
    matrix[8:16] *= 10.0 ** random.integers(-3, 3, (8, 1))
    matrix[16:24, ::97] *= 40
    matrix[24:28] = numpy.abs(matrix[24:28])
    matrix[28] = 0
    matrix[29] = random.integers(-8, 8, 512) / 4
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_array("some.array", ["a", "b"])
    writer.add_uint64("some.number", 1 << 40)
    for name, value in {"blk.0.ffn_up.weight": matrix, "blk.0.ffn_norm.weight": matrix[0], "output.weight": matrix, "position_embd.weight": matrix}.items():
        writer.add_tensor(name, value)
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file, writer.close):
        write()
    return path, matrix


@pytest.mark.parametrize("kind", BLOCK_TYPES + FLOAT_TYPES)
def test_bits_are_the_references(tmp_path, wide, kind):
    path, matrix = wide
    told = answer("model", "quantize", path, tmp_path / "q.gguf", "--type", kind)
    answer("model", "quantize", tmp_path / "q.gguf", tmp_path / "ours.gguf", "--type", "f32")
    quantised, ours = tensors(tmp_path / "q.gguf"), tensors(tmp_path / "ours.gguf")
    up = quantised["blk.0.ffn_up.weight"]
    assert up.tensor_type.name == kind.upper()
    theirs = floats(up)
    assert numpy.array_equal(theirs.view(numpy.uint32), floats(ours["blk.0.ffn_up.weight"]).view(numpy.uint32)), "dequantised bit for bit"
    head = floats(quantised["output.weight"])
    assert quantised["output.weight"].tensor_type.name == ("Q8_0" if kind.startswith("q4") else kind.upper())
    assert quantised["position_embd.weight"].tensor_type.name == quantised["blk.0.ffn_norm.weight"].tensor_type.name == "F32"
    if kind in BLOCK_TYPES:
        off = sum(((given - matrix).astype(numpy.float64) ** 2).sum() for given in (theirs, head))
        assert told["relative_error"] == pytest.approx(numpy.sqrt(off / (2 * (matrix.astype(numpy.float64) ** 2).sum())), rel=1e-9)
    if kind != "q4_k":  # which the package cannot write
        reference = gguf.quants.quantize(matrix, up.tensor_type)
        reference = gguf.quants.dequantize(reference, up.tensor_type)
        if kind in FLOAT_TYPES:
            assert numpy.array_equal(reference, theirs)
        error = lambda given: ((given - matrix).astype(numpy.float64).reshape(48, -1, 32) ** 2).sum(axis=2)
        assert (error(theirs) <= error(reference) * (1 + 1e-5) + 1e-30).all(), "no block is worse than the package's"


def test_metadata_goes_over_as_it_is(tmp_path, wide):
    path, _ = wide
    answer("model", "quantize", path, tmp_path / "q.gguf", "--quant", "int8")
    before, after = gguf.GGUFReader(str(path)), gguf.GGUFReader(str(tmp_path / "q.gguf"))
    for name, field in before.fields.items():
        if not name.startswith("GGUF."):
            assert (after.fields[name].types, after.fields[name].contents()) == (field.types, field.contents()), name
    assert after.fields["general.file_type"].contents() == 7 and after.fields["general.quantization_version"].contents() == 2


def test_a_folder_becomes_what_the_converter_makes(tmp_path):
    folder = tiny_models.hf_folder(tmp_path / "tiny")
    answer("model", "quantize", folder, tmp_path / "f32.gguf", "--type", "f32")
    written, expected = tensors(tmp_path / "f32.gguf"), tiny_models.gguf_weights()
    assert set(written) == set(expected)
    for name, value in expected.items():
        assert numpy.array_equal(floats(written[name]), value), name
    theirs = {field.name: field for field in gguf.GGUFReader(str(tiny_models.gguf_file(tmp_path / "theirs.gguf"))).fields.values()}
    ours = gguf.GGUFReader(str(tmp_path / "f32.gguf")).fields
    for name, field in theirs.items():
        if not name.startswith("GGUF.") and name not in ("general.name", "tokenizer.ggml.bos_token_id"):  # the folder names no bos
            assert ours[name].types == field.types, name
            assert ours[name].contents() == pytest.approx(field.contents()), name


@pytest.mark.parametrize("kind", ["f32", "q8_0"])
def test_the_same_text_and_scores(tmp_path, kind):
    folder, file = tiny_models.hf_folder(tmp_path / "tiny"), tmp_path / "made.gguf"
    told = answer("model", "quantize", folder, file, "--type", kind, "--text", __file__)
    assert told["bits_per_byte"]["after"] == pytest.approx(told["bits_per_byte"]["before"], rel=1e-6 if kind == "f32" else 0.02)
    ids = [answer("tokens", "--model", model, __file__)["ids"] for model in (folder, file)]
    assert ids[0] == ids[1]
    if kind == "f32":
        texts = [answer("generate", "--model", model, "--prompt", "return", "--dtype", "f32", "--max-tokens", 24)["ids"] for model in (folder, file)]
        assert texts[0] == texts[1]


def test_wrong_use_and_lost_files(tmp_path, wide):
    path, _ = wide
    out = tmp_path / "out.gguf"
    for code, arguments, sentence in [
            (WRONG_USE, (path, out), "--quant int8 or int4"),
            (WRONG_USE, (path, out, "--quant", "int8", "--type", "q4_0"), "disagree"),
            (WRONG_USE, (path, out, "--type", "q6_k"), "q4_k"),
            (WRONG_USE, (path, tmp_path / "out.bin", "--quant", "int8"), "ends in .gguf"),
            (FAILED, (tmp_path / "absent.gguf", out, "--quant", "int8"), "absent.gguf"),
            (FAILED, (path, path, "--quant", "int8"), "is there already"),
            (FAILED, (path, path, "--quant", "int8", "--force"), "is the source"),
            (FAILED, (tiny_models.hf_folder(tmp_path / "gpt", config={"model_type": "starcoder9"}), out, "--quant", "int8"), "starcoder9")]:
        run = rigpilot("model", "quantize", *arguments)
        assert (run.returncode, run.stdout) == (code, ""), arguments
        assert sentence in run.stderr and "rigpilot: " in run.stderr, run.stderr
    assert not out.exists() and [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("out,kind", [("model.gguf", "q4_0"), ("model.gguf", "q4_k"), ("folder", "bf16")])
def test_a_random_model_runs(tmp_path, out, kind):
    arguments = ("model", "random", "--like", "llama-10m", tmp_path / out, "--layers", 2, "--type", kind)
    told = answer(*arguments)
    assert told["bytes"] == sum(file.stat().st_size for file in (tmp_path.rglob("*") if out == "folder" else [tmp_path / out]) if file.is_file())
    made = answer("generate", "--model", tmp_path / out, "--prompt", "def main(self):", "--max-tokens", 4)
    assert made["timings"]["decode_tokens"] >= 1
    assert rigpilot(*arguments).returncode == FAILED, "what is there stays"
    if out.endswith(".gguf"):
        kinds = {name: tensor.tensor_type.name for name, tensor in tensors(tmp_path / out).items()}
        assert kinds["blk.0.ffn_up.weight"] == ("Q4_1" if kind == "q4_k" else "Q4_0")  # rows of 320
        before = (tmp_path / out).read_bytes()
        assert rigpilot(*arguments, "--force").returncode == DONE and (tmp_path / out).read_bytes() == before, "the same seed, the same file"


def test_random_says_what_it_can_make(tmp_path):
    for arguments, sentence in [(("--like", "gpt-5", tmp_path / "x.gguf"), "smollm2-135m"), (("--like", "llama-10m", tmp_path / "x", "--type", "q4_0"), ".gguf"),
                                (("--like", "llama-10m", tmp_path / "x.gguf", "--type", "q9"), "q4_k"),
                                (("--like", "llama-10m", tmp_path / "x.gguf", "--fim", "gpt"), "expected rigpilot, qwen, starcoder")]:
        run = rigpilot("model", "random", *arguments)
        assert run.returncode in (FAILED, WRONG_USE) and sentence in run.stderr
    assert not list(pathlib.Path(tmp_path).iterdir())
