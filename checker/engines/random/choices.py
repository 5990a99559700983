"""Choices and walks as data."""

from __future__ import annotations

from dataclasses import dataclass

Choice = tuple[int, ...]
"""An action's number, and the number of each argument among the values there are."""


@dataclass(frozen=True)
class Walk:
    """A walk: where it starts, what was chosen, and what it was.

    is_step  whether its last choice is a step that it is about, and not only the way there
    number   which walk of its seed it was, from 0
    """

    start: int
    choices: tuple[Choice, ...]
    is_step: bool = False
    number: int = 0
