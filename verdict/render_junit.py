"""The verdict as JUnit XML, as Jenkins, GitLab, GitHub's report actions and others read it.

A run is a test suite, a property a test case.  A property that is not as expected is a
`failure` whose text is what the text verdict says; one that could not be decided is an `error`,
never a skipped test, which would be green.  A hazard that was found is a test that passed, with
its trace in `system-out`; what random walks did not violate passed, and says so there.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from checker import Finding, Verdict
from checker.language.domains import shown
from verdict.render_plain import finding_text
from verdict.run import Order, Outcome
from verdict.words import counts_text, extent_text, wording

ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot carry, not even escaped."""


def junit(outcomes: Sequence[Outcome], order: Order) -> str:
    """All runs as one XML document."""
    suites = ET.Element("testsuites", name="verdict")
    for outcome in outcomes:
        _suite(suites, outcome, order)
    totals = ("tests", "failures", "errors")
    for total in totals:
        suites.set(total, str(sum(int(suite.get(total, "0")) for suite in suites)))
    suites.set("time", f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}")
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, "unicode") + "\n"


def _suite(suites: ET.Element, outcome: Outcome, order: Order) -> None:
    name = outcome.run.title
    suite = ET.SubElement(suites, "testsuite", name=_legal(name))
    if outcome.verdict is None:
        case = _case(suite, name, "run", "0")
        _said(case, "error", str(outcome.error or outcome.lost))
    else:
        seconds = f"{outcome.verdict.seconds:.3f}"
        suite.set("time", seconds)
        _properties(suite, outcome.verdict)
        for number, finding in enumerate(outcome.verdict.findings):
            # The search answers for all of them at once; its time counts once.
            case = _case(suite, name, _title(finding), "0" if number else seconds)
            _result(case, outcome, order, finding)
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", "0")


def _title(finding: Finding) -> str:
    return f"{finding.id}: {finding.promise.sentence}"


def _properties(suite: ET.Element, verdict: Verdict) -> None:
    known = {
        **{name: shown(value) for name, value in verdict.settings.items().items()},
        "engine": verdict.engine,
        "distinct": str(verdict.distinct),
        "generated": str(verdict.generated),
        "depth": str(verdict.depth),
    }
    properties = ET.SubElement(suite, "properties")
    for name, value in known.items():
        ET.SubElement(properties, "property", name=name, value=value)


def _case(suite: ET.Element, classname: str, name: str, seconds: str) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", classname=_legal(classname), name=_legal(name), time=seconds
    )


def _result(case: ET.Element, outcome: Outcome, order: Order, finding: Finding) -> None:
    verdict = outcome.verdict
    assert verdict is not None
    words = wording(finding).text
    told = finding_text(outcome, order, finding).lstrip("\n")
    extent = f"{extent_text(outcome.run.cls, verdict)}; {counts_text(verdict)}"
    if verdict.passes(finding):
        if finding.result != "holds":
            _plain(case, told if finding.result == "violated" else extent)
        return
    if finding.result == "unknown":
        _said(case, "error", f"unknown: {finding.why or verdict.stopped}", extent)
    else:
        _said(case, "failure", f"{words}: {finding.promise.sentence}", f"{told}\n{extent}\n")


def _said(case: ET.Element, tag: str, message: str, text: str = "") -> None:
    kind = "undecided" if tag == "error" else "violated"
    said = ET.SubElement(case, tag, message=_legal(message), type=kind)
    said.text = _legal(text or message)


def _plain(case: ET.Element, text: str) -> None:
    ET.SubElement(case, "system-out").text = _legal(text)


def _legal(text: str) -> str:
    return ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
