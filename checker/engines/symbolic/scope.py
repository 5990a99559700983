"""Where a walk stands: what names mean, when this place is reached, and what has gone wrong.

A walk is one execution for all states and choices at once.  Two conditions go with it:

    path    (of a Scope)   the tests of the enclosing conditionals that led here
    alive   (of a Flow)    that no statement or operation so far has ended the execution

An execution ends early in one of three ways, and the first one counts, as it does where the
statements are executed one by one:

    disabled   a `require` that does not hold, or a choice that is none: there is no such step
    defect     a partial operation outside its domain: reported with its trace
    bound      a value past a bound: the step is not explored, and is counted

So each notes itself under `path and alive`, and everything after it happens where it did not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from checker.engines.symbolic.terms import Bit, conj, disj, implies, neg
from checker.errors import Span


@dataclass(frozen=True)
class Ending:
    """An operation that can end the execution: where it stands, and when it does.

    bound   the bound that is passed; None for a defect
    """

    span: Span | None
    when: Bit
    bound: str | None = None


@dataclass
class Flow:
    """What has become of one execution so far."""

    alive: Bit = True
    endings: list[Ending] = field(default_factory=list)

    def require(self, path: Bit, test: Bit) -> None:
        """There is no step where the test fails."""
        self.alive = conj(self.alive, implies(path, test))

    def demand(self, path: Bit, test: Bit, span: Span | None, bound: str | None = None) -> None:
        """A defect, or a bound that is passed, where the test fails."""
        when = conj(self.alive, path, neg(test))
        if when is not False:
            self.endings.append(Ending(span, when, bound))
            self.require(path, test)

    @property
    def defect(self) -> Bit:
        """Whether the execution ends in a defect."""
        return disj(*(ending.when for ending in self.endings if ending.bound is None))

    @property
    def bounds(self) -> dict[str, Bit]:
        """By name of bound: whether the execution ends there."""
        names = dict.fromkeys(e.bound for e in self.endings if e.bound is not None)
        return {n: disj(*(e.when for e in self.endings if e.bound == n)) for n in names}


@dataclass(frozen=True)
class Scope:
    """What the names mean here, and when this place is reached."""

    flow: Flow
    names: Mapping[str, Any]
    path: Bit = True

    def bind(self, name: str, shape: Any) -> Scope:
        """With one more name."""
        return replace(self, names={**self.names, name: shape})

    def under(self, test: Bit) -> Scope:
        """Reached only where the test holds as well."""
        return replace(self, path=conj(self.path, test))

    def demand(self, test: Bit, span: Span | None, bound: str | None = None) -> None:
        """A defect, or a bound that is passed, where this place is reached and the test fails."""
        self.flow.demand(self.path, test, span, bound)
