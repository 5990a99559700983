"""Each promise is worth something: there is a design in which it is false, and that is found."""

from __future__ import annotations

import pytest

from checker import check
from model import Group
from spec import DELIVERY, MEMBERSHIP, OWNERSHIP
from tests.model.pinned import BROKEN, COUNTED, Broken

REFINEMENTS = ("as_ownership", "as_membership", "as_delivery")


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.design)
def test_a_broken_design_is_found_out(broken: Broken) -> None:
    verdict = check(Group(**broken.settings))
    assert verdict.complete
    assert verdict.exit_status == 1
    false = {
        finding.id: finding.trace.length if finding.trace else 0
        for finding in verdict.findings
        if finding.result == "violated"
    }
    assert false == broken.false
    assert set(broken.breaks) <= set(false)
    lassos = {
        finding.id: (finding.trace.loop, len(finding.trace.steps) - finding.trace.loop)
        for finding in verdict.findings
        if finding.trace is not None and finding.trace.loop is not None
    }
    assert lassos == broken.lassos


def test_every_promise_has_a_design_that_breaks_it() -> None:
    """Or, where it is commonly believed and false, a configuration in which it is found so."""
    broken = {promise for one in BROKEN for promise in one.breaks}
    believed = {promise for counted in COUNTED.values() for promise in counted.false}
    catalogue = (*OWNERSHIP, *MEMBERSHIP, *DELIVERY)
    promises = {promise.id for promise in catalogue} | set(REFINEMENTS)
    assert promises == broken | believed
    assert promises - broken == {"DLV-3"}
