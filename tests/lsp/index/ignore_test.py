"""Which files are learned, against git's own list, in random folders with random .gitignore files. Some 5 s."""

import os
import random
import subprocess

import pytest

RIGPILOT = os.environ["RIGPILOT"]
NAMES = ["a", "b", "ab", "abc", "x.py", "y.py", "z.c", "a.b", "b c", "foo", "bar.py", "[q]", "#h", "!n"]
RULES = ["*.py", "/a", "a/", "b", "!x.py", "!b", "foo/", "/foo/*", "!/foo/x.py", "**/ab", "a/**", "a/**/b", "**", "!*/", "ab*", "?b", "[a-c]", "[!a]b", "*.b", "b\\ c", "\\#h", "\\!n", "\\[q\\]", "a/b",
         "/a/*/x.py", "# x.py", "", "x.py ", "abc/**/y.py", "*/z.c", "foo/**", "!foo/bar.py", "**/a/b", "a*c"]


def files_of(git_output):
    return sorted(name for name in git_output.split("\0") if name)


def make_tree(folder, random_, depth=0):
    for name in random_.sample(NAMES, random_.randrange(2, 7)):
        if depth < 3 and random_.random() < 0.45 and "." not in name:
            (folder / name).mkdir(exist_ok=True)
            make_tree(folder / name, random_, depth + 1)
        else:
            (folder / name).write_text("x = 1\n")
    if random_.random() < (0.9 if depth == 0 else 0.3):
        (folder / ".gitignore").write_text("\n".join(random_.choices(RULES, k=random_.randrange(1, 6))) + "\n")


@pytest.mark.parametrize("seed", range(60))
def test_the_files_are_those_git_would_list(tmp_path, seed):
    random_ = random.Random(seed)
    make_tree(tmp_path, random_)
    git = ["git", "-c", "core.excludesFile=/dev/null", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    if seed % 3 == 0:
        (tmp_path / ".git/info/exclude").write_text("y.py\n!ab\n")
    listed = subprocess.run([*git, "ls-files", "-z", "--others", "--exclude-standard"], check=True, capture_output=True, text=True).stdout
    ours = subprocess.run([RIGPILOT, "index", "--files", str(tmp_path)], check=True, capture_output=True, text=True).stdout
    assert sorted(ours.splitlines()) == files_of(listed)
