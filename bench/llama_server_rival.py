"""The rival of `rigpilot bench --keystrokes --rival llama-server`: what llama-server's /infill does with llama.cpp's library, without HTTP.

Started by the bench with MODEL THREADS CONTEXT (llama-cpp-python's library); says {"load_ms": ...} once ready, then answers lines:
  {"prefix", "middle", "suffix", "tokens"}  a suggestion, greedy, to the line's end ("exact": that many tokens, whatever they are;
      "clear": forget everything first; "prompt_only": read the prompt and write nothing)
  {"fit": {"prefix", "suffix", "prefix_tokens", "suffix_tokens"}}  how many lines before and after fit into these tokens
As in llama-server (tools/server): prefix marker, prefix, suffix marker, suffix, middle marker, middle; the longest common prefix with the
request before is kept; the rest is computed in batches of 2,048.
"""

import json
import resource
import sys
import time

import llama_cpp as llama

BATCH = 2048


class Server:
    def __init__(self, path, threads, context):
        model_params = llama.llama_model_default_params()
        self.model = llama.llama_model_load_from_file(path.encode(), model_params)
        if not self.model:
            sys.exit(f"{path}: llama.cpp cannot load it")
        params = llama.llama_context_default_params()
        params.n_ctx = context
        params.n_batch = BATCH
        params.n_threads = params.n_threads_batch = threads
        self.held = llama.llama_init_from_model(self.model, params)
        self.memory = llama.llama_get_memory(self.held)
        self.greedy = llama.llama_sampler_init_greedy()
        self.vocab = llama.llama_model_get_vocab(self.model)
        self.ids = []  # whose keys and values are kept

    def tokens(self, text):
        raw = text.encode()
        out = (llama.llama_token * (len(raw) + 8))()
        count = llama.llama_tokenize(self.vocab, raw, len(raw), out, len(out), False, False)
        return list(out[:count])

    def piece(self, token):
        buffer = bytes(256)
        import ctypes
        out = ctypes.create_string_buffer(buffer, 256)
        count = llama.llama_token_to_piece(self.vocab, token, out, 256, 0, False)
        return out.raw[:max(count, 0)]

    def prompt(self, prefix, middle, suffix):
        markers = [f(self.vocab) for f in (llama.llama_vocab_fim_pre, llama.llama_vocab_fim_suf, llama.llama_vocab_fim_mid)]
        begin = [llama.llama_vocab_bos(self.vocab)] if llama.llama_vocab_get_add_bos(self.vocab) else []
        if min(markers) < 0:  # no fill-in-the-middle: the text before the cursor alone
            return begin + self.tokens(prefix + middle)
        return begin + [markers[0]] + self.tokens(prefix) + [markers[1]] + self.tokens(suffix) + [markers[2]] + self.tokens(middle)

    def advance(self, ids):
        token = 0
        for at in range(0, len(ids), BATCH):
            part = ids[at:at + BATCH]
            array = (llama.llama_token * len(part))(*part)
            if llama.llama_decode(self.held, llama.llama_batch_get_one(array, len(part))) != 0:
                sys.exit("llama_decode failed")
        self.ids += ids
        return llama.llama_sampler_sample(self.greedy, self.held, -1)

    def suggest(self, request):
        start = time.perf_counter()
        if request.get("clear"):
            self.keep(0)
        ids = self.prompt(request["prefix"], request["middle"], request["suffix"])
        common = 0
        while common < min(len(ids) - 1, len(self.ids)) and ids[common] == self.ids[common]:
            common += 1
        self.keep(common)
        token = self.advance(ids[common:])
        first = time.perf_counter()
        text, written = b"", 0
        while not request.get("prompt_only"):
            if not request.get("exact") and llama.llama_vocab_is_eog(self.vocab, token):
                break
            text += self.piece(token)
            written += 1
            line_ends = b"\n" in text and text.strip() != b""
            if written == request["tokens"] or line_ends and not request.get("exact"):
                break
            token = self.advance([token])
        end = time.perf_counter()
        line = text.decode(errors="replace").split("\n")[0] if not request.get("exact") else text.decode(errors="replace")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"first_ms": (first - start) * 1e3, "total_ms": (end - start) * 1e3, "prompt": len(ids), "computed": len(ids) - common,
                "written": written, "text": line, "peak_bytes": peak}

    def keep(self, count):
        llama.llama_memory_seq_rm(self.memory, 0, count, -1)
        del self.ids[count:]

    def fit(self, request):
        before = after = 0
        room = request["prefix_tokens"]
        for line in reversed(request["prefix"].splitlines(keepends=True)):
            room -= len(self.tokens(line))
            if room < 0:
                break
            before += 1
        room = request["suffix_tokens"]
        for line in request["suffix"].splitlines(keepends=True):
            room -= len(self.tokens(line))
            if room < 0:
                break
            after += 1
        return {"before": before, "after": after}


def main(path, threads, context):
    started = time.perf_counter()
    llama.llama_backend_init()
    llama.llama_log_set(silent, None)
    server = Server(path, threads, context)
    print(json.dumps({"load_ms": (time.perf_counter() - started) * 1e3}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = server.fit(request["fit"]) if "fit" in request else server.suggest(request)
        print(json.dumps(answer), flush=True)


@llama.llama_log_callback
def silent(level, text, data):
    pass


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
