"""A diagram: one drawing in every form that somebody may want it in.

Text forms (DOT, Mermaid, plain text) are always there and depend on nothing but what is drawn:
the same graph or trace gives the same characters.  SVG and PNG are drawn from the DOT on demand
by the Graphviz of this machine (`render`).
"""

from __future__ import annotations

from dataclasses import dataclass

from diagrams.render import render


@dataclass(frozen=True)
class Diagram:
    """A drawing.

    title     what is drawn, on one line; says so where the drawing is partial
    dot       for Graphviz
    mermaid   as GitHub, GitLab and many editors render it
    text      for a terminal
    """

    title: str
    dot: str
    mermaid: str
    text: str

    def svg(self) -> str:
        """As SVG, readable on light and dark pages; RequestError where nothing draws here."""
        return render(self.dot, "svg").decode()

    def png(self) -> bytes:
        """As PNG; RequestError where nothing draws here."""
        return render(self.dot, "png")
