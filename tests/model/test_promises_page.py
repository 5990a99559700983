"""The page of promises says what the catalogue and the pinned numbers say."""

from __future__ import annotations

from tests.model.promises_page import PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.model.promises_page"


def test_each_promise_is_decided_somewhere() -> None:
    rows = [line for line in page().splitlines() if line.startswith(("| OWN", "| GRP", "| DLV"))]
    assert len(rows) == 2 * 25
    assert not [row for row in rows if row.endswith("| none |  |")]
