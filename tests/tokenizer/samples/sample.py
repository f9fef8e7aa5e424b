from __future__ import annotations

import re


class Shelf:
    """Books by title; naïve, but it doesn't lose any."""

    def __init__(self, books: dict[str, int] | None = None) -> None:
        self._books = books or {}

    def find(self, pattern: str, *, limit=10) -> list[tuple[str, int]]:
        matcher = re.compile(rf"^{pattern}$", re.IGNORECASE)
        found = [(title, year) for title, year in self._books.items() if matcher.match(title) and year >= 0x7C0]
        return sorted(found, key=lambda pair: -pair[1])[:limit]


if __name__ == "__main__":
    shelf = Shelf({"Ætheria": 1999, "Ünder the Sea": 2024, "本": 1_000})
    print(f"{shelf.find('.*')!r:>40}", end="\n\n")
