"""The key-value pairs of a GGUF file as Python values. gguf's own reader makes arrays of numpy parts first: half a minute for a large vocabulary."""

import struct

NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TEXT, ARRAY = 8, 9


def read_fields(path):
    data, at = path.read_bytes(), 24
    magic, version, _, pairs = struct.unpack_from("<4sIQQ", data)
    assert magic == b"GGUF" and version in (2, 3), path

    def number(code):
        nonlocal at
        (value,) = struct.unpack_from("<" + code, data, at)
        at += struct.calcsize("<" + code)
        return value

    def text():
        nonlocal at
        size = number("Q")
        at += size
        return data[at - size:at].decode("utf-8")

    def value(kind):
        nonlocal at
        if kind == TEXT:
            return text()
        if kind != ARRAY:
            return number(NUMBERS[kind])
        kind, count = number("I"), number("Q")
        if kind not in NUMBERS:
            return [value(kind) for _ in range(count)]
        form = f"<{count}{NUMBERS[kind]}"
        at += struct.calcsize(form)
        return list(struct.unpack_from(form, data, at - struct.calcsize(form)))

    return {text(): value(number("I")) for _ in range(pairs)}
