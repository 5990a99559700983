"""One anomaly: what was found where, and by which lines it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.history.operations import Place


@dataclass(frozen=True)
class Anomaly:
    """A proof that something happened which should not have.

    kind   one of `KINDS`
    place  the partition
    lines  the lines of the history that show it, counted from 1
    told   the same in words
    """

    kind: str
    place: Place
    lines: tuple[int, ...]
    told: str
