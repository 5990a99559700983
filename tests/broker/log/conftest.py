"""Logs that tests open are closed when the test is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from broker.log.log import Log
from broker.log.recovery import open_log
from tests.broker.log import shelf


@pytest.fixture(autouse=True)
def _closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    opened: list[Log] = []

    def noted(*given: Any, **named: Any) -> Log:
        opened.append(open_log(*given, **named))
        return opened[-1]

    monkeypatch.setattr(shelf, "open_log", noted)
    yield
    for log in opened:
        log.abandon()
