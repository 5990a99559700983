"""A broker's memory while its log grows."""

from __future__ import annotations

import json
import sys

import pytest

from conformance import speed
from conformance.speed import Confluent, grow
from tests.verdict.running import verdict
from verdict import bench_broker

MOST = 300_000_000
"""Bytes that the broker may have, however much it keeps."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells a process's memory")


@linux
def test_what_it_takes_is_told_while_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "client", Confluent)
    monkeypatch.setattr(bench_broker, "SMALL_LOG", 8 << 20)
    monkeypatch.setattr(bench_broker, "SMALL_PART", 3 << 20)
    said = verdict("bench", "memory", "--quick", "-f", "json")
    assert said.status == 0, said.err
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert [row["done"] for row in rows] == ["started", *["produced"] * 3, "consumed"]
    assert rows[0]["log"] == 0
    assert 8 << 20 <= rows[-1]["log"] < 12 << 20
    assert all(1 << 20 < row["resident"] <= row["most"] < MOST for row in rows)


@linux
@pytest.mark.slow
def test_it_does_not_grow_with_the_log() -> None:
    found = list(grow(Confluent(), 1 << 30, 256 << 20))
    assert found[-1].log >= 1 << 30
    assert found[-1].most < MOST
    assert found[-1].most - found[1].most < 100_000_000
