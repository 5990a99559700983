"""How diagrams look: few colours, each pair with enough contrast, in light and in dark.

A drawing brings its own background, so that it reads the same on a page of any colour.  In SVG
a style sheet exchanges background, text and lines where the reader's system asks for dark; PNG
and older viewers show the light form.  Colour says nothing alone: an initial state has an arrow
from a dot, a final one a double border, one that was not reached a dashed border.

Contrast of text to what it stands on is 7:1 or better, of lines 3:1 (WCAG 2, AAA and 1.4.11);
tests compute it from this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

CAPTION = 64
"""Characters after which the text above a drawing is broken."""
FONT = "Helvetica,Arial,sans-serif"


@dataclass(frozen=True)
class Palette:
    """Colours by what they are for, as #rrggbb; all different, and none of them has a name that
    Graphviz would write in its place.
    """

    page: str
    text: str
    quiet: str  # text that is said in passing
    line: str
    fill: str
    border: str


LIGHT = Palette("#fefefe", "#1b1f24", "#4b535d", "#57606a", "#e8f1fb", "#1f5fa8")
DARK = Palette("#0d1117", "#e9eef4", "#b4bcc6", "#8d96a1", "#16283f", "#6ba9ef")

GRAPH: Mapping[str, str] = MappingProxyType({
    "bgcolor": LIGHT.page, "fontcolor": LIGHT.text, "fontname": FONT, "fontsize": "13",
    "labelloc": "t", "nodesep": "0.45", "pad": "0.25", "rankdir": "TB", "ranksep": "0.55",
    "nslimit": "2", "nslimit1": "2",  # a crowded layout a little worse, four times sooner
})  # fmt: skip
NODE: Mapping[str, str] = MappingProxyType({
    "color": LIGHT.border, "fillcolor": LIGHT.fill, "fontcolor": LIGHT.text, "fontname": FONT,
    "fontsize": "12", "height": "0.42", "margin": "0.16,0.08", "penwidth": "1.2", "shape": "box",
    "style": "rounded,filled",
})  # fmt: skip
EDGE: Mapping[str, str] = MappingProxyType({
    "arrowsize": "0.75", "color": LIGHT.line, "fontcolor": LIGHT.text, "fontname": FONT,
    "fontsize": "10",
})  # fmt: skip

START: Mapping[str, str] = MappingProxyType({
    "color": LIGHT.line, "fillcolor": LIGHT.line, "label": "", "shape": "point",
    "tooltip": "initial", "width": "0.14",
})  # fmt: skip
FINAL: Mapping[str, str] = MappingProxyType({"penwidth": "1.2", "peripheries": "2"})
FINAL_RECORD: Mapping[str, str] = MappingProxyType({"penwidth": "3"})  # has one border only
UNREACHED: Mapping[str, str] = MappingProxyType({
    "color": LIGHT.line, "fillcolor": LIGHT.page, "fontcolor": LIGHT.quiet,
    "style": "rounded,filled,dashed",
})  # fmt: skip
GAP: Mapping[str, str] = MappingProxyType({
    "fontcolor": LIGHT.quiet, "shape": "plaintext", "style": "",
})  # fmt: skip


def dark_style() -> str:
    """The SVG style element that exchanges each light colour for its dark one."""
    rules = [
        f'[{use}="{getattr(LIGHT, field.name)}"] {{ {use}: {getattr(DARK, field.name)} }}'
        for field in fields(Palette)
        for use in ("fill", "stroke")
    ]
    return f"<style>@media (prefers-color-scheme: dark) {{ {' '.join(rules)} }}</style>"
