"""The door for engines: nothing is done, or imported, where nobody asks what happens eventually."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from checker.engines.findings import Observed
from checker.engines.liveness.predicates import predicates
from checker.language.ir import Program

if TYPE_CHECKING:
    from checker.engines.liveness.explored import Explored


class Undecided(Exception):  # noqa: N818 - an outcome
    """The second pass did not come to its end, or cannot be made; why."""


def eventual(program: Program, found: Observed, explore: Callable[[], Explored]) -> Observed:
    """What a search has seen, with what happens eventually, if that is asked.

    explore  the second pass; it may raise Undecided
    """
    if found.stopped or not predicates(program):
        return found
    from checker.engines.liveness.explored import answers

    try:
        return replace(found, eventual=answers(program, explore()))
    except Undecided as why:
        return replace(found, undecided=str(why))
    except KeyboardInterrupt:
        return replace(found, undecided="interrupted")
