"""Refinement: whether each start and step, as the mapping reads it, is one of the specification.

The specification is compiled like any other program.  A mapping reads only some bits of a
state, and most steps change none of them: what was read, what the specification can do from
there, and which steps were found to be allowed are remembered.
"""

from __future__ import annotations

from checker.engines.python.compiler import Compiled, Reading, State
from checker.engines.python.runtime import Signal
from checker.engines.python.watches import KNOWN_LIMIT, reads_of
from checker.language.evaluator import Evaluator


class Refining:
    """Whether steps are steps of a specification.

    Only the bits that the mapping reads matter: what is known of them is kept.
    """

    def __init__(self, number: int, compiled: Compiled, reading: Reading) -> None:
        self.number = number
        self.mask = reads_of(compiled.layouts, compiled.layout, reading.refinement.body)
        self._reading = reading
        self._abstract: dict[State, State] = {}
        self._successors: dict[State, frozenset[State]] = {}
        self._allowed: set[tuple[State, State]] = set()
        spec = reading.spec
        self._starts = {
            spec.layout.pack(start.state)
            for start in Evaluator(spec.program).starts()
            if start.state is not None
        }

    def abstract(self, state: State) -> State:
        """The state of the specification that a state is read as; Signal."""
        key = state & self.mask
        found = self._abstract.get(key)
        if found is None:
            found = self._abstract[key] = self._reading.abstract(state)
        return found

    def starts(self, state: State) -> bool:
        """Whether a start is a start of the specification."""
        try:
            return self.abstract(state) in self._starts
        except Signal:
            return False

    def refused(self, state: State, states: list[State]) -> State | None:
        """The first of the steps from `state` that is none of the specification's.

        A step that changes nothing in the specification is allowed; one that cannot be read as
        a step of it is not.
        """
        mask, allowed = self.mask, self._allowed
        before = state & mask
        for after in states:
            then = after & mask
            if then == before or (before, then) in allowed:
                continue
            try:
                old, new = self.abstract(state), self.abstract(after)
            except Signal:
                return after
            if old != new and new not in self._steps(old):
                return after
            if len(allowed) < KNOWN_LIMIT:
                allowed.add((before, then))
        return None

    def _steps(self, state: State) -> frozenset[State]:
        """The states that one step of the specification leads to.

        A step of it that passes a bound or has a defect is none.
        """
        found = self._successors.get(state)
        if found is None:
            spec, states = self._reading.spec, list[State]()
            try:
                spec.named("successors")(state, states, [])
            except Signal:
                outcomes = Evaluator(spec.program).outcomes(spec.layout.unpack(state))
                states = [
                    spec.layout.pack(each.state) for each in outcomes if each.state is not None
                ]
            found = self._successors[state] = frozenset(states)
        return found
