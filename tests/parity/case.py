"""One tiny random checkpoint and what transformers makes of it: a folder that tests/engine/torch/parity_test.cpp reads.

    Case("llama", "tied", LlamaConfig, dict(..., tie_word_embeddings=True)).make(folder, seed)

The folder ARCHITECTURE-NAME gets config.json and safetensors as Hugging Face has them, perhaps model.gguf as llama.cpp's
converter would make it, and golden.safetensors: `ids` [T] and `other` [T'] (two prompts of different lengths), `logprobs`
[T, V] and `other_logprobs` [T', V] (fp32, after each token, each prompt alone), `greedy` [24] (the continuation of the ids).
Shapes are odd and weights far from their initial scale, so that a wrong sign, order or scale shows.
"""

import dataclasses
import json
import shutil
import typing

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

PROMPT, OTHER, GREEDY = 37, 23, 24
LEAST_MARGIN = 1e-2  # of a greedy token's log-probability over the next best: a near-tie would prove nothing
NO_SPECIAL = dict(bos_token_id=None, eos_token_id=None, pad_token_id=None)


@dataclasses.dataclass
class Case:
    architecture: str  # its row of the table: config.json's model_type
    name: str
    config: type  # transformers' configuration, and what it is made with
    shape: dict
    dtype: torch.dtype = torch.float32  # as stored
    norm_centre: float = 1  # around which the stored weights of norms lie
    shard_size: str | None = None  # of a sharded checkpoint
    respell: typing.Callable[[dict], dict] = lambda config: config  # config.json as another version of transformers wrote it
    rename: typing.Callable[[str], str | None] = lambda name: name  # tensors as another version named them; None leaves one out
    buffers: typing.Callable[[dict], dict] = lambda config: {}  # tensors beside the weights, as older versions saved them
    to_gguf: typing.Callable | None = None  # (path, config.json of this version, the file's tensors)

    def make(self, parent, seed):
        folder = parent / f"{self.architecture}-{self.name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        generator = torch.Generator().manual_seed(seed * 1000 + sum(map(ord, folder.name)))
        model = self.random_model(generator)
        self.save(model, folder)
        save_file(golden(model, generator), folder / "golden.safetensors")
        for path in folder.iterdir():
            path.chmod(0o644)  # save_file's own are the owner's alone
        return folder

    def random_model(self, generator):
        model = AutoModelForCausalLM.from_config(self.config(**self.shape), attn_implementation="eager").eval().float()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                noise = torch.randn(parameter.shape, generator=generator)
                value = self.norm_centre + 0.5 * noise if parameter.dim() == 1 and name.endswith("weight") else 0.27 * noise  # norms, all else
                parameter.copy_(value.to(self.dtype).float())
        return model

    def save(self, model, folder):
        model.save_pretrained(folder, **({"max_shard_size": self.shard_size} if self.shard_size else {}))
        (folder / "generation_config.json").unlink(missing_ok=True)
        config, tensors = json.loads((folder / "config.json").read_text()), {}
        for path in folder.glob("*.safetensors"):
            here = {self.rename(name): value.to(self.dtype) for name, value in load_file(path).items() if self.rename(name)}
            tensors |= load_file(path)
            save_file(here | self.buffers(config), path, metadata={"format": "pt"})
        for path in folder.glob("*.index.json"):
            index = json.loads(path.read_text())
            index["weight_map"] = {self.rename(name): shard for name, shard in index["weight_map"].items() if self.rename(name)}
            path.write_text(json.dumps(index, indent=1))
        if self.to_gguf:
            self.to_gguf(path=folder / "model.gguf", config=config, tensors={name: value.float() for name, value in tensors.items()})
        (folder / "config.json").write_text(json.dumps(self.respell(config), indent=1))


def logprobs(model, ids):
    with torch.no_grad():
        return model(ids[None]).logits[0].float().log_softmax(-1).contiguous()


def greedy(model, ids):
    """The continuation, or None where two tokens are nearly tied."""
    out, cache = [], None
    with torch.no_grad():
        for _ in range(GREEDY):
            step = model(torch.tensor([out[-1:]]) if out else ids[None], past_key_values=cache, use_cache=True)
            best = step.logits[0, -1].float().log_softmax(-1).topk(2)
            if best.values[0] - best.values[1] < LEAST_MARGIN:
                return None
            out, cache = [*out, int(best.indices[0])], step.past_key_values
    return torch.tensor(out, dtype=torch.int32)


def golden(model, generator):
    vocabulary = model.config.vocab_size
    for _ in range(200):
        ids = torch.randint(0, vocabulary, (PROMPT,), generator=generator)
        if (continuation := greedy(model, ids)) is not None:
            other = torch.randint(0, vocabulary, (OTHER,), generator=generator)
            return {"ids": ids.to(torch.int32), "logprobs": logprobs(model, ids), "other": other.to(torch.int32),
                    "other_logprobs": logprobs(model, other), "greedy": continuation}
    raise AssertionError("no prompt of 200 continues without a near-tie")
