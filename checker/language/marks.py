"""What methods of a machine are: guards, and the decorators that mark actions and properties.

A mark changes nothing about a method but to say what it is; the class collects the marks
(`machine.declaration`), and reading what the method does is `lowering`'s business.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

if TYPE_CHECKING:
    from checker.language.machine import Machine, Part

F = TypeVar("F", bound=Callable[..., Any])

Kind = Literal["action", "initial", "invariant", "step", "reachable", "eventually", "terminal",
               "refines"]  # fmt: skip


class Disabled(Exception):  # noqa: N818 - it is an outcome, not an error
    """A `require` that does not hold: the action cannot be taken here."""


def require(condition: bool) -> None:  # noqa: FBT001 - a guard reads as a sentence
    """The action is possible only where `condition` holds."""
    if not condition:
        raise Disabled


@dataclass(frozen=True)
class Promise:
    """A property's entry in the catalogue: what a reader is told about it.

    id        stable, as it appears in output, docs and tests: "OWN-1"
    sentence  one sentence in the reader's words
    source    where the claim is made: a KIP, a class of Kafka's, a paper
    guards    what would go wrong without it
    """

    id: str
    sentence: str
    source: str = ""
    guards: str = ""


@dataclass(frozen=True)
class Mark:
    """What a decorator wrote on a method."""

    kind: Kind
    promise: Promise | None = None
    by: str | None = None
    fair: Literal["weak", "strong"] | None = None
    to: str | None = None
    on: Callable[..., Any] | None = None
    spec: type[Machine] | None = None
    leads_from: Callable[..., bool] | None = None
    again: bool = False
    inductive: bool = False


_MARK = "_verdict_mark"


def mark_of(function: Any) -> Mark | None:
    """What one of the decorators below has marked it as; None where none has."""
    mark = getattr(function, _MARK, None)
    return mark if isinstance(mark, Mark) else None


def _mark(function: F, mark: Mark) -> F:
    changes = mark.kind in ("action", "initial")

    @functools.wraps(function)
    def guarded(self: Part, *args: Any, **kwargs: Any) -> Any:
        with self._running(atomic=changes):
            return function(self, *args, **kwargs)

    setattr(guarded, _MARK, mark)
    return guarded  # type: ignore[return-value]


@overload
def action(function: F, /) -> F: ...
@overload
def action(
    *,
    by: str | None = None,
    fair: Literal["weak", "strong"] | None = None,
    to: str | None = None,
) -> Callable[[F], F]: ...
def action(
    function: F | None = None,
    /,
    *,
    by: str | None = None,
    fair: Literal["weak", "strong"] | None = None,
    to: str | None = None,
) -> F | Callable[[F], F]:
    """A step of the machine: guards (`require`) first, then effects, all at once.

    A parameter is chosen by the checker among all values of its type; where the first guards
    say `require(p in <a set, sequence or bag of the state>)`, among those.  `by` names who acts
    (a parameter, or a word), for traces and diagrams: the first Index parameter unless given.
    `fair` says that the step is not put off for ever: "weak", where it stays possible;
    "strong", where it is possible again and again.  It holds for each value of the parameter
    that `to` names, of the one that acts unless given; for the action as a whole where a word
    acts.  The other parameters may be anything.
    """
    mark = Mark("action", by=by, fair=fair, to=to)
    return _mark(function, mark) if function is not None else lambda f: _mark(f, mark)


def initial(function: F) -> F:
    """A start: effects on the fields' defaults; each admitted choice of parameters is one."""
    return _mark(function, Mark("initial"))


@overload
def invariant(function: F, /) -> F: ...
@overload
def invariant(promise: Promise, /) -> Callable[[F], F]: ...
def invariant(what: Any, /) -> Any:
    """A predicate that is true in every reachable state."""
    return _property("invariant", what)


@overload
def inductive(function: F, /) -> F: ...
@overload
def inductive(promise: Promise, /) -> Callable[[F], F]: ...
def inductive(what: Any, /) -> Any:
    """An invariant that proofs by induction may assume, and prove along with the rest: a lemma.

    To every engine that visits states it is an invariant like any other.
    """
    if isinstance(what, Promise):
        return lambda function: _mark(function, Mark("invariant", promise=what, inductive=True))
    return _mark(what, Mark("invariant", inductive=True))


@overload
def reachable(function: F, /) -> F: ...
@overload
def reachable(promise: Promise, /) -> Callable[[F], F]: ...
def reachable(what: Any, /) -> Any:
    """A predicate that some reachable state satisfies: a witness must be found."""
    return _property("reachable", what)


@overload
def terminal(function: F, /) -> F: ...
@overload
def terminal(promise: Promise, /) -> Callable[[F], F]: ...
def terminal(what: Any, /) -> Any:
    """Where the machine may stop: a state in which no action is possible must satisfy this."""
    return _property("terminal", what)


def _property(kind: Kind, what: Any) -> Any:
    if isinstance(what, Promise):
        return lambda function: _mark(function, Mark(kind, promise=what))
    return _mark(what, Mark(kind))


@overload
def step(function: F, /) -> F: ...
@overload
def step(
    promise: Promise | None = None, /, *, on: Callable[..., Any] | None = None
) -> Callable[[F], F]: ...
def step(what: Any = None, /, *, on: Callable[..., Any] | None = None) -> Any:
    """A predicate of two states, `def grows(self, after: Self) -> bool`, true of every step.

    With `on=some_action`, of that action's steps only; further parameters with the names of the
    action's parameters are what was chosen for them.
    """
    if what is None or isinstance(what, Promise):
        return lambda function: _mark(function, Mark("step", promise=what, on=on))
    return _mark(what, Mark("step"))


@overload
def eventually(function: F, /) -> F: ...
@overload
def eventually(
    promise: Promise | None = None,
    /,
    *,
    after: Callable[..., bool] | None = None,
    again: bool = False,
) -> Callable[[F], F]: ...
def eventually(
    what: Any = None, /, *, after: Callable[..., bool] | None = None, again: bool = False
) -> Any:
    """A predicate that becomes true at some point of every fair run.

    With `after=condition` (a method of the machine): whenever the condition holds, the
    predicate holds then or later.  With `again=True`: it is true again and again, for ever.
    An engine without liveness checking answers `unknown`.
    """
    if what is None or isinstance(what, Promise):
        mark = Mark("eventually", promise=what, leads_from=after, again=again)
        return lambda function: _mark(function, mark)
    return _mark(what, Mark("eventually"))


def refines(spec: type[Machine], promise: Promise | None = None) -> Callable[[F], F]:
    """Every behaviour, read through this method, is a behaviour of `spec`.

    The method, `def as_spec(self, spec: Spec) -> None`, assigns the fields of `spec` from those
    of `self`.  Each start must map to a start of the specification, and each step to a step of
    it or to no change.
    """
    return lambda function: _mark(function, Mark("refines", promise=promise, spec=spec))
