"""tokenizer.json files of every shape the mission's models have, trained small here: what variants_test.py compares.

VARIANTS maps a name to a function that makes the reference tokenizer. A name that ends in "*" changes text (a normalizer, or pieces left out),
so its texts do not come back.
"""

import functools
import io
import json
import pathlib
import tempfile

from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "tests" / "tokenizer" / "samples").iterdir())
TRAINING = [path.read_text(encoding="utf-8") for path in SAMPLES]
TRAINING += [path.read_text(encoding="utf-8") for path in sorted((ROOT / "tokenizer").glob("*.[ch]*"))]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
BLOOM = " ?[^(\\s|[.,!?…。，、।۔،])]+"
DEEPSEEK = ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+"]


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern) if isinstance(pattern, str) else pattern[0], behavior, invert)


def byte_level(regex=True, prefix=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)


@functools.cache
def trained(kind):
    """The model section of a tokenizer trained on the samples: bytes, characters (with byte tokens) or unigram."""
    if kind == "bytes":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = byte_level()
        trainer = trainers.BpeTrainer(vocab_size=1200, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    elif kind == "characters":
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        trainer = trainers.BpeTrainer(vocab_size=1500, limit_alphabet=110, special_tokens=["<unk>", "<s>", "</s>"] + BYTES, show_progress=False)
    elif kind == "spaces":  # merges that join spaces, as Gemma's do
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
        tokenizer.normalizer = normalizers.Replace(" ", "▁")
        tokenizer.pre_tokenizer = split(r"▁+|[^▁]+")
        trainer = trainers.BpeTrainer(vocab_size=1500, limit_alphabet=110, special_tokens=["<unk>", "<s>", "</s>"] + BYTES, show_progress=False)
    else:
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        trainer = trainers.UnigramTrainer(vocab_size=1200, unk_token="<unk>", special_tokens=["<unk>", "</s>"] + (BYTES if kind == "unigram" else []), show_progress=False)
    tokenizer.train_from_iterator(TRAINING, trainer)
    return json.loads(tokenizer.to_str())["model"]


@functools.cache
def charsmap(rules):
    """SentencePiece's compiled rules: one of its own names ("nmt_nfkc" is T5's), or lines of hexadecimal code points and what they become."""
    import sentencepiece

    model, named = io.BytesIO(), "\t" not in rules
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write(rules)
        file.flush()
        how = {"normalization_rule_name": rules} if named else {"normalization_rule_tsv": file.name}
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["some words"] * 99), model_writer=model, vocab_size=16, hard_vocab_limit=False,
                                                 minloglevel=2, **how)
    return sentencepiece_model_pb2.ModelProto.FromString(model.getvalue()).normalizer_spec.precompiled_charsmap


# A digit, a ligature, a letter with its mark, one that becomes another only before a mark, one that vanishes, one that grows.
RULES = "2460\t31\nFB01\t66 69\n65 301\tE9\n41\t61\n41 308\tC4\n200B\t\n2026\t2E 2E 2E\n"


def make(kind, normalizer=None, pre=None, decoder=None, post=None, added=(), special=("<|endoftext|>",), **fields):
    root = json.loads(Tokenizer(models.BPE()).to_str())
    root["model"] = {**trained(kind), **fields}
    tokenizer = Tokenizer.from_str(json.dumps(root))
    for name, part in (("normalizer", normalizer), ("pre_tokenizer", pre), ("decoder", decoder), ("post_processor", post)):
        if part is not None:
            setattr(tokenizer, name, part)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) if isinstance(token, str) else token for token in special])
    tokenizer.add_tokens(list(added))
    return tokenizer


def bytes_bpe(pre, **more):
    steps = pre if isinstance(pre, list) else [pre]
    return make("bytes", pre=pre_tokenizers.Sequence(steps) if len(steps) > 1 else steps[0], decoder=decoders.ByteLevel(), **more)


def llama_decoder():
    return decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])


def plain_decoder():
    return decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])


def template(single, *pairs):
    return processors.TemplateProcessing(single=single, special_tokens=list(pairs))


def spaces(count, **more):
    return [AddedToken(" " * n, normalized=more.get("normalized", True)) for n in range(2, count)]


FLAGS = [AddedToken("<l>", lstrip=True, normalized=False), AddedToken("<r>", rstrip=True, normalized=False), AddedToken("<both>", lstrip=True, rstrip=True),
         AddedToken("word", single_word=True), AddedToken("two words", normalized=True), AddedToken("<x", normalized=False), AddedToken("<xy>", normalized=False),
         AddedToken("  \t", normalized=False), AddedToken("ÉÀ", normalized=True)]
SPECIAL_FLAGS = [AddedToken("<s l>", lstrip=True, special=True, normalized=False), AddedToken("<s r>", rstrip=True, special=True, normalized=False),
                 AddedToken("SPECIAL", single_word=True, special=True, normalized=True)]

VARIANTS = {
    "gpt-2": lambda: bytes_bpe(byte_level()),
    "gpt-neox": lambda: bytes_bpe(byte_level(), normalizer=normalizers.NFC(), added=spaces(25)),
    "starcoder2": lambda: bytes_bpe([pre_tokenizers.Digits(individual_digits=True), byte_level()], special=["<|endoftext|>", "<fim_prefix>", "<file_sep>"]),
    "llama-3": lambda: bytes_bpe([split(LLAMA3), byte_level(False)], ignore_merges=True, post=template("<|endoftext|> $A", ("<|endoftext|>", 1200))),
    "qwen2": lambda: bytes_bpe([split(QWEN2), byte_level(False)], normalizer=normalizers.NFC(), added=[AddedToken("<tool_call>", normalized=False)]),
    "deepseek-coder": lambda: bytes_bpe([split(p) for p in DEEPSEEK] + [pre_tokenizers.Digits(individual_digits=True), byte_level(False)],
                                        normalizer=normalizers.Sequence([]), added=[AddedToken("õ", normalized=True), AddedToken("÷", normalized=True)]),
    "bloom": lambda: bytes_bpe([split(BLOOM), byte_level(False)]),
    "falcon": lambda: bytes_bpe([pre_tokenizers.Punctuation("contiguous"), byte_level(), pre_tokenizers.Digits(individual_digits=False), split("[0-9][0-9][0-9]")]),
    "prefix space *": lambda: bytes_bpe(byte_level(prefix=True), added=[AddedToken("<x>", normalized=False)]),
    "nested sequences": lambda: bytes_bpe([pre_tokenizers.Sequence([split(r"\s+"), pre_tokenizers.Sequence([pre_tokenizers.Digits()])]), byte_level(False)]),
    "byte-level flags *": lambda: bytes_bpe(byte_level(), added=FLAGS, special=["<|endoftext|>"] + SPECIAL_FLAGS),
    "lowercase and flags *": lambda: bytes_bpe(byte_level(), normalizer=normalizers.Lowercase(), added=FLAGS, special=["<|endoftext|>"] + SPECIAL_FLAGS),
    "llama-2": lambda: make("characters", normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), decoder=llama_decoder(),
                            post=template("<s> $A", ("<s>", 1)), special=["<unk>", "<s>", "</s>"], fuse_unk=True),
    "llama-2 added *": lambda: make("characters", normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
                                    decoder=llama_decoder(), special=["<unk>", "<s>", "</s>"], added=FLAGS),
    "mistral": lambda: make("characters", pre=pre_tokenizers.Metaspace(prepend_scheme="first", split=False), decoder=llama_decoder(), special=["<unk>", "<s>", "</s>"]),
    "metaspace first": lambda: make("characters", pre=pre_tokenizers.Metaspace(prepend_scheme="first"), decoder=decoders.Metaspace(prepend_scheme="first"),
                                    special=["<unk>", "<s>", "</s>"], added=[AddedToken("<x>", normalized=False)]),
    "metaspace always *": lambda: make("characters", pre=pre_tokenizers.Metaspace(prepend_scheme="always"), decoder=decoders.Metaspace(),
                                       special=["<unk>", "<s>", "</s>"], added=[AddedToken("<x>", normalized=False), AddedToken("<y>", normalized=True)]),
    "metaspace never": lambda: make("characters", pre=pre_tokenizers.Metaspace(prepend_scheme="never"), decoder=decoders.Metaspace(prepend_scheme="never"),
                                    special=["<unk>", "<s>", "</s>"]),
    "metaspace after whitespace *": lambda: make("characters", pre=pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])),
    "metaspace first after whitespace *": lambda: make("characters", pre=pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="first")])),
    "no byte fallback *": lambda: make("characters", pre=pre_tokenizers.Metaspace(), byte_fallback=False, fuse_unk=False, special=["<unk>"]),
    "fused unknown *": lambda: make("characters", pre=pre_tokenizers.Metaspace(), byte_fallback=False, fuse_unk=True, special=["<unk>"]),
    "ignore merges, characters": lambda: make("characters", pre=pre_tokenizers.Metaspace(prepend_scheme="never"), decoder=plain_decoder(), ignore_merges=True,
                                              special=["<unk>", "<s>", "</s>"]),
    "gemma": lambda: make("spaces", normalizer=normalizers.Replace(" ", "▁"), pre=split((" ",), "merged_with_previous"), decoder=plain_decoder(), fuse_unk=True,
                          special=["<unk>", "<s>", "</s>"], added=[AddedToken("\n" * n, normalized=False) for n in range(2, 8)] + [AddedToken("▁" * 3, normalized=False)]),
    "codegemma": lambda: make("spaces", normalizer=normalizers.Replace(" ", "▁"), decoder=plain_decoder(), special=["<unk>", "<s>", "</s>", "<|fim_prefix|>"]),
    "unigram": lambda: make("unigram", pre=pre_tokenizers.Metaspace(prepend_scheme="first"), decoder=llama_decoder(), special=["<unk>", "</s>"], byte_fallback=True),
    "t5 *": lambda: make("unigram without bytes", normalizer=normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]),
                         pre=pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]), decoder=decoders.Metaspace(),
                         post=template("$A </s>", ("</s>", 1)), special=["<unk>", "</s>"], added=[AddedToken("<extra_id_0>", rstrip=True)]),
    "unigram, whole text *": lambda: make("unigram without bytes", pre=pre_tokenizers.Metaspace(prepend_scheme="always", split=False), special=["<unk>", "</s>"]),
}

for name, form in (("NFC", normalizers.NFC), ("NFD", normalizers.NFD), ("NFKC", normalizers.NFKC), ("NFKD", normalizers.NFKD), ("Lowercase", normalizers.Lowercase)):
    VARIANTS[f"{name} *"] = lambda form=form: bytes_bpe(byte_level(), normalizer=form())
VARIANTS["StripAccents *"] = lambda: bytes_bpe(byte_level(), normalizer=normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()]))
VARIANTS["Strip *"] = lambda: bytes_bpe(byte_level(), normalizer=normalizers.Strip(), added=[AddedToken("<x>", normalized=False)])
VARIANTS["Strip left *"] = lambda: bytes_bpe(byte_level(), normalizer=normalizers.Strip(left=True, right=False))
VARIANTS["Prepend *"] = lambda: bytes_bpe(byte_level(), normalizer=normalizers.Prepend("ab"), added=[AddedToken("<x>", normalized=False), AddedToken("<y>", normalized=True)])
for name, rules in (("nmt_nfkc", "nmt_nfkc"), ("nmt_nfkc_cf", "nmt_nfkc_cf"), ("of our own", RULES)):
    VARIANTS[f"Precompiled {name} *"] = lambda rules=rules: bytes_bpe(byte_level(), normalizer=normalizers.Precompiled(charsmap(rules)))
VARIANTS["t5 precompiled *"] = lambda: make("unigram without bytes", normalizer=normalizers.Sequence([normalizers.Precompiled(charsmap("nmt_nfkc")),
                                                                            normalizers.Replace(Regex(" {2,}"), " ")]),
                                            pre=pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]), decoder=decoders.Metaspace(),
                                            post=template("$A </s>", ("</s>", 1)), special=["<unk>", "</s>"], added=[AddedToken("<extra_id_0>", rstrip=True)])
VARIANTS["Replace *"] = lambda: bytes_bpe(byte_level(), normalizer=normalizers.Sequence(
    [normalizers.Replace(Regex(r"[[:punct:]]{2,}"), "!"), normalizers.Replace("er", "ER"), normalizers.Replace(Regex(r"(?=[A-Z])"), "_")]))
for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
    star = " *" if behavior == "removed" else ""
    for invert in (False, True):
        VARIANTS[f"Split {behavior} {invert}{star}"] = lambda b=behavior, i=invert: bytes_bpe([split(r"\p{P}|\d+|[aeiou]", b, i), byte_level(False)])
        VARIANTS[f"Split by a string {behavior} {invert}{star}"] = lambda b=behavior, i=invert: bytes_bpe([split(("  ",), b, i), byte_level(False)])
    VARIANTS[f"Punctuation {behavior}{star}"] = lambda b=behavior: bytes_bpe([pre_tokenizers.Punctuation(b), byte_level(False)])
VARIANTS["Whitespace *"] = lambda: bytes_bpe([pre_tokenizers.Whitespace(), byte_level(False)])
VARIANTS["WhitespaceSplit *"] = lambda: bytes_bpe([pre_tokenizers.WhitespaceSplit(), byte_level(False)])
VARIANTS["CharDelimiterSplit *"] = lambda: bytes_bpe([pre_tokenizers.CharDelimiterSplit("e"), byte_level(False)])
VARIANTS["Digits"] = lambda: bytes_bpe([pre_tokenizers.Digits(individual_digits=False), byte_level(False)])
for number, pattern in enumerate([r"\w+|\W", r"\b", r"[^\W\d_]+|[\s\S]", r"\p{Lu}?\p{Ll}+|\p{N}{1,2}+|.", r"(?=\p{Lu})|(?<=\p{P})", r"[\p{L}&&[^aeiou]]+|\h{2}|$",
                                  r"[[:alpha:]]+|[[:space:]]+|[[:punct:]]", r"(?i:[a-f]+)|\s*", r"[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|\s++$|\s",
                                  r"(?m:a.)|.$|^ +", r"\X", r"[[:upper:]][[:lower:]]*|[^[:alnum:]]"]):
    VARIANTS[f"pattern {number}"] = lambda p=pattern: bytes_bpe([split(p), byte_level(False)])
