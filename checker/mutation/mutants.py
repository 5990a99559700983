"""The mutants of a configured machine: the same machine with one mistake in its source.

A mistake is made at one place of the source: wherever that place was inlined to, in every action
and every branch.  What the machine promises is left as it is: properties and refinements are
those of the original, even where they use a helper that is mutated in the actions.

A mutant has a name that outlives edits elsewhere in the file: its operator, its function, and the
code that is changed.

    drop-guard model/coordination.py:Coordination.session_expires self.silent(m)
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace

from checker.errors import Span
from checker.language.ir import Action, Node, Program, children
from checker.mutation.operators import OPERATORS, Change, Operator
from checker.mutation.places import Places, Site
from checker.mutation.rewriting import Shapes, rewritten_action

Corner = tuple[str, int, int, int, int, int]
"""A place in a file: a span without its text."""

Key = tuple[str, Corner, str]
"""An operator, a place in a file, and which of the operator's changes there."""


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    id             stable: `drop-guard lock.py:Lock.take self.sees_it_free[t]`
    sentence       what was done, in words
    before, after  the source that is changed
    actions        the actions in which it shows
    """

    id: str
    operator: str
    sentence: str
    file: str
    line: int
    function: str
    before: str
    after: str
    key: Key = field(repr=False)
    actions: tuple[str, ...] = ()


class Mutants:
    """All mutants of a program, in the order of the source."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._own = (*program.initials, *program.actions)
        self._places = Places()
        self._operators = {operator.name: operator for operator in OPERATORS}
        self._shapes = Shapes(self._own)
        self._where: dict[Corner, set[str]] = {}
        found: dict[Key, Mutant] = {}
        for action in self._own:
            for node in _nodes(action):
                self._where.setdefault(_corner(node), set()).add(action.name)
            if not action.impossible:  # the configuration leaves it out: no mistake can show
                self._collect(action, found)
        self.found = {one.id: one for one in sorted(found.values(), key=self._order)}

    def _order(self, mutant: Mutant) -> tuple[str, int, int, int]:
        operators = list(self._operators)
        return mutant.file, mutant.line, mutant.key[1][2], operators.index(mutant.operator)

    def _collect(self, action: Action, found: dict[Key, Mutant]) -> None:
        for operator in OPERATORS:
            for node in _nodes(action, operator.within):
                for site, change in self._changes(operator, node):
                    key = operator.name, _corner(node), change.detail
                    known = found.get(key) or _described(operator, site, change, key)
                    if action.name not in known.actions:
                        known = replace(known, actions=(*known.actions, action.name))
                    found[key] = known

    def _changes(self, operator: Operator, node: Node) -> Iterator[tuple[Site, Change]]:
        for site in self._places.at(getattr(node, "span", None)):
            changes = list(operator.changes(node, site))
            if changes:
                yield from ((site, change) for change in changes)
                return

    def program_of(self, mutant: Mutant) -> Program:
        """The machine with the mistake."""
        operator = self._operators[mutant.operator]
        _, corner, detail = mutant.key

        def instead(node: Node) -> Node | None:
            if _corner(node) == corner:
                for _, change in self._changes(operator, node):
                    if change.detail == detail:
                        return change.instead
            return node

        def made(action: Action) -> Action:
            here = action.name in self._where[corner]
            return rewritten_action(action, instead) if here else action

        return replace(
            self.program,
            initials=tuple(map(made, self.program.initials)),
            actions=tuple(map(made, self.program.actions)),
        )

    def differing(self) -> dict[str, Mutant]:
        """Those that are neither the original nor, all but the source, one before them."""
        seen = {self._meaning(self.program)}
        kept = {}
        for mutant in self.found.values():
            meaning = self._meaning(self.program_of(mutant))
            if meaning not in seen:
                seen.add(meaning)
                kept[mutant.id] = mutant
        return kept

    def differs(self, program: Program) -> bool:
        """Whether the actions of a mutant do anything else than those of the original."""
        return self._meaning(program) != ()

    def _meaning(self, program: Program) -> Hashable:
        """What the actions of a mutant do, as far as they are not those of the original."""
        pairs = zip(self._own, (*program.initials, *program.actions), strict=True)
        shapes = ((new.name, self._shapes.of(old), self._shapes.of(new)) for old, new in pairs
                  if new is not old)  # fmt: skip
        return tuple((name, new) for name, old, new in shapes if new != old)


def _nodes(action: Action, within: Callable[[Node], bool] = lambda _: True) -> Iterator[Node]:
    """The nodes of an action in its order, without what lies below those not `within`."""
    sources: list[Node] = [parameter.source for parameter in action.parameters]
    pending = [*reversed(action.body), *reversed(sources)]
    while pending:
        node = pending.pop()
        yield node
        if within(node):
            pending.extend(reversed(list(children(node))))


def _corner(node: Node) -> Corner:
    span: Span | None = getattr(node, "span", None)
    if span is None:
        return "", 0, 0, 0, 0, 0
    return span.file, span.line, span.column, span.end_column, span.after, span.after_column


def _described(operator: Operator, site: Site, change: Change, key: Key) -> Mutant:
    name = site.name(change.what, in_statement=change.in_statement)
    return Mutant(
        id=f"{operator.name} {site.file}:{site.function} {name}",
        operator=operator.name,
        sentence=operator.sentence,
        file=site.file,
        line=_line(change.what, site),
        function=site.function,
        before=change.before,
        after=change.after,
        key=key,
    )


def _line(what: ast.AST, site: Site) -> int:
    return int(getattr(what, "lineno", 0)) or site.line


__all__ = ["Mutant", "Mutants"]
