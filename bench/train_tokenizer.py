"""Learning a vocabulary beside the `tokenizers` library's trainer, in turns, on two threads each: python bench/train_tokenizer.py [--write bench/results.md]

Text: the Python standard library's source and C headers as a shard of JSON lines, 8192 tokens, the cuts of --cuts code. Both sides read the shard,
count and merge; the merges are compared. Whole time and processor time (other programs may run), the best of the rounds.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
RIGPILOT = pathlib.Path(os.environ.get("RIGPILOT", ROOT / "build" / "release" / "rigpilot"))
MB, ROUNDS, VOCABULARY = 40, 3, 8192
HEADING = "## Learning a vocabulary"

RIVAL = r"""
import json, sys
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
shard, ours, size, out = sys.argv[1:]
spec = json.load(open(ours, encoding="utf-8"))
steps = [pre_tokenizers.Split(Regex(s["pattern"]["Regex"]), "isolated") for s in spec["pre_tokenizer"]["pretokenizers"] if s["type"] == "Split"]
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*steps, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
trainer = trainers.BpeTrainer(vocab_size=int(size), min_frequency=2, special_tokens=[t["content"] for t in spec["added_tokens"]],
                              initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
tokenizer.train_from_iterator((json.loads(line)["text"] for line in open(shard, encoding="utf-8")), trainer)
tokenizer.save(out)
"""


def write_shard(path):
    size = 0
    folders = [(pathlib.Path(sysconfig.get_path("stdlib")), "**/*.py"), (pathlib.Path("/usr/include"), "**/*.h*")]
    with open(path, "w", encoding="utf-8") as shard:
        for folder, pattern in folders:
            taken = 0
            for file in sorted(folder.glob(pattern)):
                if taken > MB * 500_000 or not file.is_file():
                    continue
                text = file.read_text(encoding="utf-8", errors="ignore")
                taken += len(text)
                shard.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
            size += taken
    return size


def timed(command):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "RAYON_NUM_THREADS": "2"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=pathlib.Path, help="put the table into this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        size = write_shard(folder / "000.jsonl")
        sides = {"Rigpilot": [RIGPILOT, "train-tokenizer", folder / "000.jsonl", "--vocab", VOCABULARY, "--threads", 2, "--out", folder / "ours.json"],
                 "tokenizers": [sys.executable, "-c", RIVAL, folder / "000.jsonl", folder / "ours.json", VOCABULARY, folder / "theirs.json"]}
        best = {name: (float("inf"), float("inf")) for name in sides}
        for _ in range(ROUNDS):
            for name, command in sides.items():
                best[name] = tuple(map(min, best[name], timed(list(map(str, command)))))
        merges = [[tuple(m) for m in json.loads((folder / name).read_text(encoding="utf-8"))["model"]["merges"]] for name in ("ours.json", "theirs.json")]
        assert merges[0] == merges[1], "the merges differ"
    (ours, ours_cpu), (theirs, theirs_cpu) = best.values()
    text = (f"{HEADING}\n\nMachine: 2 cores, shared with other work. Text: {size / 1e6:.0f} MB of Python and C, {VOCABULARY} tokens, {len(merges[0])} merges, equal on both "
            f"sides. Two threads each, best of {ROUNDS}, in turns. Command: `python bench/train_tokenizer.py --write bench/results.md`.\n\n"
            f"| | Rigpilot | tokenizers | ratio |\n|---|---|---|---|\n| seconds | {ours:.1f} | {theirs:.1f} | {theirs / ours:.1f} |\n"
            f"| processor seconds | {ours_cpu:.1f} | {theirs_cpu:.1f} | {theirs_cpu / ours_cpu:.1f} |\n")
    print(text)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        page = re.sub(rf"{re.escape(HEADING)}\n.*?(?=\n## |\Z)", lambda _: text, page, flags=re.S) if HEADING in page else f"{page.rstrip()}\n\n{text}"
        options.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
