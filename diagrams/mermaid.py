"""Mermaid's rules for names and text, as far as diagrams need them.

A name is letters, digits and underscores, and no keyword; what stands after a colon ends with
the line, and the characters that end it sooner (`;`, `#`, angle brackets, in state diagrams a
second colon) are written as character codes.  No colours are set: GitHub's own, light or dark,
stay in force.
"""

from __future__ import annotations

import re

KEYWORDS = frozenset({
    "accdescr", "acctitle", "actor", "alt", "and", "as", "autonumber", "box", "break", "choice",
    "class", "classdef", "click", "create", "critical", "default", "destroy", "direction", "else",
    "end", "fork", "hide", "href", "join", "left", "link", "links", "loop", "note", "of", "opt",
    "option", "over", "par", "participant", "properties", "rect", "right", "scale", "start",
    "state", "statediagram", "style", "title",
})  # fmt: skip
"""Words of state and sequence diagrams; Mermaid reads them in any case."""

SPACING = ("config:", "  state:", "    nodeSpacing: 200", "    rankSpacing: 60")
"""What keeps the labels of a state diagram's arrows from covering one another."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
CODES = str.maketrans({"#": "#35;", ";": "#59;", "<": "#lt;", ">": "#gt;"})
COLON = "#58;"


def identifiers(labels: list[str]) -> list[str]:
    """A name for each label, the label itself where that is one; all different."""
    found: list[str] = []
    for label in labels:
        name = re.sub(r"\W+", "_", label, flags=re.ASCII).strip("_") or "empty"
        if not NAME.fullmatch(name) or name.lower() in KEYWORDS:
            name = f"v_{name}"
        taken, plain = 2, name
        while name in found:
            name, taken = f"{plain}_{taken}", taken + 1
        found.append(name)
    return found


def text(line: str) -> str:
    """A line of text in a note or on an arrow of a sequence diagram."""
    return _one_line(line).translate(CODES)


def label(line: str) -> str:
    """A line of text on an arrow or in a state of a state diagram: no colon of its own."""
    return text(line).replace(":", COLON)


def quoted(line: str) -> str:
    """Text in double quotes."""
    return '"' + _one_line(line).replace("\\", "/").replace('"', "'") + '"'


def _one_line(words: str) -> str:
    return " ".join(words.splitlines())
