"""Wrong numbers and tensors in the checkpoints of the families with layer norms: one sentence that names the file and the field
or the tensor, exit code 1, no crash. A second a case."""

import json
import pathlib
import shutil

import numpy
import pytest
from bad_input_test import FAILED, change_weights, refused, score

DATA = pathlib.Path(__file__).parents[1] / "parity/data"


@pytest.fixture
def copy_of(tmp_path):
    def copy(case, **changes):
        folder = tmp_path / case
        shutil.copytree(DATA / case, folder)
        config = {**json.loads((folder / "config.json").read_text()), **changes}
        (folder / "config.json").write_text(json.dumps(config))
        return folder
    return copy


@pytest.mark.parametrize("case,field,value", [
    ("gpt2-plain", "n_positions", 10**12), ("gpt2-plain", "n_head", 0), ("gpt2-plain", "n_embd", -18), ("gpt2-plain", "activation_function", "softsign"),
    ("gpt_neox-parallel-quarter", "rotary_pct", 7), ("gpt_neox-parallel-quarter", "rotary_emb_base", -1), ("gpt_neox-parallel-quarter", "num_attention_heads", 7),
    ("bloom-six-heads", "n_head", 5), ("bloom-six-heads", "hidden_size", None),
    ("gpt_bigcode-multi-query", "n_layer", 10**9), ("gpt_bigcode-multi-query", "multi_query", "yes"),
    ("starcoder2-plain", "sliding_window", -1), ("starcoder2-plain", "num_key_value_heads", 4),
])
def test_a_wrong_number_in_config_is_named(copy_of, case, field, value):
    refused(score(copy_of(case, **{field: value})), FAILED, "config.json", field)


@pytest.mark.parametrize("case,changes,tensor,words", [
    ("gpt2-plain", dict(n_positions=30), "transformer.wpe.weight", ("[62, 18]", "[30, 18]")),
    ("gpt2-plain", dict(n_inner=70), "transformer.h.0.mlp.c_fc", ("72", "70")),
    ("gpt_bigcode-multi-query", dict(multi_query=False), "transformer.h.0.attn.c_attn", ("24", "54")),
    ("bloom-six-heads", dict(vocab_size=60), "transformer.word_embeddings.weight", ("[61, 18]", "[60, 18]")),
    ("gpt_neox-parallel-quarter", dict(attention_bias=False), "query_key_value.bias", ("no use for",)),
    ("gpt_neox-unbiased", dict(attention_bias=True), "query_key_value.bias", ("missing",)),
    ("starcoder2-plain", dict(num_hidden_layers=3), "model.layers.2.", ("missing",)),
])
def test_weights_that_the_config_does_not_fit_are_named(copy_of, case, changes, tensor, words):
    refused(score(copy_of(case, **changes)), FAILED, tensor, *words)


def test_a_tensor_that_only_looks_like_an_old_mask_is_named(copy_of):
    folder = copy_of("gpt2-plain")
    change_weights(folder, lambda weights: weights.update({"transformer.h.0.attn.bias2": numpy.zeros(3, numpy.float32)}))
    refused(score(folder), FAILED, "no use for: transformer.h.0.attn.bias2")
