"""The block formats against the `gguf` package's dequantiser on blocks made at random now."""

import os
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_fresh_random_blocks_equal_the_reference(tmp_path):
    seed = random.randrange(2**31)
    print("seed", seed)  # shown when the test fails
    maker = ROOT / "tests/fixtures/gguf/make_blocks.py"
    subprocess.run([sys.executable, maker, tmp_path, str(seed)], check=True, timeout=300)
    program = pathlib.Path(os.environ["RIGPILOT_BUILD"]) / "tests_engine"
    done = subprocess.run([program, "gguf blocks:*,repack:*"], env={**os.environ, "RIGPILOT_BLOCKS": str(tmp_path)}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "All tests passed" in done.stdout
