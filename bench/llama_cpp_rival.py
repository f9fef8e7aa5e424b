"""The rival of `rigpilot bench --rival llama-cpp`: llama.cpp as PyPI's llama-cpp-python brings it, driven through its C interface.

Started by the bench with MODEL THREADS CONTEXT; says {"load_ms": ...} once ready, then answers each line {"prompt": [ids], "tokens": n}
with what `rigpilot generate` reports: the time of the prompt (an empty cache before it) and of the tokens after the first. The next token
is the largest of the logits by NumPy: llama.cpp's own sampler copies the vocabulary into a list first. "drafts": n verifies so many tokens
that llama-cpp-python's LlamaPromptLookupDecoding proposes; "keep": what the prompt shares with the last one is not computed again.
"""

import json
import resource
import sys
import time

import llama_cpp as llama
import numpy
from llama_cpp.llama_speculative import LlamaPromptLookupDecoding


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

    batch = llama.llama_batch_init(2048, 0, 1)
    held_ids = []  # whose keys and values are kept

    def advance(ids, rows=1):
        """The likeliest id behind each of the last `rows` ids."""
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = token, len(held_ids) + i, 1, 0
            batch.logits[i] = i >= len(ids) - rows
        if llama.llama_decode(held, batch) != 0:
            sys.exit("llama_decode failed")
        held_ids.extend(ids)
        return [int(numpy.ctypeslib.as_array(llama.llama_get_logits_ith(held, i), (vocabulary,)).argmax()) for i in range(len(ids) - rows, len(ids))]

    def keep(count):
        llama.llama_memory_seq_rm(memory, 0, count, -1)
        del held_ids[count:]

    def common(prompt):
        count = 0
        while count < min(len(prompt) - 1, len(held_ids)) and prompt[count] == held_ids[count]:
            count += 1
        return count

    def write(prompt, ids, tokens, lookup):
        drafted = accepted = 0
        while len(ids) < tokens:
            draft = [int(id) for id in lookup(numpy.array(prompt + ids, numpy.intc))][:tokens - len(ids) - 1] if lookup else []
            rows = advance([ids[-1]] + draft, 1 + len(draft))
            right = 0
            while right < len(draft) and rows[right] == draft[right]:
                right += 1
            ids += rows[:right + 1]
            keep(len(held_ids) - (len(draft) - right))
            drafted, accepted = drafted + len(draft), accepted + right
        return drafted, accepted

    def answer(request):
        prompt = request["prompt"]
        keep(common(prompt) if request.get("keep") else 0)
        lookup = LlamaPromptLookupDecoding(num_pred_tokens=request["drafts"]) if request.get("drafts") else None
        start = time.perf_counter()
        for at in range(len(held_ids), len(prompt), 2048):
            token = advance(prompt[at:at + 2048])[-1]
        first = time.perf_counter()
        ids = [token]
        drafted, accepted = write(prompt, ids, request["tokens"], lookup)
        end = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"prefill_ms": (first - start) * 1e3, "decode_ms": (end - first) * 1e3, "peak_bytes": peak, "ids": ids,
                "drafted": drafted, "accepted": accepted}

    print(json.dumps({"load_ms": (time.perf_counter() - started) * 1e3}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
