"""From DOT to SVG and PNG, by the graphviz that this machine has.

DOT is text and always there.  Drawing it takes Graphviz: its `dot` on the PATH, or else the
copy inside the `pygraphviz` wheel (docs/adr/0005).  Where there is neither, `render` raises
RequestError with what to install, and the caller still has DOT and Mermaid to offer.

The SVG is made fit to stand in a page of any colour (`palette`), and free of the one thing that
differs between machines for no reason, the version of Graphviz in a comment.
"""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import warnings
from importlib.util import find_spec
from typing import Literal

from checker.errors import RequestError
from diagrams.palette import dark_style

Form = Literal["svg", "png"]
Drawer = Literal["dot", "pygraphviz"]

PATIENCE = 60.0
"""Seconds after which a layout is given up."""
RESOLUTION = 144
"""Dots an inch of a PNG: twice a screen's, so that labels are sharp."""


def drawer() -> Drawer | None:
    """What can draw here; None where nothing can."""
    if shutil.which("dot") is not None:
        return "dot"
    return "pygraphviz" if find_spec("pygraphviz") is not None else None


def render(source: str, form: Form) -> bytes:
    """DOT drawn as SVG (UTF-8) or PNG; RequestError where that is impossible here."""
    by = drawer()
    if by is None:
        raise RequestError(
            f"there is no Graphviz here to draw {form.upper()} with",
            hint="install Graphviz so that `dot` is on the PATH, or `pip install pygraphviz`; "
            "or take the diagram as DOT or Mermaid text",
        )
    drawn = _by_dot(source, form) if by == "dot" else _by_library(source, form)
    return polished(drawn.decode()).encode() if form == "svg" else drawn


def polished(svg: str) -> str:
    """An SVG with its dark style, and without the comments that name a version."""
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL)
    return re.sub(r"(<svg\b[^>]*>)", lambda tag: f"{tag[1]}\n{dark_style()}", svg, count=1)


def _by_dot(source: str, form: Form) -> bytes:
    command = ["dot", f"-T{form}"]
    if form == "png":
        command.append(f"-Gdpi={RESOLUTION}")
    try:
        done = subprocess.run(
            command, input=source.encode(), capture_output=True, check=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise RequestError(
            f"dot has not laid the diagram out in {PATIENCE:.0f} s",
            hint="choose a field with fewer values, or take DOT",
        ) from None
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", b"") or str(error).encode()
        raise RequestError(
            f"dot failed: {told.decode(errors='replace').strip().splitlines()[0]}",
            hint="take the diagram as DOT or Mermaid text",
        ) from None
    return done.stdout


def _by_library(source: str, form: Form) -> bytes:
    try:
        library = importlib.import_module("pygraphviz")
    except (ImportError, OSError) as error:  # on Linux it needs X11 and glib of the system
        raise RequestError(
            f"there is no `dot`, and pygraphviz cannot be loaded: {error}",
            hint="install Graphviz so that `dot` is on the PATH, or take DOT or Mermaid text",
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Graphviz says of fonts it has no metrics for
        graph = library.AGraph(string=source)
        if form == "png":
            graph.graph_attr["dpi"] = str(RESOLUTION)
        drawn = graph.draw(format=form, prog="dot")
    assert isinstance(drawn, bytes)
    return drawn
