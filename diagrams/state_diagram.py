"""State diagrams: a projection drawn, as DOT, as Mermaid and as a table.

States from top to bottom in the order of their values.  All steps from one value to another are
one arrow, labelled with the names of their actions, one a line; how many steps and states stand
behind it is in the tooltip, or with `counts` in the label.  An arrow from a dot enters initial
states.  A double border is a value that, once taken, no step changes (a thick border where loops
are listed; in Mermaid an arrow to the end).  A dashed border is a value of the type that no
reachable state shows: either it should be reachable and the model is wrong, or nobody needs it.

Steps that leave the value as it is are left out unless `loops` asks for them; then they are
listed inside the state, as UML's internal transitions are, because arrows from a state to
itself crowd a drawing.

Where the exploration ended early the title says so, and nothing is drawn that only the whole
graph could show: no double borders, and dashed means "not seen so far".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import graphviz

from checker.language.machine import Machine, settings_of
from checker.language.resolving import state_type
from checker.verdict import Limits, Reporter, Silent
from diagrams.diagram import Diagram
from diagrams.explored import Exploration
from diagrams.labels import broken, settings_label
from diagrams.mermaid import SPACING, identifiers, label, quoted
from diagrams.palette import CAPTION, EDGE, FINAL, FINAL_RECORD, GRAPH, NODE, START, UNREACHED
from diagrams.paths import bind
from diagrams.projection import Fold, Node, Projection

UNLIMITED = Limits()
SILENT = Silent()


@dataclass(frozen=True)
class Subject:
    """What a state diagram is of: the machine's name and its configuration as text."""

    machine: str
    settings: str = ""


@dataclass(frozen=True)
class Options:
    """What to show: steps that change nothing, and how many steps an arrow stands for."""

    loops: bool = False
    counts: bool = False


Actions = Mapping[str, int]
"""The names of actions and how many steps each took."""


def state_diagram(
    machine: Machine,
    by: str,
    *,
    limits: Limits = UNLIMITED,
    reporter: Reporter = SILENT,
    loops: bool = False,
    counts: bool = False,
    messages: bool = False,
) -> Diagram:
    """The states that `by`, a field path (`paths`), takes in a machine, and what leads where.

    The machine's graph is explored within `limits`; where they end it, or an interruption does,
    the title says that the diagram is partial.  `loops` also shows steps that leave the value as
    it is, `counts` how many steps each arrow stands for, `messages` the kinds of the messages that
    a step takes (`explored`).  RequestError for a path that names nothing, or one with more
    values than can be drawn; LanguageError where the machine cannot be lowered.
    """
    settings = settings_of(machine)
    view = bind(by, state_type(type(machine), settings))
    exploration = Exploration(machine, limits, reporter, messages=messages)
    fold = Fold(view, exploration.sight(view))
    try:
        for edge in exploration:
            fold.take(edge)
    except KeyboardInterrupt:
        exploration.partial = "interrupted"
    projection = fold.result(exploration.partial)
    subject = Subject(type(machine).__name__, settings_label(type(machine), settings))
    return draw(projection, subject, Options(loops, counts))


def draw(projection: Projection, subject: Subject, options: Options = Options()) -> Diagram:
    """A projection as a diagram."""
    drawing = _Drawing(projection, subject, options)
    return Diagram(drawing.title(), drawing.dot(), drawing.mermaid(), drawing.table())


class _Drawing:
    def __init__(self, projection: Projection, subject: Subject, options: Options) -> None:
        self._projection = projection
        self._subject = subject
        self._options = options
        self._arrows = arrows(projection)

    def title(self) -> str:
        partial = f" (partial: {self._projection.partial})" if self._projection.partial else ""
        return f"{self._subject.machine} by {self._projection.view.path}{partial}"

    def caption(self) -> list[str]:
        """Configuration and size of the concrete graph."""
        states = _counted(self._projection.states, "state")
        size = f"{states}, {_counted(self._projection.steps, 'step')}"
        settings = self._subject.settings
        return [*(broken(settings, CAPTION) if settings else []), size]

    # ------------------------------------------------------------ DOT

    def dot(self) -> str:
        heading = _lines([self.title(), *self.caption(), ""])
        graph = graphviz.Digraph(
            graphviz.escape(self._subject.machine),
            graph_attr={**GRAPH, "label": heading},
            node_attr=dict(NODE),
            edge_attr=dict(EDGE),
        )
        if any(node.initial for node in self._projection.nodes):
            graph.node("start", **START)
        for number, node in enumerate(self._projection.nodes):
            graph.node(f"s{number}", **self._node(number, node))
            if node.initial:
                graph.edge("start", f"s{number}")
        for (source, target), actions in self._arrows.items():
            if source != target:
                words = "".join(f"  {graphviz.escape(line)}\\l" for line in self._words(actions))
                told = [f"{name}: {_counted(n, 'step')}" for name, n in actions.items()]
                about = {"tooltip": _lines(told), "labeltooltip": _lines(told)}
                graph.edge(f"s{source}", f"s{target}", label=words, **about)
        return str(graph.source)

    def _node(self, number: int, node: Node) -> dict[str, str]:
        name = broken(node.label)
        loops = self._words(self._loops(number))
        style = FINAL_RECORD if loops else FINAL
        if not self._projection.final(number):
            style = {} if node.states else UNREACHED
        if not loops:
            return {"label": _lines(name), "tooltip": self._about(node), **style}
        upper = "\\n".join(map(_field, name))
        lower = "".join(f"{_field(line)}\\l" for line in loops)
        shape = {"label": f"{{{upper}|{lower}}}", "shape": "Mrecord"}
        return {**shape, "tooltip": self._about(node), **style}

    def _about(self, node: Node) -> str:
        if not node.states:
            return "not seen so far" if self._projection.partial else "unreachable"
        if self._projection.view.overlay:
            return f"{_counted(node.states, 'pair')} of state and slot"
        return _counted(node.states, "state")

    def _words(self, actions: Actions) -> list[str]:
        if self._options.counts:
            return [f"{name} ({count:,})" for name, count in actions.items()]
        return list(actions)

    def _loops(self, number: int) -> Actions:
        return self._arrows.get((number, number), {}) if self._options.loops else {}

    # ------------------------------------------------------------ Mermaid

    def mermaid(self) -> str:
        nodes = self._projection.nodes
        names = identifiers([node.label for node in nodes])
        lines = ["---", f"title: {quoted(self.title())}", *SPACING, "---", "stateDiagram-v2"]
        for number, node in enumerate(nodes):
            name, loops = names[number], self._words(self._loops(number))
            plain = name == node.label and not loops  # text after a bare name would replace it
            lines.append(name if plain else f"state {quoted(node.label)} as {name}")
            lines += [f"{name}: {label(loop)}" for loop in loops]
        lines += [f"[*] --> {names[n]}" for n, node in enumerate(nodes) if node.initial]
        for (source, target), actions in self._arrows.items():
            if source != target:
                words = "<br/>".join(map(label, self._words(actions)))
                lines.append(f"{names[source]} --> {names[target]}: {words}")
        lines += [f"{name} --> [*]" for n, name in enumerate(names) if self._projection.final(n)]
        unreached = [names[n] for n, node in enumerate(nodes) if not node.states]
        if unreached:
            lines.append("classDef unreached stroke-dasharray: 5 4")
            lines.append(f"class {','.join(unreached)} unreached")
        head = lines.index("stateDiagram-v2") + 1
        return "\n".join(lines[:head] + [f"    {line}" for line in lines[head:]]) + "\n"

    # ------------------------------------------------------------ plain text

    def table(self) -> str:
        """Each value, what it is, and where its actions lead."""
        lines = [self.title(), *self.caption()]
        for number, node in enumerate(self._projection.nodes):
            marks = [self._about(node)]
            marks += ["initial"] if node.initial else []
            marks += ["final"] if self._projection.final(number) else []
            lines += ["", f"{node.label}  ({', '.join(marks)})"]
            for (source, target), actions in self._arrows.items():
                if source == number and (source != target or self._options.loops):
                    there = self._projection.nodes[target].label
                    where = f"→ {there}" if target != source else "stays"
                    lines.append(f"  {where}: {', '.join(self._words(actions))}")
        return "\n".join(lines) + "\n"


def arrows(projection: Projection) -> dict[tuple[int, int], dict[str, int]]:
    """The arcs between each two nodes put together, in order: how many steps of each action."""
    found: dict[tuple[int, int], dict[str, int]] = {}
    for arc in sorted(projection.arcs, key=lambda arc: (arc.source, arc.target, arc.action)):
        found.setdefault((arc.source, arc.target), {})[arc.action] = arc.steps
    return found


def _lines(lines: list[str]) -> str:
    return "\\n".join(map(graphviz.escape, lines))


def _field(line: str) -> str:
    """A line inside a record label, where brackets and bars have a meaning."""
    escaped = str(graphviz.escape(line))
    for sign in "{}|<> ":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
