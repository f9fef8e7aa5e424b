"""`rigpilot model quantize` on Hugging Face folders of every architecture: each checkpoint of the parity tests becomes a GGUF
file that equals the converter's tensor by tensor, that the gguf package reads, and from which Rigpilot computes what transformers
computed from the folder; in 8 and 4 bits it stays near. What GGUF has no key for is refused. About a minute.
tests/parity/against_llama_cpp.py, run by hand, has llama.cpp read and continue the same files."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import gguf
import numpy
import pytest

RIGPILOT, BUILD = os.environ["RIGPILOT"], pathlib.Path(os.environ["RIGPILOT_BUILD"])
PARITY = pathlib.Path(__file__).parents[2] / "parity"
sys.path[:0] = [str(PARITY), str(PARITY / "families")]

import wide_cases  # noqa: E402
from expanded import our_logprobs  # noqa: E402

FOLDERS = sorted(path.name for path in (PARITY / "data").iterdir())
REFUSED = {  # what makes GGUF's readers compute something else
    "bloom-residual-after-norm": "residuals taken after the norm",
    "gpt2-unscaled-erf": "another activation",
    "gpt2-untied-inner": "attention scaled by layer",
    "gpt_bigcode-unscaled-untied": "another activation",
    "gpt_neox-lm-head-sharded": "another activation",
    "gpt_neox-unbiased-tied": "another activation",
    "qwen2-layer-types": "a window of attention in some layers only",
    "qwen2-window": "a window of attention in some layers only",
    "qwen3-window": "a window of attention in some layers only",
    "starcoder2-unbiased-untied": "another activation",
}
OTHER_LAYOUT = {"gpt_bigcode-own-heads", "gpt_neox-ungrouped-gguf", "starcoder2-window-fused-sharded"}  # their model.gguf is of another kind


def quantize(source, target, *options):
    return subprocess.run([RIGPILOT, "model", "quantize", source, target, *options, "--force", "--json"], capture_output=True, text=True, timeout=120)


def add_tokenizer(folder):
    """As many tokens as the model has rows; what they spell does not matter here."""
    size = json.loads((folder / "config.json").read_text())["vocab_size"]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    model = {"type": "BPE", "vocab": {chr(0x21 + i) if i < 90 else f"x{i}": i for i in range(size)}, "merges": []}
    (folder / "tokenizer.json").write_text(json.dumps({"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": byte_level,
                                                       "post_processor": None, "decoder": byte_level, "model": model}))


def tensors(path):
    return {tensor.name: (tensor.tensor_type.name, gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(tuple(reversed(tensor.shape.tolist()))))
            for tensor in gguf.GGUFReader(str(path)).tensors}


def keys(path):
    return {name: field.contents() for name, field in gguf.GGUFReader(str(path)).fields.items() if not name.startswith("GGUF.")}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Copies of the parity tests' folders, each with a vocabulary and, where it can be, model.gguf as we write it."""
    parent = tmp_path_factory.mktemp("families")
    shutil.copytree(PARITY / "data", parent / "data")
    theirs = parent / "theirs"
    theirs.mkdir()
    for name in FOLDERS:
        folder = parent / "data" / name
        add_tokenizer(folder)
        if (folder / "model.gguf").exists():
            shutil.move(folder / "model.gguf", theirs / f"{name}.gguf")
        run = quantize(folder, folder / "model.gguf", "--type", "f32")
        assert (run.returncode == 0) != (name in REFUSED), f"{name}: {run.stderr}"
        if name in REFUSED:
            assert REFUSED[name] in run.stderr and "config.json" in run.stderr and not (folder / "model.gguf").exists()
    return parent


@pytest.mark.parametrize("name", [name for name in FOLDERS if (PARITY / "data" / name / "model.gguf").exists() and name not in OTHER_LAYOUT])
def test_tensors_and_keys_are_the_converters(folders, name):
    ours, theirs = folders / "data" / name / "model.gguf", folders / "theirs" / f"{name}.gguf"
    written, expected = tensors(ours), tensors(theirs)
    assert set(written) == set(expected)
    for tensor, (_, value) in expected.items():
        close = dict(rtol=1e-6, atol=0) if tensor == "rope_freqs.weight" else dict(rtol=0, atol=0)
        numpy.testing.assert_allclose(written[tensor][1], value, **close, err_msg=tensor)
    mine = keys(ours)
    for key, value in keys(theirs).items():
        # The converter makes the first true whenever the configuration is silent; the second is the test's own number.
        if key not in ("stablelm.use_parallel_residual", "bloom.context_length"):
            assert mine[key] == pytest.approx(value, rel=1e-6) if isinstance(value, float) else mine[key] == value, key


def test_rigpilot_computes_from_them_what_transformers_computed_from_the_folders(folders):
    run = subprocess.run([BUILD / "tests_engine_torch", "every architecture equals transformers"], capture_output=True, text=True,
                         env={**os.environ, "RIGPILOT_PARITY_DATA": str(folders / "data")})
    assert run.returncode == 0, run.stdout
    rows = [line for line in run.stdout.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 12 and not any("not named" in row for row in rows), run.stdout


@pytest.mark.parametrize("name", wide_cases.CASES)
def test_fewer_bits_stay_near(tmp_path, name):
    folder = wide_cases.make(name, tmp_path)
    ids = wide_cases.IDS
    before = our_logprobs(folder, ids)
    assert max(before) - min(before) > 1, "the weights make no difference: the comparison would prove nothing"
    for kind, most in {"q8_0": 0.1, "q4_1": 0.8}.items():  # of how much the scores differ among themselves
        file = tmp_path / f"{kind}.gguf"
        run = quantize(folder, file, "--type", kind)
        assert run.returncode == 0, run.stderr
        types = {name: type for name, (type, value) in tensors(file).items() if value.ndim == 2 and "norm" not in name and "position" not in name}
        assert kind.upper() in types.values() and set(types.values()) <= {kind.upper(), "Q8_0"}, types
        after = our_logprobs(file, ids)
        off = numpy.subtract(before, after)
        assert 0 < numpy.sqrt((off ** 2).mean()) < most * numpy.std(before), kind
