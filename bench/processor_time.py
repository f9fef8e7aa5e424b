"""Processor time of prompts and tokens, Rigpilot beside llama.cpp on the same file, one thread each: figures that a busy machine moves little.

    .venv/bin/python bench/processor_time.py build/release/rigpilot MODEL.gguf --rival-python PYTHON [--runs 5]

A thread that waits for its turn takes no processor time, so neighbours count only by the caches and the memory they use. One thread,
because those of either program spin while they wait for each other. Ours is what `rigpilot generate` takes for a prompt beyond what it
takes for one token; the rival's (bench/llama_cpp_rival.py, which needs llama-cpp-python) is read from /proc around each question.
Medians of interleaved runs.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess

TICK = os.sysconf("SC_CLK_TCK")


def ours(program, model, prompt, tokens):
    ids = ",".join(map(str, prompt))
    command = [program, "generate", "--model", model, "--device", "cpu", "--threads", "1", "--json", "--ids", ids, "--max-tokens", str(tokens)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(map(str, command[:3]))} failed")
    return usage.ru_utime + usage.ru_stime


class Rival:
    def __init__(self, python, model, context):
        script = pathlib.Path(__file__).with_name("llama_cpp_rival.py")
        self.process = subprocess.Popen([python, script, model, "1", str(context)], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process.stdout.readline()

    def taken(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def ask(self, prompt, tokens):
        before = self.taken()
        print(json.dumps({"prompt": prompt, "tokens": tokens}), file=self.process.stdin, flush=True)
        self.process.stdout.readline()
        return self.taken() - before


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program"), parser.add_argument("model")
    parser.add_argument("--rival-python", default="python3"), parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--prefill", default="512,2048"), parser.add_argument("--decode", default="0,1024"), parser.add_argument("--tokens", type=int, default=33)
    options = parser.parse_args()
    tasks = [(int(n), 1) for n in options.prefill.split(",") if n] + [(max(1, int(n)), options.tokens) for n in options.decode.split(",") if n]
    rival, dice = Rival(options.rival_python, options.model, 4096), random.Random(1)
    samples = {task: ([], []) for task in tasks}
    rival.ask([1], 2)
    for _ in range(options.runs):
        for prompt_length, tokens in tasks:
            prompt = [dice.randrange(100, 8000) for _ in range(prompt_length)]
            base = prompt[:1] if tokens == 1 else prompt  # what is not counted: the start, and the prompt before tokens
            samples[prompt_length, tokens][0].append(ours(options.program, options.model, prompt, tokens) - ours(options.program, options.model, base, 1))
            samples[prompt_length, tokens][1].append(rival.ask(prompt, tokens) - (rival.ask(prompt, 1) if tokens > 1 else 0))
    print(f"load average {os.getloadavg()[0]:.1f}; one thread, medians of {options.runs} interleaved runs, ms of processor time a token")
    for (prompt_length, tokens), (own, other) in samples.items():
        count = prompt_length if tokens == 1 else tokens - 1
        what = f"prefill {prompt_length}" if tokens == 1 else f"decode at {prompt_length if prompt_length > 1 else 0}"
        a, b = (1000 * statistics.median(values) / count for values in (own, other))
        print(f"{what:16} {a:8.2f}   llama-cpp {b:8.2f}   ratio {b / a:.2f}")


if __name__ == "__main__":
    main()
