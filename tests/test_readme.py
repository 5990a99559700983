"""README and docs/traces are what the machine gives.

`VERDICT_REWRITE=1 pytest tests/test_readme.py -m "slow or not slow"` writes them anew.

The table of promises and the traces are made here from the model; the lines of `verdict check`,
one a run, are compared, apart from durations, with what the command prints.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from checker import Finding, check
from checker.language.machine import Configuration, declaration
from model.group import Group
from verdict import registry
from verdict.render_trace import trace_lines

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TRACES = ROOT / "docs" / "traces"
REWRITE = bool(os.environ.get("VERDICT_REWRITE"))
DURATION = re.compile(r" *\d+\.\d s")
WIDTH = 100


def block(name: str) -> re.Pattern[str]:
    """A part of the README that is made, between its marks."""
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)


def held(name: str, made: str) -> None:
    """The README's part `name` is `made`; or it is now."""
    text = README.read_text(encoding="utf-8")
    found = block(name).search(text)
    assert found is not None, f"README.md has no part {name}"
    if REWRITE:
        README.write_text(text[: found.start(2)] + made + text[found.end(2) :], encoding="utf-8")
        return
    assert DURATION.sub("… s", found.group(2)) == DURATION.sub("… s", made)


def false_in(promise: str) -> list[Configuration]:
    """The configurations in which a promise is false."""
    return [c for c in Group.configurations if promise in c.hazards]


@cache
def shortest(promise: str) -> tuple[str, Finding]:
    """Where a false promise has its shortest trace, and the finding."""
    found = []
    for one in false_in(promise):
        verdict = check(
            Group(**one.settings),
            configuration=one.name,
            hazards=frozenset({promise}),
            only=frozenset({promise}),
        )
        finding = verdict.finding(promise)
        assert finding.trace is not None
        found.append((one.name, finding))
        if len(false_in(promise)) > 3:  # the first named is the one that tells it best
            break
    return min(found, key=lambda pair: pair[1].trace.length if pair[1].trace else 0)


def promises() -> list[tuple[str, str, str]]:
    """Id, sentence and kind of every promise that has an entry in the catalogue."""
    methods = declaration(Group).of("invariant", "step", "reachable", "eventually", "refines")
    entries = [(m.promise.id, m.promise.sentence, m.mark.kind) for m in methods]
    catalogued = [entry for entry in entries if re.fullmatch(r"[A-Z]{3}-\d+", entry[0])]
    return sorted(catalogued, key=lambda e: (["OWN", "GRP", "DLV"].index(e[0][:3]), int(e[0][4:])))


def test_the_table_of_promises() -> None:
    rows = ["| | promise | |", "| --- | --- | --- |"]
    for promise, sentence, kind in promises():
        false = false_in(promise)
        if false:
            answer = f"**false**: [the shortest run that breaks it](docs/traces/{promise}.txt)"
        else:
            answer = "reached" if kind == "reachable" else "holds"
        rows.append(f"| {promise} | {sentence} | {answer} |")
    held("promises", "\n".join(rows) + "\n")


@pytest.mark.parametrize("promise", sorted({h for c in Group.configurations for h in c.hazards}))
def test_the_traces(promise: str) -> None:
    configuration, finding = shortest(promise)
    assert finding.trace is not None
    target = shlex.quote(f"group/{configuration}")
    head = [
        f"{promise}: {finding.promise.sentence}",
        "False; the shortest run that shows it, by",
        f"    verdict check {target} --property {promise}",
        "",
    ]
    run = [line.plain.rstrip() for line in trace_lines(finding.trace, WIDTH)]
    text = "\n".join([*head, *run]) + "\n"
    file = TRACES / f"{promise}.txt"
    if REWRITE:
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_check_prints() -> None:
    environment = {**os.environ, "COLUMNS": str(WIDTH), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "verdict", "check", "--quiet"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    runs = [line for line in lines if line.startswith(("✓ ", "✗ ", "? "))]
    assert lines[-1] == f"{len(runs)} runs: everything as expected"
    held("check", "\n".join(["```text", *runs, lines[-1], "```\n"]))


def test_every_machine_of_the_project_is_named() -> None:
    text = README.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in registry.MACHINES)
