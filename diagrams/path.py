"""A trace as a path of states, in DOT: a box a state, an arrow a step.

The first box shows the whole initial state, each later one what its step changed.  A lasso's
last step leads back.
"""

from __future__ import annotations

from typing import Any

import graphviz

from checker.language.machine import Snapshot
from checker.language.text import value_text
from checker.language.values import Map
from checker.verdict import Trace
from diagrams.exchange import Gap, events, shortened
from diagrams.labels import broken, change_label, start_label, step_label
from diagrams.palette import CAPTION, EDGE, GAP, GRAPH, NODE, START

BOX = 64
"""Characters after which a line in a box is broken."""


def path_graph(trace: Trace, title: str) -> str:
    """The DOT of a trace."""
    heading = "".join(f"{graphviz.escape(line)}\\n" for line in broken(title, CAPTION))
    graph = graphviz.Digraph(
        graphviz.escape(trace.machine),
        graph_attr={**GRAPH, "label": heading, "ranksep": "0.4"},
        node_attr=dict(NODE),
        edge_attr=dict(EDGE),
    )
    graph.node("start", **START)
    graph.node("s1", label=box(["1", *described("", trace.initial)]))
    graph.edge("start", "s1", label=_beside(start_label(trace) if trace.start else ""))
    before = "s1"
    for event in shortened(events(trace)):
        if isinstance(event, Gap):
            graph.node("gap", str(event), **GAP)
            graph.edge(before, "gap")
            before = "gap"
            continue
        name = f"s{event.number}"
        changes = [change_label(change) for change in event.step.changes]
        graph.node(name, label=box([str(event.number), *(changes or ["nothing changes"])]))
        by = f"{event.step.actor}: " if event.step.actor else ""
        graph.edge(before, name, label=_beside(f"{by}{step_label(event.step)}"))
        before = name
    if trace.loop is not None:
        graph.edge(before, f"s{trace.loop + 1}", label=_beside("for ever"))
    return str(graph.source)


def described(path: str, value: Any) -> list[str]:
    """Every place below a value, a line each: `rm[rm-0]: WORKING`, or where all slots of a map
    hold the same, `rm[*]: WORKING`.
    """
    match value:
        case Snapshot():
            parts = [(f"{path}.{name}".lstrip("."), held) for name, held in value.content]
        case Map() if len(value) > 0:
            first, *rest = value.values()
            if rest and all(held == first for held in rest):
                parts = [(f"{path}[*]", first)]
            else:
                parts = [(f"{path}[{value_text(key)}]", held) for key, held in value.items()]
        case _:
            return [f"{path}: {value_text(value)}"]
    return [line for below, held in parts for line in described(below, held)]


def box(lines: list[str]) -> str:
    """Lines one below the other, to the left, later lines of a broken one indented."""
    found = []
    for line in lines:
        first, *rest = broken(line, BOX)
        found += [first, *(f"    {more}" for more in rest)]
    return "".join(f"{graphviz.escape(line)}\\l" for line in found)


def _beside(label: str) -> str:
    return f"  {graphviz.escape(label)}\\l" if label else ""
