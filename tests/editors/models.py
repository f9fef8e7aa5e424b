"""The model that `scripts/demo` uses, for tests with real weights."""

import json
import pathlib
import subprocess

from lsp_client import program


def small_model():
    """Its path, where the program under test can run it; else None."""
    if not (pathlib.Path(program()).parent / "librigpilot_torch.so").exists():
        return None
    said = subprocess.run([program(), "model", "list", "--json"], capture_output=True, text=True)
    models = [model["path"] for model in json.loads(said.stdout or "{}").get("models", []) if "SmolLM2" in model["name"]]
    return models[0] if models else None
