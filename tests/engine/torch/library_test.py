"""librigpilot_torch.so beside the program: absent, broken, of another version. Each is one sentence that says what to do."""

import os
import pathlib
import shutil
import subprocess

import pytest
from tiny_models import hf_folder

LIBRARY = "librigpilot_torch.so"


@pytest.fixture
def program(tmp_path):
    (tmp_path / "bin").mkdir()
    return pathlib.Path(shutil.copy(os.environ["RIGPILOT"], tmp_path / "bin"))


def score(program, tmp_path):
    model = tmp_path / "tiny"
    if not model.exists():
        hf_folder(model)
    return subprocess.run([program, "score", "--model", model, "--ids", "1,2,3"], capture_output=True, text=True)


def check_sentence(run, *words):
    assert run.returncode == 1, run
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
    assert all(word in run.stderr for word in words), run.stderr


def test_absent(program, tmp_path):
    check_sentence(score(program, tmp_path), LIBRARY, "not found", "beside the program")


def test_not_a_library(program, tmp_path):
    (program.parent / LIBRARY).write_bytes(b"not a library")
    check_sentence(score(program, tmp_path), LIBRARY, "cannot be opened")


@pytest.mark.parametrize("source", ["const void* rigpilot_torch_library() { static int version = 999; return &version; }", "int nothing;"], ids=["newer", "another"])
def test_of_another_version(program, tmp_path, source):
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler to make such a library with")
    (tmp_path / "other.c").write_text(source)
    subprocess.run(["cc", "-shared", "-fPIC", tmp_path / "other.c", "-o", program.parent / LIBRARY], check=True)
    check_sentence(score(program, tmp_path), LIBRARY, "another version", "build it again")


def test_in_the_folder_of_an_installation(program, tmp_path):
    (tmp_path / "lib/rigpilot").mkdir(parents=True)
    (tmp_path / "lib/rigpilot" / LIBRARY).symlink_to(pathlib.Path(os.environ["RIGPILOT_BUILD"]) / LIBRARY)
    run = score(program, tmp_path)
    assert run.returncode == 0, run.stderr
