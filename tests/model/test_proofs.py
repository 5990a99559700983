"""The proofs about the group: they are found, and each fails where the design is broken."""

from __future__ import annotations

from typing import Any

import pytest

from checker import Failure, Proofs, check, prove
from checker.language.lowering import lower
from model.consumer import CommitOffset, Resume
from model.coordinator import Fencing
from model.group import Group
from model.members import Assignor
from model.proofs import EVERY_DANGER, ProvedGroup
from spec import CommitMode

SECONDS = 60
"""What each proof may take."""

BROKEN: list[tuple[str, dict[str, Any], str, str]] = [
    ("OWN-2", {"fencing": Fencing.MEMBER}, "OWN-2", ""),
    ("OWN-2", {"assignor": Assignor.OVERLAPPING}, "plans_are_disjoint", "lead"),
    ("OWN-2", {"revoking": False}, "who_joins_has_nothing", "join"),
    ("GRP-2", {"fencing": Fencing.MEMBER}, "GRP-2", "arrive"),
    ("GRP-2", {"fencing": Fencing.NONE}, "GRP-2", "arrive"),
    ("DLV-1", {"commit_offset": CommitOffset.POLLED}, "progress_is_processed", "commit"),
    ("DLV-1", {"resume": Resume.AFTER}, "progress_is_processed", "receive"),
]
"""The promise, how the design is broken, what is then not kept, and at which action."""

FEW = (BROKEN[0], BROKEN[3], BROKEN[5])
"""One for each promise."""


def proofs(*ids: str, **settings: Any) -> Proofs:
    machine = ProvedGroup(**{**EVERY_DANGER.settings, **settings})
    return prove(machine, only=ids, steps=1)


def test_the_promises_are_proved_without_bounds() -> None:
    found = proofs(*ProvedGroup.theorems)
    assert found.exit_status == 0
    assert found.free == ("Generation", "Offset")
    assert (found.settings.sizes["Member"], found.settings.sizes["Partition"]) == (3, 2)
    needed = {proof.id: proof.lemmas for proof in found.proofs}
    assert needed["GRP-2"] == ("one_outstanding", "own_requests")
    assert needed["DLV-1"] == ("progress_is_processed",)
    assert {"owned_is_assigned", "plans_are_disjoint"} <= set(needed["OWN-2"])
    used = {name for lemmas in needed.values() for name in lemmas}
    assert used == {lemma.id for lemma in found.lemmas}, "a lemma that nothing needs"
    assert all(proof.result == "holds" for proof in found.lemmas)
    assert all(proof.seconds < SECONDS for proof in found.proofs)


def broken(promise: str, variant: dict[str, Any], fails: str, action: str, **sizes: int) -> None:
    """The proof is not found, and the step at which it fails is told."""
    found = proofs(promise, **variant, **sizes)
    assert found.proof(promise).result == "unknown"
    assert found.exit_status == 3
    failure = found.proof(fails).failure
    assert failure is not None
    readable(failure)
    assert failure.step is not None
    assert action in ("", failure.step.action)


def readable(failure: Failure) -> None:
    """A step that changes something, from a state that is like the start but for a few places."""
    program = lower(ProvedGroup(**failure.settings.items()))
    assert program.start == failure.usual
    assert failure.step is not None
    assert failure.before is not None
    assert failure.step.changes
    assert failure.settings.sizes["Generation"] <= 3


@pytest.mark.parametrize(
    ("promise", "variant", "fails", "action"),
    [pytest.param(*one, marks=[] if one in FEW else pytest.mark.slow) for one in BROKEN],
)
def test_a_broken_design_has_no_proof(
    promise: str, variant: dict[str, Any], fails: str, action: str
) -> None:
    broken(promise, variant, fails, action, Member=2, Partition=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("promise", "variant", "fails", "action"), BROKEN)
def test_a_broken_design_has_no_proof_at_full_size(
    promise: str, variant: dict[str, Any], fails: str, action: str
) -> None:
    broken(promise, variant, fails, action)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", [CommitMode.BEFORE_PROCESSING, CommitMode.AUTO])
def test_ownership_and_fencing_do_not_depend_on_when_members_commit(mode: CommitMode) -> None:
    assert proofs("OWN-2", "GRP-2", commit_mode=mode).exit_status == 0


QUICK = ("zombie", "slow", "late")


@pytest.mark.parametrize(
    "configured",
    [
        pytest.param(c, id=c.name, marks=[] if c.name in QUICK else pytest.mark.slow)
        for c in Group.configurations
    ],
)
def test_the_lemmas_are_true_in_every_configuration(configured: Any) -> None:
    machine = ProvedGroup(**configured.settings)
    lemmas = {prop.promise.id for prop in lower(machine).properties if prop.inductive}
    verdict = check(machine, only=frozenset(lemmas), engine="auto")
    assert {finding.id for finding in verdict.findings} - {"well-defined"} == lemmas
    assert {finding.result for finding in verdict.findings} == {"holds"}
    assert verdict.complete
