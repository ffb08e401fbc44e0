# SPDX-License-Identifier: Apache-2.0
"""Charts as SVG text: lines over a logarithmic scale, and panels of bars. They carry their own background and follow the
reader's dark or light scheme. What cannot be drawn (no number, none above 0 on a logarithmic scale) is left out."""
import math
from xml.sax.saxutils import escape

OURS, FLOOR = "#e8590c", "#868e96"
COLOURS = ("#1c7ed6", "#2f9e44", "#ae3ec9", "#e0a000", "#0c9ba8", "#d6336c", "#5c7cfa", "#8d6e63")
STYLE = """<style>
svg { --back: #ffffff; --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; }
@media (prefers-color-scheme: dark) { svg { --back: #151b23; --ink: #e6edf3; --quiet: #9198a1; --line: #3d444d; } }
.back { fill: var(--back); } text { fill: var(--ink); font: 13px system-ui, sans-serif; }
.title { font-weight: 600; font-size: 15px; } .quiet { fill: var(--quiet); font-size: 12px; }
.grid { stroke: var(--line); stroke-width: 1; } .whisker { stroke: var(--ink); stroke-width: 1.5; }
</style>"""
WIDTH = 860


def document(width, height, title, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-label="{quoted(title)}">\n{STYLE}\n<rect class="back" width="{width}" height="{height}" rx="8"/>\n'
            + "\n".join(body) + "\n</svg>\n")


def quoted(text):
    return escape(str(text), {'"': "&quot;"})


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{quoted(words)}</text>'


def line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def number(given):
    """Four digits at most, thousands apart."""
    if given is None or not math.isfinite(given):
        return "–"
    if abs(given) >= 1000:
        return f"{given:,.0f}"
    return f"{given:.4g}" if abs(given) >= 1e-4 else f"{given:g}"


def colours(names):
    """Name → colour: kodama's and the floor's are the same in every chart."""
    others = [name for name in names if name != "kodama" and not name.startswith("floor")]
    return {name: OURS if name == "kodama" else COLOURS[others.index(name) % len(COLOURS)] if name in others else FLOOR
            for name in names}


def usable(given):
    return isinstance(given, (int, float)) and not isinstance(given, bool) and math.isfinite(given) and given > 0


def decades(low, high):
    """Ticks of a logarithmic scale that holds both: 1, 2, 5, 10 …"""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [digit * 10.0 ** power for power in range(first, last + 1) for digit in (1, 2, 5)]
    below = [each for each in every if each <= low * 1.0001]
    above = [each for each in every if each >= high * 0.9999]
    return [each for each in every if below[-1] <= each <= above[0]]


def lines(title, series, x_label, y_label):
    """series: (name, [(x, y)])."""
    kept = [(name, [(x, y) for x, y in points if usable(x) and usable(y)]) for name, points in series]
    kept = [each for each in kept if each[1]]
    if not kept:
        return ""
    names = list(dict.fromkeys(name for name, _ in kept))
    colour_of = colours(names)
    left, top, right, legend = 80, 56, 48, 22 * ((len(names) + 3) // 4)
    plot_width, plot_height = WIDTH - left - right, 360
    height = top + plot_height + 64 + legend
    x_ticks = decades(min(x for _, points in kept for x, _ in points), max(x for _, points in kept for x, _ in points))
    y_ticks = decades(min(y for _, points in kept for _, y in points), max(y for _, points in kept for _, y in points))

    def place(given, ticks, size):
        low, high = math.log10(ticks[0]), math.log10(ticks[-1])
        return size * (math.log10(given) - low) / (high - low) if high > low else size / 2

    body = [text(left, 30, title, "title"), text(left, 48, y_label, "quiet")]
    for tick in y_ticks:
        y = top + plot_height - place(tick, y_ticks, plot_height)
        body += [line(left, y, WIDTH - right, y, "grid"), text(left - 8, y + 4, number(tick), "quiet", "end")]
    for tick in x_ticks:
        x = left + place(tick, x_ticks, plot_width)
        body += [line(x, top, x, top + plot_height, "grid"),
                 text(x, top + plot_height + 18, number(tick), "quiet", "middle")]
    body.append(text(left + plot_width / 2, top + plot_height + 40, x_label, "quiet", "middle"))
    for name, points in kept:
        colour = colour_of[name]
        at = [(left + place(x, x_ticks, plot_width), top + plot_height - place(y, y_ticks, plot_height))
              for x, y in sorted(points)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"><title>{quoted(name)}</title></circle>'
                 for x, y in at]
    for index, name in enumerate(names):
        x, y = left + index % 4 * (plot_width / 4), height - legend + 22 * (index // 4)
        body += [f'<rect x="{x:.1f}" y="{y - 10:.1f}" width="18" height="10" rx="2" '
                 f'fill="{colour_of[name]}"/>', text(x + 24, y, name)]
    return document(WIDTH, height, title, body)


def bars(title, panels):
    """panels: (title, unit, [(name, value, low, high)]); low and high make a whisker. The names stand beside the bars, so
    that colour only tells kodama, the floors and all others apart."""
    kept = [(heading, unit, [row for row in rows if usable(row[1])]) for heading, unit, rows in panels]
    kept = [each for each in kept if each[2]]
    if not kept:
        return ""
    left, right, y = 230, 130, 34
    body = [text(24, y, title, "title")]
    y += 30
    for heading, unit, rows in kept:
        body.append(text(24, y, f"{heading}, {unit}", "quiet"))
        y += 10
        most = max(max(value, high or 0) for _, value, _, high in rows)
        for name, value, low, high in rows:
            reach = (WIDTH - left - right) / most
            body += [text(left - 10, y + 15, name, "", "end"),
                     f'<rect x="{left}" y="{y + 2}" width="{max(1.0, value * reach):.1f}" height="17" rx="2" '
                     f'fill="{colours([name])[name]}"/>']
            if usable(low) and usable(high) and high > low:
                body.append(line(left + low * reach, y + 10.5, left + high * reach, y + 10.5, "whisker"))
            body.append(text(left + max(value, high or 0) * reach + 8, y + 15, number(value)))
            y += 24
        y += 26
    return document(WIDTH, y, title, body)
