"""Where the time of a page goes as a picture: a bar of parts for each set, and the least possible below it.

SVG 1.1 with a background of its own, light or dark as the reader's system is (CSS `prefers-color-scheme`):
pages that show it may have another background than the one that their reader's system asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from bench.floor_records import NETWORKS, Floor, Part

_WIDTH, _LEFT, _RIGHT = 900, 130, 90
_TOP, _BAR, _GAP, _BETWEEN = 52, 24, 6, 26
_LEGEND_ROW, _LEGEND_COLUMNS = 22, 3
_NARROWEST = 0.5
"""Pixels; a part that would be narrower is not drawn."""


@dataclass(frozen=True)
class _Colour:
    """What a part of the picture stands for; networks have full colours, what is around them pale ones."""

    name: str
    light: str
    dark: str
    parts: tuple[Part, ...]


_COLOURS = (
    _Colour("opening", "#57606a", "#9aa4ae", (Part.OPENING,)),
    _Colour("preprocessing", "#8250df", "#a371f7", (Part.PREPROCESSING,)),
    _Colour("finding lines: network", "#0969da", "#388bfd", (Part.FINDING_NETWORK,)),
    _Colour("finding lines: the rest", "#80b9f5", "#1f4f8f", (Part.FINDING_SCALING, Part.FINDING_OUTLINES)),
    _Colour("cutting lines out", "#1b998b", "#2fb5a6", (Part.CUTTING,)),
    _Colour("reading lines: network", "#d4680a", "#f0883e", (Part.READING_NETWORK,)),
    _Colour(
        "reading lines: the rest",
        "#f5bd8a",
        "#8a4c17",
        (Part.READING_SCALING, Part.READING_ALL_CLASSES, Part.READING_DECODING),
    ),
    _Colour("second opinions: network", "#bf3989", "#db61a2", (Part.SECOND_NETWORKS,)),
    _Colour("second opinions: the rest", "#eba8cf", "#7d2457", (Part.SECOND_REST,)),
    _Colour("the rest", "#b8a31a", "#d8c64a", (Part.REST,)),
)


def svg(result: Floor) -> str:
    """Return the picture."""
    height = _legend_top(result) + _LEGEND_ROW * -(-len(_COLOURS) // _LEGEND_COLUMNS) + 12
    title = "Where the time of a page goes, and the least possible"
    subtitle = (
        f"milliseconds a page on one core of {result.machine['cpu']}, each set to its own scale; "
        "below: operations of the networks over the peak of the core"
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" aria-label={quoteattr(title)}>',
        f"<title>{escape(title)}</title>",
        f"<style>{_style()}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}" rx="6"/>',
        _text(16, 22, title, "strong"),
        _text(16, 40, subtitle, "weak"),
        *_bars(result),
        *_legend(_legend_top(result)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _style() -> str:
    light = [
        "text{font:13px system-ui,sans-serif;fill:#1f2328}",
        ".page{fill:#ffffff}",
        ".weak{fill:#59636e}",
    ]
    dark = ["text{fill:#e6edf3}", ".page{fill:#0d1117}", ".weak{fill:#9198a1}"]
    light += [f".c{number}{{fill:{one.light}}}" for number, one in enumerate(_COLOURS)]
    dark += [f".c{number}{{fill:{one.dark}}}" for number, one in enumerate(_COLOURS)]
    shape = [
        "text{font:13px system-ui,sans-serif}",
        ".strong{font-weight:600}",
        ".weak{font-size:12px}",
        ".end{text-anchor:end}",
    ]
    return "".join([*shape, *light, "@media(prefers-color-scheme:dark){", *dark, "}"])


def _legend_top(result: Floor) -> int:
    return _TOP + len(result.sets) * (2 * _BAR + _GAP + _BETWEEN)


def _bars(result: Floor) -> Iterator[str]:
    top = _TOP + 4
    for one in result.sets:
        scale = (_WIDTH - _LEFT - _RIGHT) / max(one.measured, result.floor(one))
        least = {part: result.least(one, part) for part in NETWORKS}
        yield _text(_LEFT - 10, top + 17, one.name, "strong end")
        yield from _bar(top, [sum(one.seconds[part] for part in colour.parts) for colour in _COLOURS], scale)
        top += _BAR + _GAP
        yield _text(_LEFT - 10, top + 17, "least possible", "weak end")
        yield from _bar(top, [sum(least.get(part, 0) for part in colour.parts) for colour in _COLOURS], scale)
        top += _BAR + _BETWEEN


def _bar(top: float, seconds: Sequence[float], scale: float) -> Iterator[str]:
    left = float(_LEFT)
    for number, (colour, one) in enumerate(zip(_COLOURS, seconds, strict=True)):
        width = one * scale
        if width >= _NARROWEST:
            told = escape(f"{colour.name}: {1000 * one:.1f} ms")
            yield (
                f'<rect class="c{number}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_BAR}">'
                f"<title>{told}</title></rect>"
            )
        left += width
    yield _text(left + 8, top + 17, f"{1000 * sum(seconds):.0f} ms", "")


def _legend(top: int) -> Iterator[str]:
    column = (_WIDTH - 32) // _LEGEND_COLUMNS
    for number, colour in enumerate(_COLOURS):
        x = 16 + column * (number % _LEGEND_COLUMNS)
        y = top + _LEGEND_ROW * (number // _LEGEND_COLUMNS)
        yield f'<rect class="c{number}" x="{x}" y="{y}" width="13" height="13" rx="2"/>'
        yield _text(x + 20, y + 11, colour.name, "")


def _text(x: float, y: float, text: str, kind: str) -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{of_kind}>{escape(text)}</text>'
