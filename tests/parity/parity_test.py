"""LLaMA against transformers, made afresh: tiny checkpoints with another seed, and SmolLM2's real weights expanded to f32."""

import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ["RIGPILOT_BUILD"])
RIGPILOT = os.environ["RIGPILOT"]


def test_fresh_checkpoints_of_another_seed(tmp_path):
    seed = str(int(time.time()) % 100000)
    subprocess.run([sys.executable, HERE / "make_goldens.py", "--seed", seed, "--out", tmp_path], check=True, capture_output=True)
    run = subprocess.run([BUILD / "tests_engine_torch", "LLaMA equals transformers"], env={**os.environ, "RIGPILOT_PARITY_DATA": str(tmp_path)},
                         capture_output=True, text=True)
    assert run.returncode == 0, f"seed {seed}\n{run.stdout}"
    assert "assertions in 1 test case" in run.stdout, run.stdout


def smollm2():
    store = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share")
    path = pathlib.Path(os.environ.get("RIGPILOT_SMOLLM2") or store / "rigpilot/models/SmolLM2-135M-Instruct.Q4_1.gguf")
    if not path.exists():
        pytest.skip("SmolLM2's weights are not here: scripts/get-weights installs them")
    return path


def expanded(path):
    """transformers' model of a LLaMA GGUF: every tensor expanded by the gguf package, rotary rows back in Hugging Face's order."""
    import torch
    from gguf import GGUFReader, dequantize
    from transformers import LlamaConfig, LlamaForCausalLM

    reader = GGUFReader(path)
    field = lambda key: reader.fields["llama." + key].contents()
    heads, kv_heads = field("attention.head_count"), field("attention.head_count_kv")
    weights = {tensor.name: torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()).float() for tensor in reader.tensors}
    config = LlamaConfig(vocab_size=weights["token_embd.weight"].shape[0], hidden_size=field("embedding_length"), intermediate_size=field("feed_forward_length"),
                         num_hidden_layers=field("block_count"), num_attention_heads=heads, num_key_value_heads=kv_heads, rms_norm_eps=field("attention.layer_norm_rms_epsilon"),
                         rope_parameters={"rope_type": "default", "rope_theta": field("rope.freq_base")}, tie_word_embeddings="output.weight" not in weights,
                         max_position_embeddings=field("context_length"))
    model = LlamaForCausalLM(config).eval()
    names = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj",
             "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
    state = {"model.embed_tokens.weight": weights["token_embd.weight"], "model.norm.weight": weights["output_norm.weight"]}
    state["lm_head.weight"] = weights.get("output.weight", weights["token_embd.weight"])
    for name, value in weights.items():
        if not name.startswith("blk."):
            continue
        _, layer, part, _ = name.split(".")
        if part in ("attn_q", "attn_k"):
            count = heads if part == "attn_q" else kv_heads
            value = value.reshape(count, value.shape[0] // count // 2, 2, -1).swapaxes(1, 2).reshape(value.shape)
        state[f"model.layers.{layer}.{names[part]}.weight"] = value
    model.load_state_dict(state, strict=True)
    return model


def test_smollm2_expanded_scores_what_transformers_scores():
    import torch

    path = smollm2()
    ids = [1604, 3987, 46477, 24, 94, 727, 198, 472, 585, 304, 10204, 216, 33, 42, 448, 1003, 304, 472, 1745, 42, 448, 1003, 3987, 46477, 24, 94, 731, 216, 33, 25]
    ids += [(i * 7919) % 49000 for i in range(1, 90)]  # and nonsense: every part of the vocabulary, longer than one chunk
    run = subprocess.run([RIGPILOT, "score", "--model", path, "--device", "cpu", "--quant", "none", "--dtype", "f32", "--json", "--ids", ",".join(map(str, ids))],
                         capture_output=True, text=True, check=True)
    ours = [token["logprob"] for token in json.loads(run.stdout)["tokens"]]
    with torch.no_grad():
        logprobs = expanded(path)(torch.tensor([ids])).logits[0].log_softmax(-1)
    theirs = [float(logprobs[i - 1, ids[i]]) for i in range(1, len(ids))]
    assert ours[0] is None and len(ours) == len(ids)
    assert max(abs(a - b) for a, b in zip(ours[1:], theirs)) <= 1e-3
