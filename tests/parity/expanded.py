"""transformers' model of a LLaMA GGUF, and the log-probabilities that it and ours give to ids.

    expanded(path)                       # every tensor expanded by the gguf package, rotary rows back in Hugging Face's order
    logprobs_of(model, ids)              # of ids[1:], each given those before it
    our_logprobs(path, ids, "--quant", "none")
"""

import json
import os
import subprocess

NAMES = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj",
         "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}


def rope_parameters(field):
    rope = {"rope_type": field("rope.scaling.type", "default"), "rope_theta": field("rope.freq_base")}
    if rope["rope_type"] != "default":
        rope["factor"] = field("rope.scaling.factor")
    if rope["rope_type"] == "yarn":
        rope["original_max_position_embeddings"] = field("rope.scaling.original_context_length")
    return rope


def expanded(path):
    import torch
    from gguf import GGUFReader, dequantize
    from transformers import LlamaConfig, LlamaForCausalLM

    reader = GGUFReader(path)
    field = lambda key, default=None: reader.fields["llama." + key].contents() if "llama." + key in reader.fields else default
    heads, kv_heads = field("attention.head_count"), field("attention.head_count_kv")
    weights = {tensor.name: torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()).float() for tensor in reader.tensors}
    config = LlamaConfig(vocab_size=weights["token_embd.weight"].shape[0], hidden_size=field("embedding_length"), intermediate_size=field("feed_forward_length"),
                         num_hidden_layers=field("block_count"), num_attention_heads=heads, num_key_value_heads=kv_heads, rms_norm_eps=field("attention.layer_norm_rms_epsilon"),
                         head_dim=field("attention.key_length", field("embedding_length") // heads), rope_parameters=rope_parameters(field),
                         tie_word_embeddings="output.weight" not in weights, attention_bias="blk.0.attn_q.bias" in weights, max_position_embeddings=field("context_length"))
    model = LlamaForCausalLM(config).eval()
    state = {"model.embed_tokens.weight": weights["token_embd.weight"], "model.norm.weight": weights["output_norm.weight"]}
    state["lm_head.weight"] = weights.get("output.weight", weights["token_embd.weight"])
    for name, value in weights.items():
        if not name.startswith("blk."):
            continue
        _, layer, part, kind = name.split(".")
        if part in ("attn_q", "attn_k"):
            count = heads if part == "attn_q" else kv_heads
            value = value.reshape(count, value.shape[0] // count // 2, 2, -1).swapaxes(1, 2).reshape(value.shape)
        state[f"model.layers.{layer}.{NAMES[part]}.{kind}"] = value
    model.load_state_dict(state, strict=True)
    if "rope_freqs.weight" in weights:
        model.model.rotary_emb.inv_freq /= weights["rope_freqs.weight"]
    return model


def logprobs_of(model, ids):
    import torch

    with torch.no_grad():
        rows = model(torch.tensor([ids])).logits[0].log_softmax(-1)
    return [float(rows[i - 1, ids[i]]) for i in range(1, len(ids))]


def our_logprobs(path, ids, *options):
    run = subprocess.run([os.environ["RIGPILOT"], "score", "--model", path, "--device", "cpu", "--dtype", "f32", *options, "--json", "--ids", ",".join(map(str, ids))],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    tokens = json.loads(run.stdout)["tokens"]
    assert [token["id"] for token in tokens] == ids and tokens[0]["logprob"] is None
    return [token["logprob"] for token in tokens[1:]]
