"""What every engine answers: a Verdict, per property a Finding, where violated with a Trace.

All of it is plain data.  Nothing here prints; `verdict.render` and `diagrams` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from checker.errors import Span
from checker.language.domains import Settings
from checker.language.machine import Snapshot
from checker.language.marks import Promise

Result = Literal["holds", "violated", "unknown"]


@dataclass(frozen=True)
class Change:
    """One place of the state that a step changed: its path (`rm[rm-0]`), before and after."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Step:
    """One action taken: its name, who acts, the arguments by name, what changed, the state then."""

    action: str
    actor: str
    arguments: Mapping[str, Any]
    changes: tuple[Change, ...]
    state: Snapshot


@dataclass(frozen=True)
class Trace:
    """A run: the initial state (and the choices that made it), then steps.

    `loop` is the number of the state to which a lasso returns; None for a finite trace.
    `length` counts states, as depth does.
    """

    machine: str
    settings: Settings
    initial: Snapshot
    steps: tuple[Step, ...]
    start: str = ""
    start_arguments: Mapping[str, Any] = field(default_factory=dict)
    loop: int | None = None

    @property
    def length(self) -> int:
        """The number of states."""
        return len(self.steps) + 1


@dataclass(frozen=True)
class Reason:
    """Why a property fails in a state: the source of the conjunct that is false, the values
    that were bound and read in it, and its place.
    """

    text: str
    values: tuple[tuple[str, Any], ...]
    span: Span | None = None
    problem: str = ""


@dataclass(frozen=True)
class Finding:
    """The answer about one property.

    kind      invariant, step, reachable, terminal, eventually, refines; "defect" for the
              property that every machine has: no assignment leaves its type, nothing is read
              that is not there
    expected  what the configuration says of it: a hazard is expected to be violated
    trace     the shortest one to the violation; for a `reachable` that holds, its witness
    why       the budget that ran out, or why this engine cannot tell, where unknown
    vacuous   the conditions of a property that holds which were true in no state or step
    """

    promise: Promise
    kind: str
    result: Result
    expected: Result = "holds"
    trace: Trace | None = None
    reason: Reason | None = None
    why: str = ""
    vacuous: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The property's stable id."""
        return self.promise.id

    @property
    def as_expected(self) -> bool:
        """Whether the answer is the expected one."""
        return self.result == self.expected


@dataclass(frozen=True)
class Coverage:
    """How often an action fired (successors generated), and how many of those were new."""

    action: str
    fired: int
    fresh: int


@dataclass(frozen=True)
class Verdict:
    """What an engine found out about a configured machine.

    distinct, generated  states; generated counts initial states and repeats
    depth                states on the longest of the shortest paths, as TLC counts it
    seconds              of the search alone
    complete             whether every reachable state within the bounds was visited
    stopped              what ended the search before that: a limit, or an interruption
    bounds               how often a step was not explored because it passed a bound, by name;
                         every named bound of the machine is listed
    walks                how many random walks were taken, where that was how it was searched
    notes                what else is to be known of how it was searched, a sentence each
    collision            how likely it is, at most, that a state was taken for another
    memory               bytes that the states took when the search ended; 0 where it is not known
    """

    machine: str
    configuration: str
    settings: Settings
    engine: str
    findings: tuple[Finding, ...]
    distinct: int
    generated: int
    depth: int
    seconds: float
    complete: bool
    coverage: tuple[Coverage, ...] = ()
    bounds: Mapping[str, int] = field(default_factory=dict)
    stopped: str = ""
    seed: int | None = None
    walks: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    collision: float = 0.0
    memory: int = 0

    @property
    def exit_status(self) -> int:
        """0 all as expected; 1 one is not; 3 one could not be decided.

        Of walks that were all taken no more is expected than that they violate nothing.
        """
        answers = {finding.result for finding in self.findings if not self.passes(finding)}
        if answers - {"unknown"}:
            return 1
        return 3 if answers or not (self.complete or self.walked) else 0

    @property
    def walked(self) -> bool:
        """Whether random walks were asked for, and all of them were taken."""
        return self.walks is not None and not self.stopped

    def passes(self, finding: Finding) -> bool:
        """Whether a finding of this verdict is no reason for another exit status than 0."""
        return finding.as_expected or (self.walked and finding.result == "unknown")

    def finding(self, identifier: str) -> Finding:
        """The finding with that id; KeyError where there is none."""
        for finding in self.findings:
            if finding.id == identifier:
                return finding
        raise KeyError(identifier)


@dataclass(frozen=True)
class Limits:
    """The budget of a search; None is no limit.  memory is in bytes, time in seconds.

    until  ids of properties: it is enough to have seen each of them, violated or reached, once
    """

    states: int | None = None
    memory: int | None = None
    time: float | None = None
    depth: int | None = None
    until: frozenset[str] = frozenset()


FOUND = "what was looked for was found"
"""Why a search ended that went on until then."""


UP_TO_NAMES = "one state stands for all that differ in the names of"
"""How a verdict's note begins that says that symmetry was used."""


@dataclass(frozen=True)
class Progress:
    """How far a search has come."""

    distinct: int
    generated: int
    depth: int
    queued: int
    seconds: float


class Reporter(Protocol):
    """Whoever wants to know how a search is doing.  Called a few times a second at most."""

    def progress(self, now: Progress) -> None:
        """Take note."""


class Silent:
    """A reporter that tells nobody."""

    def progress(self, now: Progress) -> None:
        """Do nothing."""
