"""What a proof, or the attempt of one, comes to: plain data, as `checker.verdict` is of searches.

Nothing here needs a solver; nothing here prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from checker.language.domains import Settings
from checker.language.machine import Snapshot
from checker.language.marks import Promise
from checker.verdict import Result, Step, Trace


@dataclass(frozen=True)
class Failure:
    """Why an induction fails: a step that does not keep what it was to keep.

    goal       the id of the property or lemma that is true before and false after
    before     a state of which all that was assumed is true, whether a run reaches it or not; None
               for a start, and then `step` tells the start
    step       the step, with the state after it; None where the machine stops in `before`
    usual      the machine's start, for the eye: places that are as there do not matter
    settings   the bounds under which it was found
    """

    goal: str
    before: Snapshot | None
    step: Step | None
    usual: Snapshot
    settings: Settings


@dataclass(frozen=True)
class Proof:
    """The answer about one property.

    how        how it was decided, in words; empty where it was not
    lemmas     ids of the lemmas that the proof rests on, each of which is proved, too
    seconds    that the solver took for it, and for the lemmas that it rests on
    trace      the shortest violation, where it is violated; for a witness that was found, the way
    failure    where it is not decided: what induction fails at
    why        where it is not decided: why
    """

    promise: Promise
    kind: str
    result: Result
    how: str = ""
    lemmas: tuple[str, ...] = ()
    seconds: float = 0.0
    trace: Trace | None = None
    failure: Failure | None = None
    why: str = ""

    @property
    def id(self) -> str:
        """The property's stable id."""
        return self.promise.id


@dataclass(frozen=True)
class Proofs:
    """What became of some properties of a configured machine.

    free          the counters that were given no bound: what is proved is so whatever they are
    proofs        one for each property that was asked about
    lemmas        one for each lemma of the machine
    seconds       of everything
    versions      of the solver
    """

    machine: str
    configuration: str
    settings: Settings
    free: tuple[str, ...]
    proofs: tuple[Proof, ...]
    lemmas: tuple[Proof, ...]
    seconds: float
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def exit_status(self) -> int:
        """0 all are proved; 1 one is violated; 3 one is not decided."""
        results = {proof.result for proof in self.proofs}
        if "violated" in results:
            return 1
        return 0 if results == {"holds"} else 3

    def proof(self, identifier: str) -> Proof:
        """The proof, or the attempt, of the property or lemma with that id; KeyError."""
        for proof in (*self.proofs, *self.lemmas):
            if proof.id == identifier:
                return proof
        raise KeyError(identifier)
