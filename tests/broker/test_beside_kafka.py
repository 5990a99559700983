"""Answers are those of Apache Kafka.

What Apache Kafka 4.3.1 answered in each scenario of `tests.broker.conduct` and
`tests.broker.mixing` is in `answers/`; this broker is held against that over real sockets.  Where
Java and Maven are present, the slow tests ask Kafka again, so that the files cannot say what it
does not.  To write them anew:

    VERDICT_REWRITE=1 make test-all ARGS=tests/broker/test_beside_kafka.py
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.peers import Absent, apache_kafka
from tests.broker.conduct import SCENARIOS, Net, noted
from tests.broker.jars import running_kafka
from tests.broker.mixing import MIXED, POLICIES, policy
from tests.broker.server.running import running

ANSWERS = Path(__file__).parent / "answers"
Scenario = Callable[[Net], None]
each_scenario = pytest.mark.parametrize(
    "scenario", [*SCENARIOS, *MIXED], ids=lambda each: each.__name__
)
each_policy = pytest.mark.parametrize("name", POLICIES)
POLICY = "group.consumer.migration.policy"


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


def asked_of_kafka(found: str, path: Path) -> None:
    if "VERDICT_REWRITE" in os.environ:
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.slow
@each_scenario
def test_kafka_answers_so(scenario: Scenario, kafka: int) -> None:
    asked_of_kafka(noted(scenario, kafka), answers(scenario))


@each_policy
def test_a_policy_is_kafka_s(name: str, tmp_path: Path) -> None:
    with running(tmp_path, **{POLICY: name}) as found:
        answered = noted(policy, found.port)
    assert answered == (ANSWERS / f"policy_{name}.txt").read_text(encoding="utf-8")


@pytest.mark.slow
@each_policy
def test_kafka_has_such_a_policy(name: str, tmp_path: Path) -> None:
    try:
        with apache_kafka(tmp_path, settings={POLICY: name}) as server:
            found = noted(policy, int(server.bootstrap.rpartition(":")[2]))
    except Absent as absent:
        pytest.skip(str(absent))
    asked_of_kafka(found, ANSWERS / f"policy_{name}.txt")
