"""The rules of the house that a reader would forget: arrows between folders, file sizes, headers that explain themselves.

Each rule is a function that yields complaints; each has a case below that proves it can fail.
"""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ["base", "tokenizer", "engine", "lsp", "app"]  # each may include itself and those before it
TORCH_ROOMS = ("engine/torch/", "engine/layers/", "engine/models/", "engine/cache/", "engine/generate/", "engine/train/")
JSON_ROOMS = ("base/json.", "lsp/protocol/", "lsp/rpc/", "lsp/handlers/", "lsp/mux/", "app/")  # mux: passes on what it need not understand
JSON_READERS = re.compile(r"hf_json|hf_config|config|source|safetensors|scripted|sentencepiece|special_tokens|tokenizer_json|server|added_tokens|settings")
LSP_FREE_ROOMS = ("lsp/documents/", "lsp/context/", "lsp/index/", "lsp/completion/")
MOST_LINES = 400
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


def strip_comments(text):
    text = re.sub(r'R"(\w*)\((.*?)\)\1"', '""', text, flags=re.S)
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def arrows(path, text):
    layer = path.split("/")[0]
    if layer not in LAYERS:
        return
    for include in INCLUDE.findall(text):
        other = include.split("/")[0]
        if other in LAYERS and LAYERS.index(other) > LAYERS.index(layer):
            yield f"{path}: {layer}/ may not include {include}: arrows go {' <- '.join(LAYERS)}"
        if other in ("tests", "bench"):
            yield f"{path}: includes {include} of the tests"


def torch_stays_in_its_rooms(path, text):
    if path.startswith("tests/") or path.startswith(TORCH_ROOMS):
        return
    for include in INCLUDE.findall(text):
        if re.match(r"(torch|ATen|c10)/", include):
            yield f"{path}: includes {include}; only {', '.join(TORCH_ROOMS)} may, the rest of the program starts without libtorch"


def json_stays_at_the_edges(path, text):
    if path.startswith("tests/") or path.startswith(JSON_ROOMS):
        return
    for include in INCLUDE.findall(text):
        if include == "nlohmann/json.hpp":
            yield f"{path}: includes nlohmann/json.hpp; use base/json.h"
        if include == "base/json.h":
            if path.startswith(LSP_FREE_ROOMS) or path.endswith(".h") and not JSON_READERS.search(path):
                yield f"{path}: JSON is read only by readers of JSON formats, lsp/protocol, lsp/rpc and app"
            elif not JSON_READERS.search(path):
                yield f"{path}: JSON is read only by readers of JSON formats, lsp/protocol, lsp/rpc and app"


def completion_knows_no_lsp_type(path, text):
    if not path.startswith(LSP_FREE_ROOMS):
        return
    for include in INCLUDE.findall(text):
        if include.startswith(("lsp/protocol/", "lsp/rpc/", "lsp/transport/", "lsp/handlers/")) or include.startswith("asio"):
            yield f"{path}: includes {include}; documents, context, index and completion speak bytes and plain structs"


def not_too_long(path, text):
    lines = text.count("\n")
    if lines > MOST_LINES:
        yield f"{path}: {lines} lines, more than {MOST_LINES}: one room or two?"


def header_opens_with_its_purpose(path, text):
    if not path.endswith(".h"):
        return
    name = path.rsplit("/", 1)[-1]
    if not re.match(rf"// (\S+/)?{re.escape(name)}: ", text):
        yield f"{path}: must open with a comment '// {name}: what it is', then how it is used and what it promises"
    if "#pragma once" not in text:
        yield f"{path}: has no #pragma once"


def quiet_outside_app(path, text):
    if path.startswith(("app/", "tests/", "bench/")):
        return
    for match in re.finditer(r"std::cout|std::cerr|\b(?:std::)?printf\s*\(|\bputs\s*\(|fmt::print\b", strip_comments(text)):
        yield f"{path}: writes with {match.group(0)}; stdout belongs to results and to the protocol (use base/log.h)"


def no_global_state(path, text):
    """Variables at namespace scope that are not const: column 0 (our namespaces are not indented), ending in ';' or '{'."""
    if path.startswith(("tests/", "bench/")) or path.endswith((".cu", ".cuh")):
        return
    for line in strip_comments(text).splitlines():
        if re.match(r"(static |thread_local |inline |std::)[\w:<>,\s*&]+\s\w+\s*(=[^=].*|\{.*\})?;\s*$", line) and not re.match(
                r".*\b(const|constexpr|constinit)\b|using |.*\)\s*(const)?\s*;", line):
            yield f"{path}: '{line.strip()}' is a variable of the whole program; pass it instead"


RULES = [arrows, torch_stays_in_its_rooms, json_stays_at_the_edges, completion_knows_no_lsp_type, not_too_long,
         header_opens_with_its_purpose, quiet_outside_app, no_global_state]


def sources():
    for layer in LAYERS + ["tests", "bench"]:
        for path in sorted((ROOT / layer).rglob("*")):
            if path.suffix in (".h", ".cpp", ".cu", ".cuh") and "unicode_tables" not in path.name:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule):
    files = list(sources())
    assert len(files) > 30, "the sources were not found"
    complaints = [complaint for path, text in files for complaint in rule(path, text)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("rule,path,text", [
    (arrows, "engine/x.cpp", '#include "lsp/server.h"\n'),
    (arrows, "base/x.h", '#include "tokenizer/tokenizer.h"\n'),
    (torch_stays_in_its_rooms, "engine/weights/x.cpp", "#include <torch/torch.h>\n"),
    (torch_stays_in_its_rooms, "lsp/x.cpp", "#include <ATen/ATen.h>\n"),
    (json_stays_at_the_edges, "engine/generate/sampler.cpp", '#include "base/json.h"\n'),
    (json_stays_at_the_edges, "lsp/documents/store.cpp", "#include <nlohmann/json.hpp>\n"),
    (completion_knows_no_lsp_type, "lsp/completion/pipeline.cpp", '#include "lsp/protocol/types.h"\n'),
    (not_too_long, "base/x.cpp", "\n" * 401),
    (header_opens_with_its_purpose, "base/x.h", "#pragma once\n"),
    (header_opens_with_its_purpose, "base/x.h", "// x.h: a thing.\n"),
    (quiet_outside_app, "engine/x.cpp", 'void f() { std::cout << 1; }\n'),
    (quiet_outside_app, "lsp/x.cpp", 'void f() { printf("x"); }\n'),
    (no_global_state, "lsp/x.cpp", "static int counter = 0;\n"),
    (no_global_state, "lsp/x.cpp", "std::atomic<bool> quit{false};\n"),
])
def test_the_rule_can_fail(rule, path, text):
    assert list(rule(path, text)), f"{rule.__name__} did not see it"


@pytest.mark.parametrize("rule,path,text", [
    (arrows, "lsp/x.cpp", '#include "engine/engine.h"\n'),
    (torch_stays_in_its_rooms, "engine/models/llama.cpp", "#include <torch/torch.h>\n"),
    (json_stays_at_the_edges, "tokenizer/hf_json.cpp", '#include "base/json.h"\n'),
    (quiet_outside_app, "app/main.cpp", 'int main() { puts("x"); }\n'),
    (quiet_outside_app, "lsp/x.cpp", "// printf(\n"),
    (no_global_state, "lsp/x.cpp", "static constexpr int kMost = 3;\n"),
    (no_global_state, "lsp/x.cpp", "static int helper(int x);\n"),
])
def test_the_rule_lets_good_code_pass(rule, path, text):
    assert not list(rule(path, text))
