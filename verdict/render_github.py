"""The verdict as annotations of GitHub Actions: workflow commands on lines of their own.

    ::error file=model/group.py,line=120,title=OWN-2 VIOLATED in group/zombie::…

An error for each property that is not as expected and for each run that cannot be made, a
warning for what could not be decided, and one notice that counts the runs.  Of walks, which can
decide little, there are no warnings.  The message shows
the trace: `%0A` is a line break there.  Files are named as from the folder that the command runs
in, which on a runner is the repository's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checker import Finding
from checker.errors import LanguageError
from verdict import registry
from verdict.render_plain import finding_text, plain
from verdict.render_promises import last_line
from verdict.render_trace import relative
from verdict.run import Order, Outcome
from verdict.words import wording


def github(outcomes: Sequence[Outcome], order: Order) -> str:
    """All runs as workflow commands, one a line."""
    lines = [line for outcome in outcomes for line in _outcome(outcome, order)]
    total = plain([last_line(outcomes)]).strip()
    return "\n".join([*lines, command("notice", total, title="verdict")]) + "\n"


def command(kind: str, message: str, **properties: str) -> str:
    """A workflow command; what would end it or a property of it is escaped."""
    named = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{kind} {named}::{_data(message)}"


def _outcome(outcome: Outcome, order: Order) -> Iterator[str]:
    name = outcome.run.title
    if outcome.verdict is None:
        kind = "error" if outcome.error is not None else "warning"
        file, line = _place_of_error(outcome)
        why = str(outcome.error or outcome.lost)
        yield command(kind, why, file=file, line=line, title=f"{name} cannot be checked")
        return
    for finding in outcome.verdict.findings:
        if not outcome.verdict.passes(finding):
            kind = "warning" if finding.result == "unknown" else "error"
            file, line = _place(outcome, finding)
            title = f"{finding.id} {wording(finding).text} in {name}"
            told = finding_text(outcome, order, finding).strip()
            yield command(kind, told, file=file, line=line, title=title)


def _place(outcome: Outcome, finding: Finding) -> tuple[str, str]:
    if finding.reason is not None and finding.reason.span is not None:
        return relative(finding.reason.span.file), str(finding.reason.span.line)
    file, line = registry.place_of(outcome.run.cls, finding.id)
    return relative(file) if file else "", str(line)


def _place_of_error(outcome: Outcome) -> tuple[str, str]:
    if isinstance(outcome.error, LanguageError) and outcome.error.span is not None:
        return relative(outcome.error.span.file), str(outcome.error.span.line)
    return "", ""


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
