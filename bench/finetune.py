"""What fine-tuning on a private library brings, and what it costs elsewhere: python bench/finetune.py --model MODEL [--lora 16] [--write bench/results.md]

The library: a package that pip installed, every identifier of its own renamed into made-up words (bench/private_library.py), so that no model knows it.
`rigpilot finetune` holds some of its files out and measures exact suggestions at holes in them with model and copying, before and after;
`rigpilot evaluate` measures the same model with and without what was learned on another package, unchanged. Full fine-tuning without --lora.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import private_library

ROOT = pathlib.Path(__file__).resolve().parents[1]
RIGPILOT = os.environ.get("RIGPILOT", str(ROOT / "build" / "release" / "rigpilot"))


def answer(*arguments):
    run = subprocess.run([RIGPILOT, *map(str, arguments)], stdout=subprocess.PIPE)
    if run.returncode and not run.stdout:
        sys.exit(run.returncode)
    return json.loads(run.stdout.splitlines()[-1])


def share(value):
    return f"{100 * value:.1f}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--package", default="markdown_it", help="what is renamed and learned")
    parser.add_argument("--other", action="append", help="a package, or a folder of code, to see what is forgotten; may be given several times (default pathspec)")
    parser.add_argument("--lora", type=int, default=0)
    parser.add_argument("--holes", type=int, default=200)
    parser.add_argument("--replay", help="base data to mix in")
    parser.add_argument("--write", help="a page whose section of this name is replaced")
    parser.add_argument("more", nargs="*", help="options of rigpilot finetune, after --")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        name, names = private_library.make(given.package, folder / "library")
        start = time.monotonic()
        how = ["--lora", given.lora] if given.lora else []
        tuned = answer("finetune", "--model", given.model, "--code", folder / "library", "--out", folder / "learned", "--holes", given.holes, "--json", "--keep-worse",
                       *how, *(["--replay", given.replay] if given.replay else []), *given.more)
        minutes = (time.monotonic() - start) / 60
        learned = ["--model", given.model, "--adapter", tuned["path"]] if given.lora else ["--model", tuned["path"]]
        others = {name: [answer("evaluate", private_library.SITE / name, *how_, "--holes", given.holes, "--json")["runs"][0]["slices"][0]
                         for how_ in (["--model", given.model], learned)] for name in given.other or ["pathspec"]}
    before, after, data = tuned["before"], tuned["after"], tuned["data"]
    title = f"## Fine-tuning on a private library: {pathlib.Path(given.model).name.removesuffix('.gguf')}, {f'LoRA of rank {given.lora}' if given.lora else 'all weights'}"
    text = f"""{title}

Library: `{given.package}` with {names} identifiers renamed; {data['files']} files ({data['bytes'] / 1000:.0f} kB) learned, {len(tuned['held_out'])} to measure by, {len(tuned['validation'])} to choose by. {tuned['steps']} steps of which step {tuned['best_step']}'s weights are kept, {tuned['tokens']} tokens,
{tuned['trained_parameters'] / 1e6:.1f} M trained parameters, {minutes:.0f} minutes with both measurements, load average {os.getloadavg()[1]:.0f} on {os.cpu_count()} cores.
Command: `python bench/finetune.py --model {pathlib.Path(given.model).name} --package {given.package} {' '.join(f'--other {pathlib.Path(name).name}' for name in others)} --holes {given.holes} {f'--lora {given.lora} ' if given.lora else ''}{'-- ' + ' '.join(given.more) if given.more else ''}`.

| model and copying | before | after | difference |
|---|---|---|---|
| held-out files: exact at {before['holes']} holes, % | {share(before['exact'])} ({share(before['exact_95'][0])} to {share(before['exact_95'][1])}) | {share(after['exact'])} ({share(after['exact_95'][0])} to {share(after['exact_95'][1])}) | {100 * (after['exact'] - before['exact']):+.1f} |
| held-out files: edit similarity | {before['edit_similarity']:.3f} | {after['edit_similarity']:.3f} | {after['edit_similarity'] - before['edit_similarity']:+.3f} |
| held-out files: nats a token | {tuned['loss']['before']:.3f} | {tuned['loss']['after']:.3f} | {tuned['loss']['after'] - tuned['loss']['before']:+.3f} |
"""
    for name, (was, became) in others.items():
        text += f"| other code (`{pathlib.Path(name).name}`): exact at {was['holes']} holes, % | {share(was['exact'])} | {share(became['exact'])} | {100 * (became['exact'] - was['exact']):+.1f} |\n"
    print(text)
    if given.write:
        page = pathlib.Path(given.write)
        rest = re.sub(re.escape(title) + r"\n.*?(?=\n## |\Z)", "", page.read_text(encoding="utf-8"), flags=re.S).rstrip()
        page.write_text(f"{rest}\n\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
