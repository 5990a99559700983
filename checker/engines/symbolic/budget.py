"""What a solver may spend: time for all questions together, memory for each."""

from __future__ import annotations

import time
from typing import Any

from checker.engines.symbolic import terms
from checker.engines.symbolic.terms import Term


class Undecided(Exception):  # noqa: N818 - it is an outcome, not an error
    """The budget ran out before the solver had an answer."""


class Budget:
    """Counts the time from when it is made.

    seconds   for all questions together; None is no limit
    memory    bytes that z3 may take; None is no limit
    """

    def __init__(self, seconds: float | None = None, memory: int | None = None) -> None:
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._memory = memory

    @property
    def left(self) -> float | None:
        """Seconds that are left, not below 0; None where there is no limit."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def part(self, seconds: float) -> Budget:
        """A budget of so many seconds, or of what is left of this one."""
        left = self.left
        return Budget(seconds if left is None else min(seconds, left), self._memory)

    def check(self) -> None:
        """Undecided where the time is up, or the memory taken."""
        if self.left == 0:
            raise Undecided("the time is up")
        if self._memory is not None and terms.memory() > self._memory:
            raise Undecided("the memory is taken")

    def ask(self, solver: Any, *assumed: Term, most: float | None = None) -> bool | None:
        """Whether what was asserted and is assumed can be true; None where the solver gives up,
        or has taken `most` seconds.

        Undecided where the time is up, or the memory taken.
        """
        self.check()
        given = [seconds for seconds in (self.left, most) if seconds is not None]
        if given:
            solver.set("timeout", max(1, int(min(given) * 1000)))
        if self._memory is not None:
            solver.set("max_memory", max(1, self._memory >> 20))
        answer = terms.check(solver, *assumed)
        if answer is None:
            why = terms.reason(solver)
            if "interrupted" in why:
                raise KeyboardInterrupt
            if "memory" in why:
                raise Undecided("the memory is taken")
            self.check()
        return answer
