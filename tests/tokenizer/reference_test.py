"""The vocabularies of ../shared/tokenizers saved as tokenizer.json: `rigpilot tokens` against the `tokenizers` library.

Each vocabulary becomes the tokenizer.json its model ships (same pre-tokenizers, same kinds of added tokens); random Unicode, code,
white space and the vectors' own texts must then give the same ids, from the tokenizer.json and from the GGUF.
"""

import functools
import json
import os
import pathlib
import random
import subprocess
import sys
import unicodedata

import pytest
from gguf_fields import read_fields

tokenizers = pytest.importorskip("tokenizers")
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("RIGPILOT_SHARED", ROOT.parent / "shared")) / "tokenizers"
RIGPILOT = os.environ.get("RIGPILOT", str(ROOT / "build" / "release" / "rigpilot"))
NAMES = ["gpt-2", "starcoder", "refact", "llama-bpe", "qwen2", "deepseek-coder", "llama-spm"]
NORMAL, UNKNOWN, CONTROL, USER_DEFINED = 1, 2, 3, 4

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def split(pattern):
    return pre_tokenizers.Split(Regex(pattern), "isolated")


BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
GPT2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
DIGITS = pre_tokenizers.Digits(individual_digits=True)
PRE_TOKENIZERS = {
    "gpt-2": [GPT2],
    "starcoder": [DIGITS, GPT2],
    "refact": [DIGITS, GPT2],
    "llama-bpe": [split(LLAMA3), BYTES],
    "qwen2": [split(QWEN2), BYTES],
    "deepseek-coder": [split("[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"), split("[一-龥ࠀ-一가-퟿]+"), DIGITS, BYTES],
}


def read_vocabulary(name):
    fields = read_fields(SHARED / f"ggml-vocab-{name}.gguf")
    return [fields.get(f"tokenizer.ggml.{what}") for what in ("tokens", "token_type", "merges", "scores")]


def merges_of_scores(tokens, scores):
    """As transformers' converter makes merges of a SentencePiece vocabulary: each way to cut a token, best score first."""
    ids = {token: i for i, token in enumerate(tokens)}
    merges = []
    for token, i in ids.items():
        cuts = [(token[:at], token[at:]) for at in range(1, len(token)) if token[:at] in ids and token[at:] in ids]
        merges += [(pair, scores[i]) for pair in sorted(cuts, key=lambda pair: (ids[pair[0]], ids[pair[1]]))]
    return [pair for pair, _ in sorted(merges, key=lambda merge: merge[1], reverse=True)]


def make_byte_level(name):
    tokens, kinds, merges, _ = read_vocabulary(name)
    vocab = {token: i for i, token in enumerate(tokens) if kinds[i] == NORMAL}
    model = models.BPE(vocab, [tuple(merge.split(" ", 1)) for merge in merges], ignore_merges=name == "llama-bpe")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(PRE_TOKENIZERS[name])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, tokens, kinds, vocab


def make_spm(name, metaspace):
    tokens, kinds, _, scores = read_vocabulary(name)
    vocab = {token: i for i, token in enumerate(tokens)}
    normal = [token if kinds[i] == NORMAL else "" for i, token in enumerate(tokens)]
    model = models.BPE(vocab, merges_of_scores(normal, scores), unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer = Tokenizer(model)
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return tokenizer, tokens, kinds, vocab


def save(made, path):
    """Writes the tokenizer.json with the added tokens at their own ids, and reads it back: both sides see the same file.

    Fill-in-the-middle markers are special in it even where the GGUF calls them ordinary: Rigpilot never takes them from user text.
    """
    tokenizer, tokens, kinds, vocab = made
    root = json.loads(tokenizer.to_str())
    root["added_tokens"] = [
        {"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": kinds[i] != USER_DEFINED or "fim" in token}
        for i, token in enumerate(tokens) if kinds[i] in (UNKNOWN, CONTROL, USER_DEFINED)]
    for added in root["added_tokens"]:
        root["model"]["vocab"].setdefault(added["content"], added["id"])
    path.write_text(json.dumps(root, ensure_ascii=False), encoding="utf-8")
    reference = Tokenizer.from_file(str(path))
    reference.encode_special_tokens = True  # as for text a user wrote
    return reference


def random_unicode(seed, count):
    """Characters assigned in the Unicode of both libraries, U+2581 aside: Rigpilot alone brings that one back as it was."""
    picker = random.Random(seed)
    pools = [range(0x20, 0x7F), range(0x00, 0x250), range(0x370, 0x530), range(0x900, 0xE00), range(0x2000, 0x2BFF), range(0x3000, 0x3100),
             range(0x4E00, 0x9FA6), range(0xAC00, 0xD7A4), range(0x1F300, 0x1F650), range(0x10000, 0x10FFFF), [0x20, 0x0A, 0x0D, 0x09, 0x200D, 0x300]]
    text = ""
    while len(text) < count:
        character = chr(picker.choice(picker.choice(pools)))
        if unicodedata.category(character) not in ("Cn", "Cs", "Co") and character != "▁":
            text += character * picker.choice([1, 1, 1, 2, 5])
    return text


def random_white_space(seed):
    picker = random.Random(seed)
    return "".join(picker.choice([" ", "  ", "\n", "\r\n", "\t", "\u3000", "\u00a0", "x", "1", ".", "'s", "'RE", "é", "()", "    ", "\u2028", "\x0b"]) for _ in range(20000))


def sources(folder, pattern):
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob(pattern))).replace("▁", "_")


def repository():
    """The beginnings of this repository's files."""
    for folder, inside, names in os.walk(ROOT):
        inside[:] = sorted(set(inside) - {"build", ".venv", "node_modules", ".git"})
        for path in (pathlib.Path(folder) / name for name in sorted(names)):
            if path.suffix in (".cpp", ".h", ".py", ".md", ".cmake", ".ts", ".lua", ".el", ".json"):
                yield path.read_text(encoding="utf-8", errors="ignore")[:3000].replace("▁", "_").replace("\ufffd", "?")


@functools.cache
def texts():
    return list(make_texts())


def make_texts():
    yield "vectors", (SHARED / "ggml-vocab-gpt-2.gguf.inp").read_text(encoding="utf-8")
    yield "unicode", random_unicode(1, 30000)
    yield "white space", random_white_space(2)
    yield "python", sources(ROOT / "tests", "*.py")
    yield "c++", sources(ROOT / "tokenizer", "*.[ch]*")
    yield "ten languages", "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "tokenizer" / "samples").iterdir()))
    yield "repository", "".join(repository())
    yield "digits", "1234567 3.14159 0xFF ½ ४५६ ²³ Ⅷ " * 50
    yield "specials", " ".join(["<|endoftext|>", "<s>", "</s>", "<unk>", "<0x41>", "<fim_prefix>", "<｜begin▁of▁sentence｜>".replace("▁", "_")] * 3)
    yield "one word", "x" * 30000


def answers(key, *arguments):
    """What `rigpilot tokens` says of each file: the tokenizer is read once for all."""
    done = subprocess.run([RIGPILOT, "tokens", "--json", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line)[key] for line in done.stdout.rstrip("\n").split("\n")]


def check(ids, expected, what):
    if ids == expected:
        return
    at = next((i for i, (a, b) in enumerate(zip(ids, expected)) if a != b), min(len(ids), len(expected)))
    pytest.fail(f"{what}: token {at} differs: {ids[at:at + 8]} for {expected[at:at + 8]} after {expected[max(0, at - 4):at]}")


@pytest.fixture(scope="session")
def vocabularies():
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is absent: nothing was compared")


@pytest.mark.parametrize("name", NAMES + ["llama-spm metaspace"])
def test_ids_equal_the_tokenizers_library(name, vocabularies, tmp_path):
    base = name.split(" ")[0]
    made = make_spm(base, name != base) if base == "llama-spm" else make_byte_level(base)
    model = tmp_path / "tokenizer.json"
    reference = save(made, model)
    kinds, all_texts = zip(*texts())
    expected = [reference.encode(text, add_special_tokens=False).ids for text in all_texts]
    files, of_ids = [tmp_path / f"{i}.text" for i in range(len(kinds))], [tmp_path / f"{i}.ids" for i in range(len(kinds))]
    for text, ids, file, ids_file in zip(all_texts, expected, files, of_ids):
        file.write_bytes(text.encode("utf-8"))
        ids_file.write_text(" ".join(map(str, ids)))
    for what, ids, wanted in zip(kinds, answers("ids", "--model", model, *files), expected, strict=True):
        check(ids, wanted, f"{name} tokenizer.json, {what}")
    for what, text, back in zip(kinds, all_texts, answers("text", "--model", model, "--decode", *of_ids), strict=True):
        # Metaspace "first" puts no "▁" before a space that is there, so a leading space is lost: to the library too.
        if name == base or not text.startswith(" "):
            assert back == text, f"{name}, {what}: the text does not come back"
    if name == base:
        for what, ids, wanted in zip(kinds, answers("ids", "--model", SHARED / f"ggml-vocab-{base}.gguf", *files), expected, strict=True):
            check(ids, wanted, f"{name} GGUF, {what}")


def test_the_comparison_can_fail():
    with pytest.raises(pytest.fail.Exception, match="token 1 differs"):
        check([1, 2], [1, 3], "x")


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
