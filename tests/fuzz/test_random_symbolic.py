"""Random machines, given to z3: the same states, and the same shortest violations, as the search.

`make test` looks at a few, always the same; `make fuzz` at as many new ones as it was asked for.
"""

from __future__ import annotations

import os
from collections import Counter as Tally
from pathlib import Path

from hypothesis import HealthCheck, given, reject, settings

from checker import Limits, Machine, certify, check, prove
from checker.errors import LanguageError, RequestError
from tests.fuzz.machines import loaded, machine_texts

FEW = int(os.environ.get("VERDICT_FUZZ", "100")) // 10
SECONDS = 5.0
"""For z3, of each machine."""

unhurried = settings(max_examples=FEW, suppress_health_check=list(HealthCheck))


def proved(machine: Machine) -> int:
    """How many properties are proved, each of which the search must find to hold."""
    try:
        found = prove(machine, steps=1, limits=Limits(time=SECONDS))
    except RequestError:  # without actions, or what cannot be said without bounds
        return 0
    verdict = check(machine, limits=Limits(depth=3, states=500))
    for proof in found.proofs:
        if proof.result == "holds":
            assert verdict.finding(proof.id).result in ("holds", "unknown"), proof
        if proof.result == "violated":
            assert verdict.finding(proof.id).result == "violated", proof
    return sum(proof.result == "holds" for proof in found.proofs)


def test_z3_says_the_same(tmp_path: Path) -> None:
    seen: Tally[str] = Tally()

    @unhurried
    @given(text=machine_texts())
    def look(text: str) -> None:
        try:
            with loaded(text, tmp_path) as machine:
                found = certify(machine, steps=2, seconds=SECONDS)
                seen["proved"] += proved(machine)
        except LanguageError:
            reject()
        seen["machines"] += 1
        seen["compared"] += len(found.levels) > 1
        seen["states"] += sum(found.levels)
        seen["broken"] += sum(length is not None for length in found.lengths.values())

    look()
    assert seen["compared"] >= 0.5 * seen["machines"], seen
    assert seen["states"] >= 2 * seen["machines"], seen
    assert seen["broken"] > 0, seen
    assert seen["proved"] > 0, seen
