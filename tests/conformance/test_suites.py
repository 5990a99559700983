"""Clients' own suites: how their results are read and told; and, slowly, the suites themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.peers import Absent
from conformance.suites import (
    SUITES,
    Outcome,
    Result,
    Suite,
    behind,
    count,
    kafka_python,
    librdkafka,
    page,
)
from tests.conformance.brokers import started
from tests.verdict.running import Said, one_line, verdict

REPORT = """<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest">
<testcase classname="test.one" name="test_good" time="0.5" />
<testcase classname="test.one" name="test_bad" time="1.0"><failure message="Timeout &gt;120.0s
more">traceback</failure></testcase>
<testcase name="test_early" time="0.1"><error message="no broker">x</error></testcase>
<testcase name="test_old" time="0.0"><skipped message="too new">y</skipped></testcase>
</testsuite></testsuites>
"""

OUTPUT = """\
%4|1690000000.000|TEST| noise
[0030_offset_commit          /  1.1s] more noise
### Test "0030_offset_commit (do:12)" failed at 0030-offset_commit.c:181:do_test() at Sat: ###
Expected 3, got 4
"""


def results(**outcomes: str) -> list[Result]:
    return [
        Result(test, Outcome(outcome), "it broke" if outcome == "failed" else "", 1.4)
        for test, outcome in outcomes.items()
    ]


def test_a_report_of_pytest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text(REPORT, encoding="utf-8")
    found = list(kafka_python._results(path))
    assert [(r.test, r.outcome.value, r.why) for r in found] == [
        ("test_good", "passed", ""),
        ("test_bad", "failed", "Timeout >120.0s more"),
        ("test_early", "failed", "no broker"),
        ("test_old", "skipped", "too new"),
    ]
    assert count(found, Outcome.FAILED) == 2


def test_a_test_that_aborts_is_told_by_its_place() -> None:
    assert list(librdkafka._complaints(OUTPUT)) == ["0030-offset_commit.c:181: Expected 3, got 4"]


def test_a_test_that_skips_itself_has_not_passed() -> None:
    line = "|\x1b[{colour} 0022_consume_batch                       |    {said} |   1.000s"
    assert librdkafka._ran("0022", line.format(colour="32m", said=" PASSED"))
    assert not librdkafka._ran("0022", line.format(colour="36m", said="SKIPPED"))
    assert not librdkafka._ran("0022", "| <MAIN>                   |     PASSED |   0.001s")


def test_the_numbers_are_those_that_one_broker_can_pass() -> None:
    numbers = [number for group in librdkafka.GROUPS for number in group.numbers.split()]
    assert len(numbers) == len(set(numbers)) == SUITES["librdkafka"].tests == 73


def test_only_what_another_passes_is_held_against_the_first() -> None:
    ours = results(a="passed", b="failed", c="failed", d="skipped")
    oracle = results(a="failed", b="passed", c="failed", d="passed")
    assert [result.test for result in behind([ours, oracle])] == ["b"]
    assert [result.test for result in behind([ours])] == ["b", "c"]


def test_the_page_tells_what_did_not_pass() -> None:
    suite = Suite("x", "x 1.0", 3, lambda: None, lambda _: [])
    one = results(a="passed", b="failed")
    text = page([(suite, {"verdict": one, "Kafka": results(a="passed", b="passed", c="failed")})])
    assert "| verdict | 1 | 1 | 0 | 3 |" in text
    assert "| b | failed | passed | it broke |" in text
    assert "| c | not run | failed | it broke |" in text
    assert "| a |" not in text
    again = page([(suite, {"verdict": one[:1]})], f"before\n{text}after\n")
    assert again.startswith("before\n<!-- suites -->\n### x 1.0\n")
    assert "Every test that is not skipped passes" in again
    assert again.endswith("<!-- /suites -->\nafter\n")
    assert "it broke" not in again


def fake(outcomes: Sequence[Result]) -> Suite:
    return Suite("fake", "fake 1.0", 1, lambda: None, lambda _: outcomes)


def test_the_command_says_what_failed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    written = tmp_path / "clients.md"

    def run(outcome: str) -> Said:
        suites = {"fake": fake(results(a=outcome))}
        monkeypatch.setattr("verdict.conform_command.SUITES", suites)
        return verdict("conform", "suite", "-b", broker.bootstrap, "--page", written)

    with started("mock") as broker:
        assert run("passed").status == run("skipped").status == 0
        said = run("failed")
    assert said.status == 1
    assert said.out.splitlines() == [
        f"fake 1.0 on {broker.bootstrap}: 0 passed, 1 failed, 0 skipped",
        "    a failed: it broke",
    ]
    assert "| a | failed | it broke |" in written.read_text(encoding="utf-8")


def test_what_cannot_be_run_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise Absent("fake 1.0: there is no npm")

    assert "there is no suite 'java'" in one_line(verdict("conform", "suite", "java"))
    suites = {"fake": Suite("fake", "fake 1.0", 1, absent, lambda _: [])}
    monkeypatch.setattr("verdict.conform_command.SUITES", suites)
    assert "fake 1.0: there is no npm" in one_line(verdict("conform", "suite"))


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", list(SUITES))
def test_what_apache_kafka_passes_passes(name: str) -> None:
    """On this project's broker; the page of the documents says how it went beside Kafka's own."""
    suite = SUITES[name]
    try:
        suite.fetch()
    except Absent as absent:
        pytest.skip(str(absent))
    with started("verdict", suites=True) as broker:
        found = suite.run(broker.bootstrap)
    assert len(found) == suite.tests
    failed = {result.test: result.why for result in found if result.outcome is Outcome.FAILED}
    assert not failed
