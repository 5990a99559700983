"""The results of suites as a page: how many passed on which broker, and why the others did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from conformance.suites.results import Outcome, Result, Suite, count

Results = Mapping[str, Sequence[Result]]
"""By broker, in the order in which they are shown."""

LONGEST = 160
"""Characters of a failure's reason."""

BEGIN, END = "<!-- suites -->", "<!-- /suites -->"


def page(found: Sequence[tuple[Suite, Results]], before: str = "") -> str:
    """The page with the results in it, in place of those that it had between its two marks.

    before  what the page was; where it has no marks, the results are all that it will be
    """
    parts = [BEGIN]
    for suite, results in found:
        parts += [f"### {suite.title}", "", *_counts(results), ""]
        parts += list(_others(results)) or [
            "Every test that is not skipped passes on each of them."
        ]
        parts += [""]
    told = "\n".join([*parts[:-1], END])
    head, begun, rest = before.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    return f"{head}{told}{tail}" if begun and ended else f"{told}\n"


def _counts(results: Results) -> Iterator[str]:
    yield "| broker | passed | failed | skipped | seconds |"
    yield "| --- | --- | --- | --- | --- |"
    for broker, each in results.items():
        counts = " | ".join(str(count(each, outcome)) for outcome in Outcome)
        yield f"| {broker} | {counts} | {sum(result.seconds for result in each):.0f} |"


def _others(results: Results) -> Iterator[str]:
    """A row for each test that did not pass everywhere."""
    rows = list(_rows(results))
    if rows:
        yield f"| test | {' | '.join(results)} | why |"
        yield f"| --- |{' --- |' * len(results)} --- |"
        yield from rows


def _rows(results: Results) -> Iterator[str]:
    names = dict.fromkeys(result.test for each in results.values() for result in each)
    by_name = [{result.test: result for result in each} for each in results.values()]
    for name in names:
        tests = [each.get(name) for each in by_name]
        ran = [test for test in tests if test is not None]
        if any(test.outcome is not Outcome.PASSED for test in ran):
            outcomes = " | ".join(test.outcome.value if test else "not run" for test in tests)
            why = next(test.why for test in ran if test.outcome is not Outcome.PASSED)
            yield f"| {name} | {outcomes} | {_cell(why)} |"


def _cell(text: str) -> str:
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return short.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
