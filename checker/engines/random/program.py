"""A program as one C file that walks: the native engine's functions, driven at random.

    runtime.h             numbers, failure, collections
    declarations          the structs of its types
    walk.h                what a walk is made of
    holds_…, act_…        properties and actions, as for a search
    attempt               an action with arguments that are picked
    look, ended           the properties of a state, of one that is an end
    walk.c                the walks

Where a search looks at every property in every state, a walk leaves out those that read nothing
of what its last step wrote.  Which those are is known beforehand: a path of fields, keys aside,
is read or written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources

from checker.engines.native.actions import Actions, unopened
from checker.engines.native.expressions import Expressions, Site
from checker.engines.native.program import Generator, _noted
from checker.engines.native.shapes import is_scalar, low_of
from checker.engines.native.statements import Function
from checker.engines.native.words import Component
from checker.engines.random.reading import (
    Path,
    bound_in,
    deciding,
    foreseen,
    keys_of,
    leading,
    meet,
    own_writes,
    read,
    written,
)
from checker.engines.random.scoping import scoped
from checker.language.ir import (
    Action,
    Between,
    Domain,
    If,
    Let,
    Parameter,
    Program,
    Require,
    Stmt,
    Var,
    walk,
)
from checker.language.types import IntType, MapType

COPIED = "u64 t[WORDS]; memcpy(t, s, sizeof t);"
IN_PLACE = "u64 *t = w->there; memcpy(t, s, WORDS * sizeof(u64));"
"""A walk has one successor at a time, which is made where it is to be."""


@dataclass(frozen=True)
class Walking:
    """A program that walks: its text, its actions by number, its sites, and two sizes.

    words      of a state
    arguments  of the action that has most of them
    """

    text: str
    actions: tuple[Action, ...]
    sites: tuple[Site, ...]
    words: int
    arguments: int


def walking(program: Program) -> Walking:
    """The C of a program's walks."""
    return _Writer(program).written()


class _Writer(Generator):
    """Writes what walks need of one program."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._possible = tuple(action for action in program.actions if not action.impossible)
        self._actions = Actions(
            "act_", self._shapes, self._sites, self._state, "WORDS", self._ending,
            "stuck(w, {instance});", [], unopened,
        )  # fmt: skip

    def written(self) -> Walking:
        """The whole file."""
        for number, prop in enumerate(self._program.properties):
            if prop.kind != "eventually":
                self._property(number, replace(prop, test=scoped(prop.test)))
        for number, refinement in enumerate(self._program.refinements):
            self._refinement(number, refinement)
        for action in self._possible:
            text = self._actions.function(action)
            assert COPIED in text
            self._functions.append(text.replace(COPIED, IN_PLACE))
        picks = [self._attempt(action) for action in self._possible]
        doors = [*picks, self._attempts(), self._looks(), self._ended()]
        arguments = max((len(action.parameters) for action in self._possible), default=0)
        sites = tuple(self._sites.known)
        bounds = ", ".join(["0", *(str(int(site.bound is not None)) for site in sites)])
        sizes = {"WORDS": self._state.words, "ACTIONS": len(self._possible), "SITES": len(sites),
                 "PROPERTIES": len(self._subjects()), "READINGS": self._reading_words(),
                 "ARGUMENTS": arguments, "KEYS": max(map(keys_of, self._possible), default=1),
                 "FIELDS": len(self._state.components),
                 "TERMINAL": int(bool(self._terminal()))}  # fmt: skip
        text = "\n\n".join(
            [
                f"/* {self._program.name}, {self._program.settings} */",
                '#include "runtime.h"',
                "\n".join(f"#define {name} {size}" for name, size in sizes.items()),
                *self._shapes.declarations,
                f"static const unsigned char is_bound[] = {{{bounds}}};",
                _part("walk.h"),
                self._disturbs(),
                self._wakes(),
                *self._functions,
                *doors,
                _part("walk.c"),
            ]
        )
        return Walking(text, self._possible, sites, self._state.words, arguments)

    # -------------------------------------------------------- what is looked at when

    def _subjects(self) -> list[set[Path]]:
        """What each property, and each refinement, reads."""
        found = [set(read(prop.test)) for prop in self._program.properties]
        found += [{path for statement in refinement.body for path in read(statement)}
                  for refinement in self._program.refinements]  # fmt: skip
        return found

    def _disturbs(self) -> str:
        rows = []
        for action in self._possible:
            writes = set(written(action.body))
            marks = (any(meet(a, b) for a in writes for b in reads) for reads in self._subjects())
            rows.append("{" + ", ".join([*(str(int(mark)) for mark in marks), "0"]) + "}")
        rows.append("{" + ", ".join(["1"] * (len(self._subjects()) + 1)) + "}")
        table = ",\n  ".join(rows)
        return ("/* Whether an action writes what a property reads; a start disturbs all. */\n"
                "static const unsigned char disturbs[ACTIONS + 1][PROPERTIES + 1] = {\n"
                f"  {table}}};")  # fmt: skip

    def _wakes(self) -> str:
        """By which fields a step of one action may make another possible."""
        fields = self._state.components
        places = {component.name: number for number, component in enumerate(fields)}
        decides = [deciding(action) for action in self._possible]
        rows = []
        for action in self._possible:
            writes = set(written(action.body))
            cells = []
            for reads in decides:
                met = {read for read in reads if any(meet(read.path, path) for path in writes)}
                own = sum({1 << places[read.path[0]] for read in met if read.own})
                others = sum({1 << places[read.path[0]] for read in met if not read.own})
                cells.append(f"{{{own:#x}ULL, {others:#x}ULL}}")
            rows.append("{" + ", ".join([*cells, "{0, 0}"]) + "}")
        laid = [_laid(component) for component in fields]
        touched = []
        for action in self._possible:
            targets = set(own_writes(action))
            own = sum({1 << places[path[0]] for path, its in targets if its})
            others = sum({1 << places[path[0]] for path, its in targets if not its})
            touched.append(f"{{{own:#x}ULL, {others:#x}ULL}}")
        counts = ", ".join([*(str(keys_of(action)) for action in self._possible), "1"])
        table = ",\n  ".join([*rows, "{{0, 0}}"])
        return "\n".join(
            [
                f"static const Field fields[] = {{{', '.join(laid)}}};",
                f"static const u32 keys[ACTIONS + 1] = {{{counts}}};",
                f"static const Wakes touches[] = {{{', '.join([*touched, '{0, 0}'])}}};",
                f"static const Wakes wakes[ACTIONS + 1][ACTIONS + 1] = {{\n  {table}}};",
            ]
        )

    def _stills(self) -> dict[int, int]:
        """What a search knows of steps that change nothing, a walk finds out on its way."""
        return {}

    def _ending(self, action: Action, to: Expressions) -> list[str]:
        """What is asked of a step; of one that writes nothing that is read, once for many."""
        lines = []
        for number, prop in enumerate(self._program.properties):
            if prop.kind == "step" and prop.on in (None, action.name):
                passed = [to.names[p.name] for p in action.parameters] if prop.on else []
                call = f"holds_{number}({', '.join(['w', 's', 't', *passed])})"
                if prop.on is None:
                    call = f"STILL(w, {number}, {call})"
                lines.append(f"if (pending(w, {number}) && !{call}) {_noted(number, step=True)}")
                lines.append("w->failed = 0;")
        first = len(self._program.properties)
        for number, _ in enumerate(self._program.refinements):
            asked = f"disturbs[instance][{first + number}] && pending(w, {first + number})"
            test = f"{asked} && !refines_{number}(w, s, t)"
            lines.append(f"if ({test}) {_noted(first + number, step=True)}")
        return [*lines, "emit(w, s, t, instance);"]

    def _looks(self) -> str:
        lines = []
        for number, prop in enumerate(self._program.properties):
            if prop.kind in ("invariant", "reachable"):
                wanted = "" if prop.kind == "reachable" else "!"
                test = f"disturbs[w->before][{number}] && pending(w, {number})"
                lines.append(f"  if ({test} && {wanted}holds_{number}(w, s)) {_noted(number)}")
                lines.append("  w->failed = 0;")
        offset, first = 0, len(self._program.properties)
        for number, refinement in enumerate(self._program.refinements):
            test = f"disturbs[w->before][{first + number}] && pending(w, {first + number})"
            read = f"reads_{number}(w, s, w->readings + {offset})"
            lines.append(f"  if ({test} && !{read}) {_noted(first + number)}")
            offset += self._rooms.state(refinement.spec.state).words
        return "\n".join(["static void look(Worker *w, const u64 *s) {", *lines, "}"])

    def _terminal(self) -> list[int]:
        return [n for n, prop in enumerate(self._program.properties) if prop.kind == "terminal"]

    def _ended(self) -> str:
        lines = ["  (void)w, (void)s;"]
        for number in self._terminal():
            lines.append(f"  if (pending(w, {number}) && !holds_{number}(w, s)) {_noted(number)}")
            lines.append("  w->failed = 0;")
        return "\n".join(["static void ended(Worker *w, const u64 *s) {", *lines, "}"])

    # -------------------------------------------------------- picking

    def _attempt(self, action: Action) -> str:
        """The function that picks an action's arguments, one after the other, and tries it."""
        number = self._possible.index(action)
        to = self._actions.expressions()
        lines: list[str] = []
        waiting = list(leading(action.body))
        for position, parameter in enumerate(action.parameters):
            name = to.fresh(parameter.name)
            lines.extend(self._picked(to, parameter, position, name, number))
            to.names[parameter.name] = name
            lines.extend(self._guarded(to, waiting))
        arguments = [to.names[parameter.name] for parameter in action.parameters]
        guards = foreseen(action.body)
        if any(isinstance(statement, If) for statement in guards):
            lines.append(f"  deny_{number}({', '.join(['w', 's', *arguments])});")
            lines.append("  if (w->impossible) return;")
            self._functions.append(self._denial(number, action, guards))
        given = ", ".join(["w", "s", str(number), *arguments])
        lines.append(f"  {self._actions._name(action)}({given});")
        return "\n".join([f"static void pick_{number}(Worker *w, const u64 *s) {{", *lines, "}"])

    def _denial(self, number: int, action: Action, guards: tuple[Stmt, ...]) -> str:
        """The function that marks an attempt as impossible where that can be told beforehand."""
        to = self._actions.expressions()
        heads = ["Worker *w", "const u64 *s"]
        for parameter in action.parameters:
            name = to.fresh(parameter.name)
            heads.append(f"{self._shapes.of(parameter.type)} {name}")
            to.names[parameter.name] = name
        body = Function(to, "", "{ w->failed = 0; w->impossible = 0; return; }", "WORDS")
        body.line("w->impossible = 1;")
        body.body(guards)
        body.line("w->impossible = 0;")
        head = f"static void deny_{number}({', '.join(heads)})"
        return "\n".join([f"{head} {{", *body.lines, "}"])

    def _guarded(self, to: Expressions, waiting: list[Require | Let]) -> Iterator[str]:
        """Those of the first guards that can be told already: no further argument helps."""
        for statement in tuple(waiting):
            value = statement.test if isinstance(statement, Require) else statement.value
            used = {node.name for node in walk(value) if isinstance(node, Var)}
            if not used <= {"self", *to.names, *bound_in(value)}:
                continue
            waiting.remove(statement)
            text, fails = to.watched(to.compile, value)
            if fails:
                continue
            if isinstance(statement, Require):
                yield f"  if (!{text}) {{ w->impossible = 1; return; }}"
            else:
                name = to.fresh(statement.name)
                yield f"  {self._shapes.of(value.type)} {name} = {text};"
                to.names[statement.name] = name

    def _picked(
        self, to: Expressions, parameter: Parameter, position: int, name: str, action: int
    ) -> Iterator[str]:
        kind, source, index = parameter.type, parameter.source, to.fresh("k")
        shape = self._shapes.of(kind)
        if isinstance(source, Domain):
            yield f"  u32 {index} = pick(w, {position}, {source.size}ULL);"
            yield "  if (w->impossible) return;"
            if isinstance(kind, IntType):
                yield f"  {shape} {name} = (i64){index} + {low_of(kind)};"
            elif is_scalar(kind):
                yield f"  {shape} {name} = {index};"
            else:
                yield f"  {shape} {name} = {self._shapes.every(kind)}[{index}];"
            return
        count, turn = to.fresh("count"), to.fresh(parameter.name)
        loop = to.loop(source, turn, distinct=not isinstance(source, Between))
        failed = f"if (w->failed) {{ stuck(w, {action}); return; }}"
        zero = "0" if is_scalar(kind) else "{0}"
        yield f"  u64 {count} = 0;"
        yield f"  {{ {loop.before}{failed} {loop.head} {{ {loop.first}{count}++; }} }}"
        yield f"  u32 {index} = pick(w, {position}, {count});"
        yield "  if (w->impossible) return;"
        yield f"  {shape} {name} = {zero};"
        yield (f"  {{ {loop.before}{loop.head} "
               f"{{ {loop.first}if (!{index}--) {{ {name} = {turn}; break; }} }} }}")  # fmt: skip

    def _attempts(self) -> str:
        cases = [f"    case {n}: pick_{n}(w, s); break;" for n, _ in enumerate(self._possible)]
        return "\n".join(
            ["static void attempt(Worker *w, const u64 *s, u32 action) {", "  switch (action) {",
             *cases, "  }", "}"]
        )  # fmt: skip


def _laid(field: Component) -> str:
    """Where a field lies, and, where it is a map, its items."""
    row, room = field.room.row, field.room
    if row is None or not isinstance(room.type, MapType):
        return f"{{{field.word}, {field.bit}, {room.words}, {room.width}, 1, 0, 1}}"
    per_word = row.per_word if room.words else row.count
    item = (row.item.words, row.item.width, row.count)
    return (f"{{{field.word}, {field.bit}, {item[0]}, {item[1]}, {row.count}, "
            f"{0 if item[0] else per_word}, {item[2]}}}")  # fmt: skip


def _part(name: str) -> str:
    """One of the files that are written by hand."""
    return (resources.files(__package__) / name).read_text(encoding="utf-8")
