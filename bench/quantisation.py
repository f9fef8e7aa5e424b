"""What each format costs and saves on real weights: bits per byte of this repository's files, size, weight error, decode speed.

    .venv/bin/python bench/quantisation.py build/release/rigpilot [--model FILE.gguf] [--characters 12000] [--write bench/results.md]

The source is the model expanded to f32 (SmolLM2-135M by default, which scripts/get-weights fetches). Every format is scored
with activations in f32, so that only the weights differ. Decode speed: tokens a second of 48 greedy tokens as the program runs
by default, median of interleaved runs; only the ratio to the first row means anything on a busy machine.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

import gguf
import numpy

from load import machine, write_section

ROOT = pathlib.Path(__file__).resolve().parents[1]
TEXTS = ["base/utf8.cpp", "engine/generate/sampler.cpp", "tests/support/lsp_client.py", "CONTRIBUTING.md"]
FILES = ["q8_0", "q4_0", "q4_1", "q4_k"]


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments), "--json"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def synthetic_errors():
    """Relative error, in %, of formats on 4096 x 256 normal weights, and with one weight in 256 twenty times as large."""
    random = numpy.random.default_rng(0)
    calm = random.standard_normal((4096, 256)).astype(numpy.float32) * 0.02
    wild = calm.copy()
    wild[:, 100] *= 20
    return calm, wild


def file_errors(program, folder, weights, name):
    source = folder / f"{name}.gguf"
    writer = gguf.GGUFWriter(str(source), "llama")
    writer.add_tensor("blk.0.ffn_up.weight", weights)
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file, writer.close):
        write()
    return {kind: run(program, "model", "quantize", source, folder / f"{name}.{kind}.gguf", "--type", kind)["relative_error"] for kind in FILES}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--model")
    arguments.add_argument("--characters", type=int, default=12000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--write", type=pathlib.Path)
    given = arguments.parse_args()
    model = given.model or subprocess.run([ROOT / "scripts/get-weights"], capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        text = folder / "text"
        text.write_text("".join((ROOT / path).read_text()[:given.characters // len(TEXTS)] for path in TEXTS))
        source = folder / "source.gguf"
        run(given.program, "model", "quantize", model, source, "--type", "f32")
        rows = [("none (f32)", source, "none", None), ("int8 (at load)", source, "int8", None), ("int4 (at load)", source, "int4", None)]
        for kind in FILES:
            made = folder / f"{kind}.gguf"
            rows.append((kind.upper(), made, "auto", run(given.program, "model", "quantize", source, made, "--type", kind)["relative_error"]))
        bits, sizes, speeds = [], [], [[] for _ in rows]
        for _, path, quant, _ in rows:
            bits.append(run(given.program, "score", "--model", path, text, "--dtype", "f32", "--quant", quant)["bits_per_byte"])
        for turn in range(given.runs):
            for i, (_, path, quant, _) in enumerate(rows):
                timings = run(given.program, "generate", "--model", path, "--quant", quant, "--prompt", "def main():", "--max-tokens", 48)["timings"]
                speeds[i].append(timings["decode_tokens"] / timings["decode_ms"] * 1000)
        for _, path, quant, _ in rows:
            sizes.append(run(given.program, "model", "info", path, "--quant", quant)["memory_bytes"])
        lines = ["| weights | file, MB | in memory, MB | weight error, % | bits per byte | against none | decode, tokens/s | against none |", "|---|---|---|---|---|---|---|---|"]
        median = [statistics.median(speed) for speed in speeds]
        for i, (label, path, _, error) in enumerate(rows):
            off = "" if error is None else f"{100 * error:.2f}"
            lines.append(f"| {label} | {path.stat().st_size / 1e6 if path != source or i == 0 else 0:.0f} | {sizes[i] / 1e6:.0f} | {off} | {bits[i]:.4f} | {100 * (bits[i] / bits[0] - 1):+.2f} % | "
                         f"{median[i]:.1f} | {median[i] / median[0]:.2f}x |".replace("| 0 |", "| |", 1))
        calm, wild = synthetic_errors()
        calm, wild = (file_errors(given.program, folder, weights, label) for label, weights in (("calm", calm), ("wild", wild)))
        lines += ["", "| relative error of random weights, % | " + " | ".join(kind.upper() for kind in FILES) + " |", "|---|---|---|---|---|",
                  "| normal | " + " | ".join(f"{100 * calm[kind]:.2f}" for kind in FILES) + " |",
                  "| one in 256 twenty times as large | " + " | ".join(f"{100 * wild[kind]:.2f}" for kind in FILES) + " |"]
    result = f"{machine()}. {pathlib.Path(model).stem} expanded to f32; `bench/quantisation.py build/release/rigpilot --characters {given.characters} --runs {given.runs}`.\n\n" + "\n".join(lines)
    print(result)
    if given.write:
        write_section(given.write, "Quantisation: accuracy, size and speed", result)


if __name__ == "__main__":
    main()
