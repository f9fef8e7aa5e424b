"""A library that no model has seen: a Python package that pip installed, its identifiers renamed consistently into made-up words.

    private_library.make("markdown_it", folder)

Every word of every name that the package itself defines (functions, classes, arguments, attributes, modules) becomes a made-up word, the same
one everywhere, in snake_case, camelCase and CAPITALS alike, in code, comments and texts. What others define (the standard library, builtins,
keywords) keeps its name. `python bench/private_library.py PACKAGE FOLDER` does it by hand.
"""

import ast
import builtins
import io
import keyword
import pathlib
import random
import re
import sys
import sysconfig
import tokenize

SITE = pathlib.Path(sysconfig.get_path("purelib"))
COMMON = set(dir(builtins)) | set(keyword.kwlist) | {name for kind in (str, bytes, list, dict, set, tuple, int, float, object, io.StringIO, re.Pattern, re.Match)
                                                     for name in dir(kind)} | set(sys.stdlib_module_names) | {"self", "cls", "args", "kwargs", "typing", "annotations"}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|_")


def defined(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def made_up(word):
    """The same word for the same word, of about its length."""
    draw = random.Random("rigpilot:" + word)
    out = ""
    while len(out) < max(3, len(word)):
        out += draw.choice("bdfgklmnprstvz") + draw.choice("aeiou")
    return out[:max(3, len(word))]


def renamed(name):
    out = ""
    for part in WORD.findall(name):
        if not part.isalpha():
            out += part
            continue
        new = made_up(part.lower())
        out += new.upper() if part.isupper() and len(part) > 1 else new.capitalize() if part[0].isupper() else new
    return out


def make(package, folder):
    """FOLDER/NEW_NAME, with the package's sources renamed; the new name and how many names were changed."""
    source = SITE / package
    files = sorted(source.rglob("*.py"))
    assert files, f"{package}: is not installed"
    names = {part for file in files for part in file.relative_to(SITE).with_suffix("").parts}
    for file in files:
        names |= set(defined(ast.parse(file.read_text(encoding="utf-8"))))
    names = {name for name in names if name not in COMMON and not name.startswith("__") and len(name) > 2}
    mapping = {name: renamed(name) for name in names}
    pattern = re.compile(r"(?<![A-Za-z0-9_])(" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")(?![A-Za-z0-9_])")
    change = lambda text: pattern.sub(lambda match: mapping[match.group(1)], text)
    for file in files:
        path = folder / pathlib.Path(*(mapping.get(part, part) for part in file.relative_to(SITE).with_suffix("").parts)).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text(encoding="utf-8")
        new = change(text)
        if text.count("\n") == new.count("\n"):
            list(tokenize.generate_tokens(io.StringIO(new).readline))  # it is still Python
        path.write_text(new, encoding="utf-8")
    return mapping.get(package, package), len(mapping)


if __name__ == "__main__":
    print(*make(sys.argv[1], pathlib.Path(sys.argv[2])))
