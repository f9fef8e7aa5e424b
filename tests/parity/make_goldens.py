"""Makes the goldens of the parity tests: every case of every family in tests/parity/families/ (one file an architecture).

    .venv/bin/python tests/parity/make_goldens.py [--seed N] [--out DIR] [--only ARCHITECTURE]...
"""

import argparse
import importlib
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "families")]


def cases(only=()):
    for path in sorted((HERE / "families").glob("*.py")):
        for case in importlib.import_module(path.stem).CASES:
            if not only or case.architecture in only:
                yield case


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "data")
    parser.add_argument("--only", action="append", default=[], metavar="ARCHITECTURE")
    arguments = parser.parse_args()
    for case in cases(arguments.only):
        print(case.make(arguments.out, arguments.seed))


if __name__ == "__main__":
    main()
