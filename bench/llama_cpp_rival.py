"""The rival of `rigpilot bench --rival llama-cpp`: llama.cpp as PyPI's llama-cpp-python brings it, driven through its C interface.

Started by the bench with MODEL THREADS CONTEXT; says {"load_ms": ...} once ready, then answers each line {"prompt": [ids], "tokens": n}
with what `rigpilot generate` reports: the time of the prompt (an empty cache before it) and of the tokens after the first. The next token
is the largest of the logits by NumPy: llama.cpp's own sampler copies the vocabulary into a list first.
"""

import json
import resource
import sys
import time

import llama_cpp as llama
import numpy


def main(path, threads, context):
    started = time.perf_counter()
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
    if not model:
        sys.exit(f"{path}: llama.cpp cannot load it")
    params = llama.llama_context_default_params()
    params.n_ctx = context
    params.n_batch = 2048
    params.n_threads = params.n_threads_batch = threads
    held = llama.llama_init_from_model(model, params)
    vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    memory = llama.llama_get_memory(held)

    def advance(ids):
        array = (llama.llama_token * len(ids))(*ids)
        if llama.llama_decode(held, llama.llama_batch_get_one(array, len(ids))) != 0:
            sys.exit("llama_decode failed")
        return int(numpy.ctypeslib.as_array(llama.llama_get_logits_ith(held, -1), (vocabulary,)).argmax())

    def answer(request):
        llama.llama_memory_clear(memory, True)
        start = time.perf_counter()
        prompt, token = request["prompt"], 0
        for at in range(0, len(prompt), 2048):
            token = advance(prompt[at:at + 2048])
        first = time.perf_counter()
        ids = [token]
        for _ in range(request["tokens"] - 1):
            ids.append(advance([ids[-1]]))
        end = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"prefill_ms": (first - start) * 1e3, "decode_ms": (end - first) * 1e3, "peak_bytes": peak, "ids": ids}

    print(json.dumps({"load_ms": (time.perf_counter() - started) * 1e3}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
