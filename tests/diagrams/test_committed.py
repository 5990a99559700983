"""The diagrams of the documentation are those that the machines give today.

    VERDICT_REWRITE=1 .venv/bin/pytest tests/diagrams/test_committed.py

writes them anew: the blocks in docs/diagrams.md behind the comments that name them, and DOT and
SVG in docs/img.  An SVG is not compared by its characters, which depend on the version of
Graphviz, but by what stands in it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from html import unescape
from pathlib import Path

import pytest

from checker import Limits, Verdict, check
from diagrams import Diagram, drawer, sequence, state_diagram
from examples.alternating_bit import AlternatingBit
from examples.two_phase import TwoPhase
from model.compaction import Compaction
from model.group import Group
from model.replication import Replication
from model.replication.design import Truncation
from model.routing import Routing

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = DOCS / "diagrams.md"
REWRITE = os.environ.get("VERDICT_REWRITE") == "1"
BLOCK = re.compile(r"<!-- (\w+)( text)? -->\n(?:\n```\w+\n.*?\n```\n)?", re.DOTALL)


STALE = "the machines have changed: VERDICT_REWRITE=1 pytest tests/diagrams/test_committed.py"


def run(verdict: Verdict, identifier: str) -> Diagram:
    """The trace of a finding."""
    trace = verdict.finding(identifier).trace
    assert trace is not None
    return sequence(trace)


def coordinator() -> Diagram:
    """In the configuration in which a coordinator goes through all of its states."""
    return state_diagram(group("slow"), "coordinators[*].state", messages=True)


def zombie() -> Diagram:
    """Two members process one partition: the search ends where that has happened."""
    found = check(group("zombie"), only=frozenset({"OWN-3"}), limits=Limits(depth=23))
    return run(found, "OWN-3")


def routed() -> Diagram:
    """What becomes of a record that a producer sends."""
    return state_diagram(
        Routing(Broker=2, Partition=1, Key=1, Sent=2, LeaderEpoch=2), "records[*].stage"
    )


def tombstone() -> Diagram:
    """How long a tombstone stays."""
    return state_diagram(Compaction(Key=1, LogSize=2, Value=0), "clock[*]")


def truncated() -> Diagram:
    """KIP-101: a follower cuts off what is committed, and may lead."""
    replication = Replication(
        Replica=2,
        LeaderEpoch=3,
        Value=3,
        Records=1,
        LogSize=1,
        truncation=Truncation.HIGH_WATERMARK,
    )
    return run(check(replication, only=frozenset({"REP-1"}), limits=Limits(depth=7)), "REP-1")


def group(name: str) -> Group:
    """The group in one of its named configurations."""
    [settings] = [each.settings for each in Group.configurations if each.name == name]
    return Group(**settings)


DIAGRAMS: Mapping[str, Callable[[], Diagram]] = {
    "two_phase_rm": cache(lambda: state_diagram(TwoPhase(RM=3), "rm[*]")),
    "coordinator": cache(coordinator),
    "routed": cache(routed),
    "tombstone": cache(tombstone),
    "stale_packet": cache(lambda: run(check(AlternatingBit(Data=2)), "a_stale_packet")),
    "zombie": cache(zombie),
    "truncated": cache(truncated),
}


def block(found: re.Match[str]) -> str:
    """The comment that names a diagram, and the diagram."""
    name, plain = found.groups()
    diagram = DIAGRAMS[name]()
    kind, words = ("text", diagram.text) if plain else ("mermaid", diagram.mermaid)
    return f"<!-- {name}{plain or ''} -->\n\n```{kind}\n{words}```\n"


def test_the_page_shows_what_the_machines_give() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = BLOCK.sub(block, page)
    if REWRITE:
        PAGE.write_text(shown, encoding="utf-8")
    assert {found[1] for found in BLOCK.finditer(page)} == set(DIAGRAMS)
    assert PAGE.read_text(encoding="utf-8") == shown, STALE


@pytest.mark.parametrize("name", DIAGRAMS)
def test_the_dot_is_what_the_machine_gives(name: str) -> None:
    path = DOCS / "img" / f"{name}.dot"
    if REWRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(DIAGRAMS[name]().dot, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == DIAGRAMS[name]().dot, STALE


@pytest.mark.skipif(drawer() != "dot", reason="no `dot` on the PATH")
@pytest.mark.parametrize("name", DIAGRAMS)
def test_the_svg_was_drawn_from_that_dot(name: str) -> None:
    path = DOCS / "img" / f"{name}.svg"
    if REWRITE:
        path.write_text(DIAGRAMS[name]().svg(), encoding="utf-8")
    assert said(path.read_text(encoding="utf-8")) == said(DIAGRAMS[name]().svg()), STALE


def said(svg: str) -> list[str]:
    """Titles, texts and tooltips of an SVG, and its style, in any order."""
    titles = re.findall(r"<title>(.*?)</title>|xlink:title=\"(.*?)\"", svg)
    texts = re.findall(r"<text[^>]*>(.*?)</text>", svg)
    style = re.findall(r"<style>.*?</style>", svg, re.DOTALL)
    found = [*("".join(title) for title in titles), *texts, *style]
    return sorted(unescape(words).replace("\xa0", " ").strip() for words in found)
