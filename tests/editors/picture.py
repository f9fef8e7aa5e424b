"""A terminal's screen as an SVG: for the README and docs/img. Plain shapes and text, no font or style from elsewhere."""

import html

WIDTH, HEIGHT = 8.43, 18
NAMES = {"default": None, "black": "000000", "red": "cd3131", "green": "0dbc79", "brown": "e5e510", "blue": "2472c8", "magenta": "bc3fbc", "cyan": "11a8cd", "white": "e5e5e5"}


def colour(name, default):
    name = NAMES.get(name, name)
    return f"#{name}" if name and len(name) == 6 else default


def svg(terminal, rows=None, title="", background="#1e1e2e", foreground="#cdd6f4"):
    rows = rows or terminal.rows
    width, height = terminal.columns * WIDTH + 24, rows * HEIGHT + 24 + (26 if title else 0)
    top = 12 + (26 if title else 0)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
           'font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="14">',
           f'<rect width="100%" height="100%" rx="8" fill="{background}"/>']
    if title:
        out.append(f'<text x="{width / 2:.0f}" y="22" text-anchor="middle" fill="#9399b2">{html.escape(title)}</text>')
    with terminal.lock:
        for row in range(rows):
            cells = terminal.screen.buffer[row]
            run = 0
            while run < terminal.columns:
                first = cells[run]
                look = (first.fg, first.bg, first.reverse, first.bold, first.italics)
                end = run
                while end < terminal.columns and (cells[end].fg, cells[end].bg, cells[end].reverse, cells[end].bold, cells[end].italics) == look:
                    end += 1
                text = "".join(cells[x].data for x in range(run, end))
                fg, bg = colour(first.fg, foreground), colour(first.bg, background)
                if first.reverse:
                    fg, bg = bg, fg
                x, y = 12 + run * WIDTH, top + row * HEIGHT
                if bg != background:
                    out.append(f'<rect x="{x:.1f}" y="{y:.0f}" width="{(end - run) * WIDTH:.1f}" height="{HEIGHT}" fill="{bg}"/>')
                if text.strip():
                    style = (' font-weight="bold"' if first.bold else "") + (' font-style="italic"' if first.italics else "")
                    out.append(f'<text x="{x:.1f}" y="{y + 14:.0f}" fill="{fg}"{style} xml:space="preserve">{html.escape(text.rstrip())}</text>')
                run = end
        cursor = terminal.screen.cursor
        if cursor.y < rows:
            out.append(f'<rect x="{12 + cursor.x * WIDTH:.1f}" y="{top + cursor.y * HEIGHT:.0f}" width="2" height="{HEIGHT}" fill="{foreground}"/>')
    return "\n".join(out) + "\n</svg>\n"
