#!/usr/bin/env python3
"""What a step of training costs: two programs go on from one training's checkpoint, in turns.

    python bench/train_step.py RUN PROGRAM OTHER [--steps 4]

RUN is a training's folder (`rigpilot train --out RUN`), copied first. Prints processor seconds and seconds a step, tokens a
processor second, and the last loss, which shows that both computed the same.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(program, run, steps):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "run"
        shutil.copytree(run, copy)
        (copy / "metrics.jsonl").write_text("")
        child = subprocess.Popen([program, "train", "--resume", "--out", copy], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def until(count):  # that many steps are told
            while child.poll() is None:
                told = [json.loads(line) for line in (copy / "metrics.jsonl").read_text().splitlines() if line.endswith("}")]
                told = [line for line in told if "rate" in line]
                if len(told) >= count:
                    return told, processor_seconds(child.pid), time.monotonic()
                time.sleep(0.02)
            raise SystemExit(f"{program}: ended before {count} steps")

        first, used, began = until(1)
        last, used_at_end, ended = until(1 + steps)
        child.send_signal(signal.SIGKILL)
        child.wait()
    tokens = last[-1]["tokens"] - first[-1]["tokens"]
    return {"processor": (used_at_end - used) / steps, "wall": (ended - began) / steps, "tokens": tokens, "loss": last[-1]["loss"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("programs", nargs="+")
    parser.add_argument("--steps", type=int, default=4)
    given = parser.parse_args()
    for program in given.programs:
        step = measure(program, given.run, given.steps)
        print(f"{program}: {step['processor']:.2f} processor seconds, {step['wall']:.2f} seconds a step, "
              f"{step['tokens'] / given.steps / step['processor']:.0f} tokens a processor second, loss {step['loss']:.5f}", flush=True)


if __name__ == "__main__":
    main()
