"""What comes of trying an action, in words that every interpreter of a machine shares.

it is not possible     a guard does not hold: nothing is said of it
a state                Successor; Start, of a way to begin
a bound is passed      BoundReached: the step is not explored, and is counted
a defect               Defect: something that must never happen in any machine
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from checker.errors import Span
from checker.language.domains import BoundReached
from checker.language.ir import Action
from checker.language.machine import Snapshot


class Defect(Exception):  # noqa: N818 - a finding about the machine, not an error of the checker
    """Something that must never happen in any machine, with its place in the source."""

    def __init__(self, message: str, span: Span | None) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


@dataclass(frozen=True)
class Start:
    """An initial state, and the choices that made it."""

    action: str
    arguments: Mapping[str, Any]
    state: Snapshot


@dataclass(frozen=True)
class Successor:
    """A step that can be taken."""

    action: Action
    arguments: Mapping[str, Any]
    state: Snapshot


@dataclass(frozen=True)
class Outcome:
    """What comes of trying an action: a state, a bound that it passes, or a defect."""

    action: Action
    arguments: Mapping[str, Any] = field(default_factory=dict)
    state: Snapshot | None = None
    bound: str | None = None
    defect: Defect | None = None


__all__ = ["BoundReached", "Defect", "Outcome", "Start", "Successor"]
