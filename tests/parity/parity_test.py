"""Every architecture against transformers, made afresh: tiny checkpoints with another seed, and SmolLM2's real weights expanded to f32."""

import os
import pathlib
import subprocess
import sys
import time

import pytest
from expanded import expanded, logprobs_of, our_logprobs

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ["RIGPILOT_BUILD"])


def test_fresh_checkpoints_of_another_seed(tmp_path):
    seed = str(int(time.time()) % 100000)
    subprocess.run([sys.executable, HERE / "make_goldens.py", "--seed", seed, "--out", tmp_path], check=True, capture_output=True)
    run = subprocess.run([BUILD / "tests_engine_torch", "every architecture equals transformers"], env={**os.environ, "RIGPILOT_PARITY_DATA": str(tmp_path)},
                         capture_output=True, text=True)
    assert run.returncode == 0, f"seed {seed}\n{run.stdout}"
    assert "assertions in 1 test case" in run.stdout, run.stdout


def smollm2():
    store = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share")
    path = pathlib.Path(os.environ.get("RIGPILOT_SMOLLM2") or store / "rigpilot/models/SmolLM2-135M-Instruct.Q4_1.gguf")
    if not path.exists():
        pytest.skip("SmolLM2's weights are not here: scripts/get-weights installs them")
    return path


def test_smollm2_expanded_scores_what_transformers_scores():
    path = smollm2()
    ids = [1604, 3987, 46477, 24, 94, 727, 198, 472, 585, 304, 10204, 216, 33, 42, 448, 1003, 304, 472, 1745, 42, 448, 1003, 3987, 46477, 24, 94, 731, 216, 33, 25]
    ids += [(i * 7919) % 49000 for i in range(1, 90)]  # and nonsense: every part of the vocabulary, longer than one chunk
    ours, theirs = our_logprobs(path, ids, "--quant", "none"), logprobs_of(expanded(path), ids)
    assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) <= 1e-3
