"""Loading holds a model once: the peak of the process stays near its weights, for every way of holding them. About 15 s.

bench/load.py measures the same with a gigabyte; here the bound is tightened by what a tiny model's process takes anyway, so that a
checkpoint of 270 MB shows a second copy, or pages of the file that are not given back.
"""

import os
import pathlib
import subprocess
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).parents[2] / "bench"))
import load  # noqa: E402

RIGPILOT = os.environ["RIGPILOT"]
SLACK = 100e6  # of the heap, and of the tensors in hand


def make(path, shape, kind):
    subprocess.run([RIGPILOT, "model", "random", "--like", shape, path, "--type", kind, "--json"], check=True, stdout=subprocess.DEVNULL)
    return path


@pytest.fixture(scope="module")
def baseline(tmp_path_factory):
    """The peak of a process that loads next to nothing: libtorch's libraries and their start."""
    tiny = make(tmp_path_factory.mktemp("tiny") / "tiny.gguf", "llama-10m", "q8_0")
    return load.load(RIGPILOT, tiny, "auto", "auto")[1]


@pytest.mark.parametrize("out,kind,held", [
    ("folder", "bf16", [("auto", "bf16"), ("auto", "f32"), ("int8", "auto"), ("int4", "auto")]),
    ("model.gguf", "f16", [("auto", "bf16")]), ("model.gguf", "q8_0", [("auto", "auto"), ("none", "bf16")]), ("model.gguf", "q4_0", [("auto", "auto")])])
def test_a_model_is_held_once(tmp_path, baseline, out, kind, held):
    model = make(tmp_path / out, "smollm2-135m", kind)
    for quant, dtype in held:
        info, peak = load.load(RIGPILOT, model, quant, dtype)
        resident = info["memory_bytes"]
        assert resident > 60e6
        assert peak <= 1.15 * resident + 300e6, (quant, dtype)
        assert peak - baseline <= 1.15 * resident + SLACK, (quant, dtype)
