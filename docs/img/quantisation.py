"""Draws docs/img/quantisation.svg: one group of 32 weights, as given and as each format stores it, without and with an outlier.

    .venv/bin/python docs/img/quantisation.py          # needs numpy and gguf (tests/requirements.txt)

The codes are the gguf package's own, so the picture shows what a file really holds.
"""

import pathlib

import gguf
import numpy

WIDTH, ROW, LEFT, SCALE = 940, 108, 190, 340  # pixels; SCALE: of one unit of weight
FORMATS = [("absmax, 8 bits (Q8_0)", "Q8_0"), ("absmax, 4 bits (Q4_0)", "Q4_0"), ("scale and minimum, 4 bits (Q4_1)", "Q4_1")]


def stored(weights, kind):
    kind = gguf.GGMLQuantizationType[kind]
    return gguf.quants.dequantize(gguf.quants.quantize(weights, kind), kind)


def levels(kind, weights):
    """The values that this group's scale can express, within the picture."""
    block = gguf.quants.quantize(weights, gguf.GGMLQuantizationType[kind])
    d = float(block[:2].view(numpy.float16)[0])
    if kind == "Q8_0":
        return [d * q for q in range(-127, 128)]
    if kind == "Q4_0":
        return [d * (q - 8) for q in range(16)]
    return [d * q + float(block[2:4].view(numpy.float16)[0]) for q in range(16)]


def panel(weights, top, title, out):
    x = lambda value: LEFT + 360 + value * SCALE
    out.append(f'<text x="16" y="{top + 22}" class="title">{title}</text>')
    for row, (name, kind) in enumerate(FORMATS):
        y = top + 62 + row * ROW
        given, kept = weights, stored(weights, kind)
        error = numpy.sqrt(((kept - given) ** 2).mean() / (given ** 2).mean()) if kind else 0
        calm = numpy.abs(given) < 0.9
        rest = numpy.sqrt(((kept - given)[calm] ** 2).mean() / (given[calm] ** 2).mean())
        out.append(f'<text x="16" y="{y + 4}">{name}</text>')
        out.append(f'<text x="16" y="{y + 22}" class="note">off by {100 * rest:.1f} %{"" if calm.all() else " (all but the outlier)"}</text>')
        if kind != "Q8_0":
            out += [f'<line x1="{x(v):.1f}" x2="{x(v):.1f}" y1="{y + 14}" y2="{y + 34}" class="level"/>' for v in levels(kind, given) if abs(v) < 1.05]
        out.append(f'<line x1="{x(-1.05):.1f}" x2="{x(1.05):.1f}" y1="{y + 34}" y2="{y + 34}" class="axis"/>')
        for a, b in zip(given, kept):
            out.append(f'<line x1="{x(a):.1f}" y1="{y - 14}" x2="{x(b):.1f}" y2="{y + 14}" class="move"/>')
            out.append(f'<circle cx="{x(a):.1f}" cy="{y - 14}" r="3" class="given"/><circle cx="{x(b):.1f}" cy="{y + 14}" r="3" class="kept"/>')


def main():
    random = numpy.random.default_rng(4)
    calm = (random.standard_normal(32) * 0.12 + 0.06).astype(numpy.float32)
    outlier = calm.copy()
    outlier[7] = 0.98
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 800" font-family="sans-serif" font-size="13">',
           '<style>text{fill:#24292f}.title{font-weight:bold;font-size:15px}.note{fill:#6a737d;font-size:12px}.axis{stroke:#b0b7bf}.level{stroke:#b0b7bf}'
           '.move{stroke:#d8dee4}.given{fill:#8c959f}.kept{fill:#0969da}</style>', f'<rect width="{WIDTH}" height="800" fill="white"/>']
    panel(calm, 4, "One group of 32 weights: given (grey), stored (blue); the strokes are the values its scale can say", out)
    panel(outlier, 404, "The same group, one weight replaced by an outlier: the scale must reach it, and everything else is coarser", out)
    pathlib.Path(__file__).with_suffix(".svg").write_text("\n".join(out + ["</svg>\n"]))


if __name__ == "__main__":
    main()
