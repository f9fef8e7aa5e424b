"""Encoding speed beside the `tokenizers` library, one thread each, on 2 MB of code: python bench/encoding.py [--write bench/results.md]

Needs the release build (bench_tokenizer), the venv, and ../shared/tokenizers for the real vocabularies. The text is the Python standard library's source
(and C headers), as one file and file by file; both sides take the best of the rounds, in turns, in processor time (other programs may run). Ids are counted on both sides.
"""

import argparse
import os
import pathlib
import platform
import subprocess
import sys
import sysconfig
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "tokenizer")]
import reference_test  # noqa: E402
import variants  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

BENCH = pathlib.Path(os.environ.get("RIGPILOT_BUILD", ROOT / "build" / "release")) / "bench_tokenizer"
BYTES = 2_000_000
ROUNDS = 2


def texts():
    """2 MB of sources in files of at least 4 kB, half Python and half C."""
    found = []
    for folder, pattern in ((pathlib.Path(sysconfig.get_path("stdlib")), "[a-m]*.py"), (pathlib.Path("/usr/include"), "**/*.h")):
        size = 0
        for path in sorted(folder.glob(pattern)):
            text = path.read_text(encoding="utf-8", errors="ignore").replace("▁", "_")
            if size < BYTES // 2 and 4000 < len(text) < 200_000:
                found.append(text)
                size += len(text.encode("utf-8"))
    return found


def vocabularies():
    if not reference_test.SHARED.is_dir():  # then what the tests train
        for name in ("gpt-2", "qwen2", "mistral", "unigram"):
            yield f"{name}, trained small (tests/tokenizer/variants.py)", lambda path, name=name: save_variant(name, path)
        return
    yield "Unigram: LLaMA 2's 32,000 pieces, scored by rank (Metaspace)", save_unigram
    yield "LLaMA 2 (Metaspace, BPE with byte fallback)", lambda path: reference_test.save(reference_test.make_spm("llama-spm", True), path)
    for name, title in {"qwen2": "Qwen2 (Split, ByteLevel)", "starcoder": "StarCoder (Digits, ByteLevel)", "refact": "Refact (Digits, ByteLevel)",
                        "gpt-2": "GPT-2 (ByteLevel)", "llama-bpe": "Llama 3 (Split, ByteLevel, merges passed over)", "deepseek-coder": "DeepSeek-Coder (five Splits, ByteLevel)"}.items():
        yield title, lambda path, name=name: reference_test.save(reference_test.make_byte_level(name), path)
    yield "LLaMA 2 (Prepend and Replace, BPE with byte fallback)", lambda path: reference_test.save(reference_test.make_spm("llama-spm", False), path)


def save_variant(name, path):
    variants.VARIANTS[name]().save(str(path), pretty=False)
    reference = Tokenizer.from_file(str(path))
    reference.encode_special_tokens = True
    return reference


def save_unigram(path):
    """A real-sized Unigram: LLaMA 2's pieces, whose scores are minus their ranks, scaled to log-probabilities of a Zipf distribution."""
    import math

    from tokenizers import decoders, models, pre_tokenizers
    tokens, kinds, _, scores = reference_test.read_vocabulary("llama-spm")
    pieces = [(token, -1.1 * math.log(2 - score) if kinds[i] == reference_test.NORMAL else -30.0) for i, (token, score) in enumerate(zip(tokens, scores))]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    tokenizer.save(str(path), pretty=False)
    reference = Tokenizer.from_file(str(path))
    reference.encode_special_tokens = True
    return reference


def time_reference(reference, parts):
    start = time.process_time()
    count = sum(len(reference.encode(text, add_special_tokens=False)) for text in parts)
    return time.process_time() - start, count


def time_ours(model, files):
    lines = subprocess.run([str(BENCH), str(model), "1", *files], capture_output=True, text=True, check=True).stdout.split("\n")
    seconds, count = lines[0].split()
    return float(seconds), int(count)


def measure(title, save, parts, folder):
    model = folder / "tokenizer.json"
    reference = save(model)
    whole = folder / "whole"
    whole.write_text("".join(parts), encoding="utf-8", newline="")
    files = []
    for i, text in enumerate(parts):
        files.append(folder / f"part{i}")
        files[-1].write_text(text, encoding="utf-8", newline="")
    row = [title]
    for texts_, paths in (["".join(parts)], [whole]), (parts, files):
        theirs, ours = [], []
        for _ in range(ROUNDS):
            theirs.append(time_reference(reference, texts_))
            ours.append(time_ours(model, map(str, paths)))
        if theirs[0][1] != ours[0][1]:
            raise SystemExit(f"{title}: {ours[0][1]} ids for {theirs[0][1]}")
        row += [min(ours)[0], min(theirs)[0]]
    return row


def table(parts, wrote):
    """The lines of the section; `wrote` is told of them after each vocabulary."""
    size = sum(len(text.encode("utf-8")) for text in parts) / 1e6
    lines = [f"Machine: {processor()}, one thread each, processor time. Text: {size:.2f} MB of Python and C in {len(parts)} files. Rival: `tokenizers` {version()}. "
             f"Best of {ROUNDS} rounds, in turns; both sides give the same ids. Command: `python bench/encoding.py --write bench/results.md`.", "",
             "| vocabulary | whole text: Rigpilot MB/s | tokenizers MB/s | ratio | file by file: Rigpilot MB/s | tokenizers MB/s | ratio |", "|---|---|---|---|---|---|---|"]
    for title, save in vocabularies():
        with tempfile.TemporaryDirectory() as folder:
            name, whole, whole_theirs, each, each_theirs = measure(title, save, parts, pathlib.Path(folder))
        lines.append(f"| {name} | {size / whole:.1f} | {size / whole_theirs:.1f} | {whole_theirs / whole:.1f} | {size / each:.1f} | {size / each_theirs:.1f} | {each_theirs / each:.1f} |")
        print(lines[-1], flush=True)
        wrote(lines)


def version():
    import tokenizers
    return tokenizers.__version__


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().split("\n"):
        if line.startswith("model name"):
            return f"{line.split(':')[1].strip()}, {os.cpu_count()} cores"
    return platform.processor()


def write(path, lines):
    """Replaces the section of this topic, or adds it."""
    heading = "## Encoding text"
    text = path.read_text(encoding="utf-8") if path.exists() else "# Results\n"
    before, _, rest = text.partition(f"{heading}\n")
    _, _, after = rest.partition("\n## ")
    section = "\n".join([heading, "", *lines, ""])
    path.write_text(before.rstrip() + "\n\n" + section + (f"\n## {after}" if after else ""), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", type=pathlib.Path)
    options = parser.parse_args()
    table(texts(), lambda lines: options.write and write(options.write, lines))
