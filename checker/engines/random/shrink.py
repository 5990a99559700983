"""The fewest choices that still end in the same violation, as far as leaving out can tell.

A random walk does many things that have nothing to do with what it found.  Choices are left out,
half of them at a time, then a quarter, and so on to single ones, until none can be: what is left
fires from the same start and ends in the same.  What fires no longer, because what made it
possible is gone, is left out with it.
"""

from __future__ import annotations

from checker.engines.random.choices import Choice, Walk
from checker.engines.random.native import Walker
from checker.errors import EngineError

MOST_CHOICES = 4_000_000
"""Choices that are tried at most for one walk: what comes of it depends on no clock."""


def shrunk(walker: Walker, walk: Walk, number: int | None) -> Walk:
    """A walk to the same property's violation (to a defect, where None) with nothing to leave out.

    What the walker had seen is forgotten.
    """
    walker.want([] if number is None else [number])
    best, spent = walk.choices, 0
    size = max(1, len(best) // 2)
    while spent < MOST_CHOICES:
        place, left_out = 0, False
        while place < len(best) and spent < MOST_CHOICES:
            fewer = best[:place] + best[place + size :]
            spent += len(fewer)
            found = _found(walker, walk.start, fewer, number)
            if found is not None and len(found.choices) < len(best):
                best, left_out = found.choices, True
            else:
                place += size
        if size == 1 and not left_out:
            break
        size = max(1, size // 2) if not left_out or size > len(best) else size
    again = _found(walker, walk.start, best, number)
    if again is None:
        raise EngineError("a walk that was taken cannot be taken again")
    return Walk(again.start, again.choices, again.is_step, walk.number)


def _found(
    walker: Walker, start: int, choices: tuple[Choice, ...], number: int | None
) -> Walk | None:
    if not walker.again(start, choices):
        return None
    return walker.defect() if number is None else walker.seen(number)
