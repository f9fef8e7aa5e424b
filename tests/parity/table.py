"""The measured half of docs/models.md: parity with transformers for each architecture, and what narrower numbers cost.

    RIGPILOT_BUILD=build/release .venv/bin/python tests/parity/table.py          # prints both tables
    RIGPILOT_BUILD=build/release .venv/bin/python tests/parity/table.py --write  # and puts them into docs/models.md

The first table is what tests_engine_torch prints, with what bf16, int8 and int4 cost on real text where real weights are at hand:
SmolLM2's, an architecture's row. The second has the bits per byte themselves.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs/models.md"
BUILD = pathlib.Path(os.environ.get("RIGPILOT_BUILD", ROOT / "build/release")).resolve()
TEXTS = ["base/queue.h", "tokenizer/unigram.cpp"]
PRECISIONS = {  # as the table names them -> options
    "fp32": ["--quant", "none", "--dtype", "f32"],
    "bf16": ["--quant", "none", "--dtype", "bf16"],
    "int8": ["--quant", "int8", "--dtype", "f32"],
    "int4": ["--quant", "int4", "--dtype", "f32"],
    "as stored (Q4_1)": ["--quant", "auto", "--dtype", "f32"],
    "by default": [],
}


def smollm2():
    """The path of SmolLM2's GGUF, or None."""
    store = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share")
    path = pathlib.Path(os.environ.get("RIGPILOT_SMOLLM2") or store / "rigpilot/models/SmolLM2-135M-Instruct.Q4_1.gguf")
    return path if path.exists() else None


def parity_table():
    run = subprocess.run([BUILD / "tests_engine_torch", "every architecture equals transformers"], capture_output=True, text=True,
                         env={**os.environ, "OMP_WAIT_POLICY": "passive"})
    assert run.returncode == 0, run.stdout
    return "\n".join(line for line in run.stdout.splitlines() if line.startswith("|"))


WEIGHTS_OF, NARROWER = "llama", ["bf16", "int8", "int4"]  # SmolLM2's architecture, and the columns that its weights fill


def with_costs(parity, bits):
    """The parity table with the columns of what narrower numbers cost; `bits` is None where the weights are not here."""
    lines = parity.splitlines()
    heading = [lines[0] + "".join(f" {name}, Δ bits per byte |" for name in NARROWER), lines[1] + "---|" * len(NARROWER)]
    cost = {WEIGHTS_OF: [f"{bits[name] - bits['fp32']:+.3f}" for name in NARROWER]} if bits else {}
    return "\n".join(heading + [line + "".join(f" {cell} |" for cell in cost.get(line.split("|")[1].strip(), ["–"] * len(NARROWER))) for line in lines[2:]])


def bits_per_byte(model):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as text:
        text.write("".join((ROOT / name).read_text() for name in TEXTS))
        text.flush()
        out = {}
        for name, options in PRECISIONS.items():
            run = subprocess.run([BUILD / "rigpilot", "score", "--model", model, "--device", "cpu", *options, "--json", text.name], capture_output=True, text=True)
            assert run.returncode == 0, run.stderr
            out[name] = json.loads(run.stdout)["bits_per_byte"]
    return out


def precision_table(bits):
    rows = [f"| {name} | {value:.3f} | {value - bits['fp32']:+.3f} |" for name, value in bits.items()]
    return "\n".join(["| numbers | bits per byte | against fp32 |", "|---|---|---|", *rows])


def between(name):
    return re.compile(rf"(<!-- {name}: .*? -->\n)(.*?)(\n<!-- end of {name} -->)", re.S)


def documented(name):
    return between(name).search(PAGE.read_text())[2]


def rows(table):
    """{first cell: the other cells}, without the heading."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {row[0]: row[1:] for row in cells}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    bits = bits_per_byte(model) if (model := smollm2()) else None
    tables = {"parity": with_costs(parity_table(), bits)}
    if bits:
        tables["precision"] = precision_table(bits)
    for name, table in tables.items():
        print(table, end="\n\n")
        if write:
            PAGE.write_text(between(name).sub(lambda found: found[1] + table + found[3], PAGE.read_text()))


if __name__ == "__main__":
    main()
