"""Tiny LLaMA models in GGUF, one for each block format and each way of turning positions, against transformers on the same
weights expanded: held quantised, and expanded to f32."""

import gguf
import numpy
import pytest
from expanded import expanded, logprobs_of, our_logprobs

WIDTH, MLP, LAYERS, HEADS, KV_HEADS, HEAD, VOCABULARY, CONTEXT = 256, 512, 2, 8, 2, 64, 331, 128
IDS = [(i * 7919 + 5) % VOCABULARY for i in range(70)]  # more than one chunk of the prompt

# The formats whose quantiser the gguf package lacks: bytes of a block of 256, and where its f16 scale and minimum are with
# what they should be, so that random codes make weights of a sensible size.
K_FORMATS = {"Q2_K": (84, {80: 0.004, 82: 0.006}), "Q3_K": (110, {108: 0.002}), "Q4_K": (144, {0: 0.0004, 2: 0.003}),
             "Q5_K": (176, {0: 0.0002, 2: 0.003}), "Q6_K": (210, {208: 0.00007})}
FORMATS = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", *K_FORMATS]


def stored(random, rows, columns, name):
    kind = gguf.GGMLQuantizationType[name]
    if name not in K_FORMATS:
        return gguf.quantize((random.standard_normal((rows, columns)) * 0.1).astype(numpy.float32), kind), kind
    size, scales = K_FORMATS[name]
    blocks = random.integers(0, 256, (rows, columns // 256, size), dtype=numpy.uint8)
    for at, value in scales.items():
        halves = (value * (0.5 + random.random((rows, columns // 256, 1)))).astype(numpy.float16)
        blocks[:, :, at:at + 2] = halves.view(numpy.uint8)
    return blocks.reshape(rows, -1), kind


def write(path, name="Q8_0", tied=False, biased=False, rope=None, factors=False):
    random = numpy.random.default_rng(7)
    writer = gguf.GGUFWriter(str(path), "llama")
    for key, value in {"context_length": CONTEXT, "embedding_length": WIDTH, "block_count": LAYERS, "feed_forward_length": MLP, "attention.head_count": HEADS,
                       "attention.head_count_kv": KV_HEADS, "attention.key_length": HEAD, "attention.value_length": HEAD, "vocab_size": VOCABULARY}.items():
        writer.add_uint32("llama." + key, value)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_float32("llama.rope.freq_base", 5000.0)
    for key, value in (rope or {}).items():
        {str: writer.add_string, int: writer.add_uint32, float: writer.add_float32}[type(value)](f"llama.rope.scaling.{key}", value)

    def add(tensor, *shape):
        if len(shape) == 1:
            centre = 1 if "norm" in tensor or "freqs" in tensor else 0
            writer.add_tensor(tensor, (centre + 0.3 * random.random(shape)).astype(numpy.float32))
        else:
            data, kind = stored(random, *shape, name)
            writer.add_tensor(tensor, data, raw_dtype=kind)

    shapes = {"attn_q": (HEADS * HEAD, WIDTH), "attn_k": (KV_HEADS * HEAD, WIDTH), "attn_v": (KV_HEADS * HEAD, WIDTH), "attn_output": (WIDTH, HEADS * HEAD),
              "ffn_gate": (MLP, WIDTH), "ffn_up": (MLP, WIDTH), "ffn_down": (WIDTH, MLP)}
    add("token_embd.weight", VOCABULARY, WIDTH)
    add("output_norm.weight", WIDTH)
    if not tied:
        add("output.weight", VOCABULARY, WIDTH)
    if factors:
        add("rope_freqs.weight", HEAD // 2)
    for layer in range(LAYERS):
        for part, shape in shapes.items():
            add(f"blk.{layer}.{part}.weight", *shape)
            if biased and part.startswith("attn"):
                add(f"blk.{layer}.{part}.bias", shape[0])
        add(f"blk.{layer}.attn_norm.weight", WIDTH)
        add(f"blk.{layer}.ffn_norm.weight", WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def check(path):
    theirs = logprobs_of(expanded(path), IDS)
    assert max(theirs) - min(theirs) > 1, "the weights make no difference: the comparison would prove nothing"
    for quant in ("auto", "none"):
        ours = our_logprobs(path, IDS, "--quant", quant)
        worst = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
        assert worst <= 1e-4, f"--quant {quant}: {worst}"


@pytest.mark.parametrize("name", FORMATS)
def test_every_block_format(name, tmp_path):
    check(write(tmp_path / "tiny.gguf", name, tied=FORMATS.index(name) % 2 == 0))


@pytest.mark.parametrize("how", [dict(biased=True), dict(factors=True), dict(rope={"type": "linear", "factor": 2.5}),
                                 dict(rope={"type": "yarn", "factor": 4.0, "original_context_length": 32})], ids=str)
def test_biases_and_positions(how, tmp_path):
    check(write(tmp_path / "tiny.gguf", **how))
