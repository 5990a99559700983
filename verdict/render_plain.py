"""The pieces of the text verdict as plain strings, for what has no terminal to print to."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console, RenderableType

from checker import Finding
from verdict.output import PLAIN_WIDTH
from verdict.render_text import finding_pieces
from verdict.run import Order, Outcome


def plain(pieces: Iterable[RenderableType], width: int = PLAIN_WIDTH) -> str:
    """Pieces of text as one string without colours."""
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=False, color_system=None, highlight=False
    )
    for piece in pieces:
        console.print(piece, soft_wrap=True)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def finding_text(outcome: Outcome, order: Order, finding: Finding) -> str:
    """All that there is to say about a property: sentence, reason, trace, command."""
    return plain(finding_pieces(outcome, order, finding, PLAIN_WIDTH))
