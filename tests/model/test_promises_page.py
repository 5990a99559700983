"""The page of promises says what the catalogue and the pinned numbers say."""

from __future__ import annotations

from collections import Counter

import pytest

from spec import CATALOGUE
from tests.model.promises_page import PAGE, page


@pytest.mark.timeout(600)  # every configuration is lowered
def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.model.promises_page"


def test_each_promise_is_decided_somewhere() -> None:
    rows = [line[2:].split(" |")[0] for line in page().splitlines() if line.startswith("| ")]
    assert Counter(rows) >= Counter(2 * [promise.id for promise in CATALOGUE])
    assert not [row for row in rows if row.endswith("| none |  |")]
