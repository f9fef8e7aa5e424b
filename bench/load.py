"""Memory and time of loading: the peak of a process that loads a model, against its weights; the time, against reading the file.

    .venv/bin/python bench/load.py build/release/rigpilot [--megabytes 1000] [--runs 5] [--write bench/results.md]

Random checkpoints of about that size are made by `rigpilot model random`, loaded by `rigpilot generate` in a process of its own,
and removed. What counts:

- peak: VmHWM as the kernel reports it at the process's end (wait4's ru_maxrss): anonymous memory and mapped file pages together, so
  pages of the checkpoint that were touched and not given back count too, and so do libtorch's libraries.
- bound: 1.15 x the resident weights + 300 MB.
- time: what the program says loading took (libtorch is open by then), beside two ways of reading the same file from the page cache:
  "read", into memory of its own, as large as the file, which is what a program does that keeps what it read; and "pass", a loop of
  reads into one and the same megabyte, which stays in the processor's cache. Medians of interleaved runs.
- processor time: of the reading loop; of the process that loads, less that of one that loads a tiny model (start, one token).
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SHAPE, WIDTH_MEGABYTES = "smollm2-1.7b", {"bf16": 134.2, "f16": 134.2, "q8_0": 71.3, "q4_0": 37.7, "f32": 268.4}  # a layer, without the table
TABLE_MEGABYTES = {"bf16": 201.3, "f16": 201.3, "q8_0": 107, "q4_0": 56.6, "f32": 402.7}
# checkpoint, then how it is held
CASES = [("folder", "bf16", "auto", "auto"), ("folder", "bf16", "auto", "f32"), ("folder", "bf16", "int8", "auto"), ("folder", "bf16", "int4", "auto"),
         ("folder", "f32", "auto", "f32"), ("gguf", "f16", "auto", "f16"), ("gguf", "f16", "auto", "auto"),
         ("gguf", "q8_0", "auto", "auto"), ("gguf", "q4_0", "auto", "auto")]


def make(program, folder, form, kind, megabytes):
    layers = max(1, round((megabytes - TABLE_MEGABYTES[kind]) / WIDTH_MEGABYTES[kind]))
    path = folder / (f"{kind}.gguf" if form == "gguf" else kind)
    subprocess.run([program, "model", "random", "--like", SHAPE, path, "--type", kind, "--layers", str(layers)], check=True, stdout=subprocess.DEVNULL)
    return path, path if form == "gguf" else path / "model.safetensors"


def load(program, path, quant, dtype):
    """What the model takes in memory by `model info`, the milliseconds its loading took and the processor's of the whole process that
    loaded it and computed one token, and that process's peak in bytes."""
    held = ["--json", "--device", "cpu", "--quant", quant, "--dtype", dtype]
    info = json.loads(subprocess.run([program, "model", "info", path, *held], check=True, stdout=subprocess.PIPE).stdout)
    process = subprocess.Popen([program, "generate", "--model", path, "--ids", "1", "--max-tokens", "1", *held], stdout=subprocess.PIPE)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"rigpilot generate --model {path} --quant {quant} --dtype {dtype} failed")
    return {**info, "load_ms": json.loads(said)["timings"]["load_ms"], "cpu_ms": 1000 * (usage.ru_utime + usage.ru_stime)}, usage.ru_maxrss * 1024


READ = """
import sys, time
start, start_cpu = time.perf_counter(), time.process_time()
with open(sys.argv[1], "rb", buffering=0) as file:
    kept = file.readall()
print((time.perf_counter() - start) * 1000, (time.process_time() - start_cpu) * 1000)
"""


def read(path):
    """Milliseconds, and the processor's, to read a file that lies in the page cache into memory of its own (of a process of its own,
    or this one's peak would count as the peak of those it starts)."""
    said = subprocess.run([sys.executable, "-c", READ, path], check=True, stdout=subprocess.PIPE, text=True).stdout
    return tuple(map(float, said.split()))


def pass_over(path):
    """Milliseconds to read it piece by piece into the same megabyte."""
    buffer, start = bytearray(1 << 20), time.perf_counter()
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return (time.perf_counter() - start) * 1000


def measure(program, folder, megabytes, runs, cases=CASES):
    made, rows = {}, []
    tiny = folder / "tiny.gguf"
    subprocess.run([program, "model", "random", "--like", "llama-10m", tiny, "--type", "q8_0"], check=True, stdout=subprocess.DEVNULL)
    start = statistics.median(load(program, tiny, "auto", "auto")[0]["cpu_ms"] for _ in range(runs))
    for form, kind, quant, dtype in cases:
        if (form, kind) not in made:
            for path, _ in made.values():  # one checkpoint at a time on the disk and in the page cache
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            made = {(form, kind): make(program, folder, form, kind, megabytes)}
        path, file = made[form, kind]
        read(file)
        samples = [(*read(file), *load(program, path, quant, dtype), pass_over(file)) for _ in range(runs)]
        info = samples[0][2]
        peak, resident = max(sample[3] for sample in samples), info["memory_bytes"]
        reading, loading = statistics.median(s[0] for s in samples), statistics.median(s[2]["load_ms"] for s in samples)
        reading_cpu, loading_cpu = statistics.median(s[1] for s in samples), statistics.median(s[2]["cpu_ms"] for s in samples) - start
        held = info["quant"] if info["quant"] != "none" else info["dtype"]
        rows.append({"file": f"{'safetensors' if form == 'folder' else 'GGUF'} {kind}", "held": held, "megabytes": file.stat().st_size / 1e6, "resident": resident / 1e6,
                     "peak": peak / 1e6, "bound": 1.15 * resident / 1e6 + 300, "read": reading, "load": loading,
                     "pass": statistics.median(sample[4] for sample in samples), "read_cpu": reading_cpu, "load_cpu": loading_cpu})
        print(rows[-1], file=sys.stderr)
    return rows


def table(rows):
    lines = ["| checkpoint | held as | file, MB | weights in memory, MB | peak, MB | bound, MB | read, ms | pass, ms | load, ms | load / read | within 2 | load / pass | processor: read, ms | load, ms |",
             "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"]
    for r in rows:
        lines.append(f"| {r['file']} | {r['held']} | {r['megabytes']:.0f} | {r['resident']:.0f} | {r['peak']:.0f} | {r['bound']:.0f} | {r['read']:.0f} | {r['pass']:.0f} | {r['load']:.0f} | "
                     f"{r['load'] / r['read']:.2f} | {'yes' if r['load'] <= 2 * r['read'] else 'no'} | {r['load'] / r['pass']:.2f} | {r['read_cpu']:.0f} | {r['load_cpu']:.0f} |")
    return "\n".join(lines)


def machine():
    name = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "an unknown processor")
    return f"{name}, {len(os.sched_getaffinity(0))} threads, load average {os.getloadavg()[0]:.1f}"


def write_section(path, title, text):
    """Replaces the section `## title` of a Markdown file, or adds it."""
    old = path.read_text() if path.exists() else "# Measured\n\nRatios come from one run each; absolute figures move between machines and hours.\n"
    before, _, rest = old.partition(f"## {title}\n")
    _, mark, after = rest.partition("\n## ")
    path.write_text(before.rstrip() + f"\n\n## {title}\n\n{text}\n" + (mark + after if mark else ""))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--megabytes", type=float, default=1000)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--write", type=pathlib.Path, help="a Markdown file whose section on loading is replaced")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = table(measure(given.program, pathlib.Path(folder), given.megabytes, given.runs))
    text = (f"{machine()}. `bench/load.py build/release/rigpilot --megabytes {given.megabytes:.0f} --runs {given.runs}`; what each column is stands in that script. "
            f"Random weights in the shape of {SHAPE} with fewer layers.\n\n{text}")
    print(text)
    if given.write:
        write_section(given.write, "Loading: memory and time", text)


if __name__ == "__main__":
    main()
