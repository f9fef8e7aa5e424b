"""Whether llama.cpp reads the GGUF files that `rigpilot model quantize` writes of every architecture, and says the same: run by hand,
with a python that has llama-cpp-python (CI needs none).

    RIGPILOT=build/release/rigpilot .venv/bin/python tests/parity/against_llama_cpp.py VENV/bin/python [NAME]...

For each checkpoint of wide_cases.py, in F32 and in Q8_0: 24 greedy tokens of both, and the root mean square of the differences of
log-probabilities. llama.cpp rounds activations to 8 bits where weights are quantised, so in Q8_0 they are near, not equal, and a
greedy token may differ where two are nearly tied: `margin` is how far apart they were. The third line of each shows it: ours is
on the Q8_0 file, llama.cpp on the same weights expanded to F32, so that only what is computed from them can differ.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
GREEDY = 24

READ = """
import ctypes, json, sys
import numpy
import llama_cpp as llama
path, ids, greedy = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
log = llama.llama_log_callback(lambda level, text, data: sys.stderr.write(text.decode(errors="replace")) and None)
llama.llama_log_set(log, ctypes.c_void_p())
llama.llama_backend_init()
model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
assert model, "llama.cpp does not load it"
params = llama.llama_context_default_params()
params.n_ctx, params.n_batch, params.n_threads = 128, 128, 2
context = llama.llama_init_from_model(model, params)
size = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
def logprobs(ids, position):
    batch = llama.llama_batch_init(len(ids), 0, 1)
    for i, token in enumerate(ids):
        batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = token, position + i, 1, 0, 1
    batch.n_tokens = len(ids)
    assert llama.llama_decode(context, batch) == 0
    rows = [numpy.ctypeslib.as_array(llama.llama_get_logits_ith(context, i), (size,)).astype(float).copy() for i in range(len(ids))]
    return [row - row.max() - numpy.log(numpy.exp(row - row.max()).sum()) for row in rows]
rows = logprobs(ids, 0)
scores, out, margins = [float(rows[i][ids[i + 1]]) for i in range(len(ids) - 1)], [], []
for step in range(greedy):
    best = numpy.sort(rows[-1])[::-1]
    margins.append(float(best[0] - best[1]))
    out.append(int(rows[-1].argmax()))
    rows = logprobs(out[-1:], len(ids) + step)
print(json.dumps({"scores": scores, "greedy": out, "margins": margins}))
"""


def compare(python, file, ids, theirs=None):
    from expanded import our_logprobs

    run = subprocess.run([python, "-c", READ, theirs or file, json.dumps(ids), str(GREEDY)], capture_output=True, text=True)
    if run.returncode:
        said = run.stderr.splitlines() or ["nothing"]
        return f"llama.cpp ends with {run.returncode}: {([line for line in said if 'error' in line.lower()] or said)[-1]}"
    theirs, ours = json.loads(run.stdout), our_logprobs(file, ids)
    made = subprocess.run([os.environ["RIGPILOT"], "generate", "--model", file, "--device", "cpu", "--dtype", "f32", "--max-tokens", str(GREEDY), "--json", "--ids",
                           ",".join(map(str, ids))], capture_output=True, text=True, check=True)
    greedy = json.loads(made.stdout)["ids"]
    off = (sum((a - b) ** 2 for a, b in zip(ours, theirs["scores"], strict=True)) / len(ours)) ** 0.5
    same = next((i for i, (a, b) in enumerate(zip(greedy, theirs["greedy"], strict=False)) if a != b), len(greedy))
    told = f"{same} greedy tokens equal" + ("" if same == GREEDY else f", then a margin of {theirs['margins'][same]:.3f}" if same < len(greedy) else ", then ours ends")
    return f"rms {off:.4f}, {told}"


def main():
    sys.path[:0] = [str(HERE), str(HERE / "families"), str(HERE.parent / "support")]
    import wide_cases

    for name in sys.argv[2:] or wide_cases.CASES:
        with tempfile.TemporaryDirectory() as parent:
            folder = wide_cases.make(name, pathlib.Path(parent))
            for kind in ("f32", "q8_0"):
                file = folder / f"{kind}.gguf"
                subprocess.run([os.environ["RIGPILOT"], "model", "quantize", folder, file, "--type", kind], check=True, capture_output=True)
                print(f"{name:<30} {kind:<10} {compare(sys.argv[1], file, wide_cases.IDS)}", flush=True)
            wide = folder / "expanded.gguf"
            subprocess.run([os.environ["RIGPILOT"], "model", "quantize", file, wide, "--type", "f32"], check=True, capture_output=True)
            print(f"{name:<30} expanded   {compare(sys.argv[1], file, wide_cases.IDS, wide)}", flush=True)


if __name__ == "__main__":
    main()
