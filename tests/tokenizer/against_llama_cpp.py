"""Whether llama.cpp reads the vocabularies that `rigpilot model quantize` writes into GGUF, and cuts text as Rigpilot and the
`tokenizers` library do: run by hand, with a python that has llama-cpp-python (CI needs none) and with ../shared/tokenizers.

    RIGPILOT=build/release/rigpilot .venv/bin/python tests/tokenizer/against_llama_cpp.py VENV/bin/python

Each vocabulary becomes the tokenizer.json of a tiny LLaMA, which is quantised; then five texts are encoded four times. A line says for
each text how many ids the library has, and which of these have others: F, Rigpilot from the folder; G, Rigpilot from the GGUF file;
L, llama.cpp. LLaMA 2's GL is GGUF's own rule: a text that begins with spaces gets one more, as SentencePiece has it.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).parents[1]
TEXTS = ["def main(self):\n        return 12345 + x // naïve\n\n\n", "    if (std::string::npos)\r\n\tx += 0x1F; // 你好 мир \U0001F600", "  leading  and trailing  ",
         (TESTS.parent / "base/queue.h").read_text(), (TESTS / "support/tiny_models.py").read_text()]

READ = """
import ctypes, json, sys
import llama_cpp as llama
log = llama.llama_log_callback(lambda level, text, data: None)
llama.llama_log_set(log, ctypes.c_void_p())
model = llama.llama_model_load_from_file(sys.argv[1].encode(), llama.llama_model_default_params())
assert model, "llama.cpp does not load it"
vocabulary = llama.llama_model_get_vocab(model)
for text in json.load(sys.stdin):
    data = text.encode()
    ids = (llama.llama_token * (len(data) + 8))()
    count = llama.llama_tokenize(vocabulary, data, len(data), ids, len(ids), False, False)
    print(json.dumps(list(ids[:count])))
"""


def tiny_llama(folder, vocabulary):
    import torch
    from llama_cases import PLAIN, case

    shape = dict(hidden_size=32, num_attention_heads=2, num_key_value_heads=1, head_dim=16, intermediate_size=32, num_hidden_layers=1, vocab_size=vocabulary,
                 tie_word_embeddings=True)
    made = case("vocabulary", PLAIN, shape)
    made.save(made.random_model(torch.Generator().manual_seed(1)), folder)


def ours(model, text, folder):
    (folder / "text").write_bytes(text.encode())
    run = subprocess.run([os.environ["RIGPILOT"], "tokens", "--model", model, folder / "text", "--json"], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)["ids"]


def compare(name, python, parent):
    import reference_test

    folder, file = parent / "model", parent / "model.gguf"
    folder.mkdir()
    spm = name == "llama-spm"
    library = reference_test.save(reference_test.make_spm(name, True) if spm else reference_test.make_byte_level(name), folder / "tokenizer.json")
    tiny_llama(folder, library.get_vocab_size())
    subprocess.run([os.environ["RIGPILOT"], "model", "quantize", folder, file, "--quant", "int8"], check=True, capture_output=True)
    run = subprocess.run([python, "-c", READ, file], input=json.dumps(TEXTS), capture_output=True, text=True, check=True)
    for text, theirs in zip(TEXTS, map(json.loads, run.stdout.splitlines()), strict=True):
        expected = library.encode(text, add_special_tokens=False).ids
        found = {"F": ours(folder, text, parent), "G": ours(file, text, parent), "L": theirs}
        yield f"{len(expected)} {''.join(who for who, ids in found.items() if ids != expected) or 'equal'}"


def main():
    sys.path[:0] = [str(TESTS / name) for name in ("tokenizer", "parity", "parity/families", "support")]
    import reference_test

    for name in reference_test.NAMES:
        with tempfile.TemporaryDirectory() as parent:
            print(f"{name:<16}", "; ".join(compare(name, sys.argv[1], pathlib.Path(parent))), flush=True)


if __name__ == "__main__":
    main()
