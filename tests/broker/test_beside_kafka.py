"""Answers are those of Apache Kafka.

What Apache Kafka 4.3.1 answered in each scenario of `tests.broker.conduct` is in `answers/`; this
broker is held against that over real sockets.  Where Java and Maven are present, the slow test
asks Kafka again, so that the files cannot say what it does not.  To write them anew:

    VERDICT_REWRITE=1 make test-all ARGS=tests/broker/test_beside_kafka.py
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.broker.conduct import SCENARIOS, Net, noted
from tests.broker.jars import running_kafka
from tests.broker.server.running import running

ANSWERS = Path(__file__).parent / "answers"
Scenario = Callable[[Net], None]
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.__name__)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running(tmp_path_factory.mktemp("broker")) as found:
        yield found.port


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running_kafka(tmp_path_factory.mktemp("kafka")) as port:
        yield port


def answers(scenario: Scenario) -> Path:
    return ANSWERS / f"{scenario.__name__}.txt"


@each_scenario
def test_the_answers_are_kafka_s(scenario: Scenario, broker: int) -> None:
    assert noted(scenario, broker) == answers(scenario).read_text(encoding="utf-8")


@pytest.mark.slow
@each_scenario
def test_kafka_answers_so(scenario: Scenario, kafka: int) -> None:
    found, path = noted(scenario, kafka), answers(scenario)
    if "VERDICT_REWRITE" in os.environ:
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")
