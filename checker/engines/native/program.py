"""A program as one C file: types, an action a function, a property a function, and two doors.

#include runtime.h    numbers, failure, collections
declarations          the structs of its types
is_bound              which sites are bounds
#include search.h     what a search is made of
image_of, view_of     how values are renamed, and #include symmetry.c (only with symmetry)
#include table.c      how what is found is kept
holds_…, act_…        properties and actions
reads_…, spec…        mappings onto specifications, and the specifications' actions
look, leave           the properties of a state, and its successors
#include search.c     the search
judge                 what predicates come to in a state, and #include graph.c (only where it is
                      asked what happens eventually)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checker.engines.liveness.fairness import parties
from checker.engines.liveness.predicates import Predicate, predicates
from checker.engines.native.actions import Actions, Instance, unopened
from checker.engines.native.expressions import Expressions, Site, Sites
from checker.engines.native.reads import bits_read, bits_written, changed
from checker.engines.native.shapes import Shapes, low_of
from checker.engines.native.statements import Function
from checker.engines.native.symmetry import Symmetry
from checker.engines.native.words import WORD, Codec, Room, Rooms
from checker.language.ir import Action, Program, Property, Refinement

ANYBODY = -2
"""The party of a step whose party is not chosen yet is this, less the first party of the action."""


@dataclass(frozen=True)
class Generated:
    """A program in C: the text, what its instances and sites are, the words of a state, the
    words that are kept of it, and whether what is kept is a representative, or a fingerprint.
    """

    text: str
    instances: tuple[Instance, ...]
    sites: tuple[Site, ...]
    words: int
    kept: int
    symmetric: bool
    fingerprints: bool


class Generator:
    """Writes the C of one program."""

    def __init__(
        self, program: Program, *, symmetry: bool = False, fingerprints: bool = False
    ) -> None:
        self._program = program
        self._rooms = Rooms()
        self._state: Room = self._rooms.state(program.state)
        self._fingerprints = fingerprints and self._state.words > 1
        self._shapes = Shapes(self._rooms)
        names = Symmetry(self._shapes, self._state)
        self._symmetry = names if symmetry and names.wanted else None
        self._sites = Sites()
        self._functions: list[str] = []
        self._conditions = predicates(program)
        self._parties = parties(program)
        self._still = self._stills()
        self._actions = Actions(
            "act_", self._shapes, self._sites, self._state, "WORDS", self._ending,
            "stuck(w, {instance});", [], self._opening if self._conditions else unopened,
        )  # fmt: skip

    def generate(self) -> Generated:
        """The whole file."""
        possible = [action for action in self._program.actions if not action.impossible]
        for number, prop in enumerate(self._program.properties):
            if prop.kind != "eventually":
                self._property(number, prop)
        for number, condition in enumerate(self._conditions):
            self._condition(number, condition)
        for number, refinement in enumerate(self._program.refinements):
            self._refinement(number, refinement)
        self._functions.extend(self._actions.function(action) for action in possible)
        doors = [self._look(), self._leave(possible)]
        asked = [self._judge()] if self._conditions else []
        instances, sites = self._actions.instances, self._sites.known
        bounds = ", ".join(["0", *(str(int(site.bound is not None)) for site in sites)])
        count = len(self._program.properties) + len(self._program.refinements)
        terminal = any(prop.kind == "terminal" for prop in self._program.properties)
        sizes = {"WORDS": self._state.words, "INSTANCES": len(instances), "SITES": len(sites),
                 "PROPERTIES": count, "READINGS": self._reading_words(),
                 "TERMINAL": int(terminal), "PREDICATES": len(self._conditions)}  # fmt: skip
        ways = {"FINGERPRINTS": self._fingerprints, "SYMMETRY": self._symmetry is not None,
                "EVENTUALLY": bool(self._conditions)}  # fmt: skip
        renaming = [self._symmetry.text()] if self._symmetry else []
        text = "\n\n".join(
            [
                f"/* {self._program.name}, {self._program.settings} */",
                '#include "runtime.h"',
                "\n".join(f"#define {name} {size}" for name, size in sizes.items()),
                "\n".join(f"#define {name}" for name, wanted in ways.items() if wanted),
                *self._shapes.declarations,
                f"static const unsigned char is_bound[] = {{{bounds}}};",
                '#include "search.h"',
                *renaming,
                '#include "table.c"',
                *self._functions,
                *doors,
                '#include "search.c"',
                *asked,
            ]
        )
        kept = 1 if self._fingerprints else self._state.words
        return Generated(
            text, tuple(instances), tuple(sites), self._state.words, kept,
            self._symmetry is not None, self._fingerprints,
        )  # fmt: skip

    def _expressions(self, roots: dict[str, str]) -> Expressions:
        return Expressions(
            self._shapes, self._sites, {root: (array, self._state) for root, array in roots.items()}
        )

    # -------------------------------------------------------- steps

    def _ending(self, action: Action, to: Expressions) -> list[str]:
        """What is done with a step: its properties are looked at, and it is handed on."""
        lines = []
        for number, prop in enumerate(self._program.properties):
            if prop.kind == "step" and prop.on in (None, action.name):
                passed = [to.names[p.name] for p in action.parameters] if prop.on else []
                call = f"holds_{number}({', '.join(['w', 's', 't', *passed])})"
                if number in self._still:
                    moved = changed(self._still[number], self._state.words)
                    call = f"({moved} ? {call} : w->still[{number}])"
                lines.append(f"if (pending(w, {number}) && !{call}) {_noted(number, step=True)}")
                lines.append("w->failed = 0;")
        first = len(self._program.properties)
        for number, refinement in enumerate(self._program.refinements):
            seen = changed(bits_read(refinement.body, "self", self._state), self._state.words)
            test = f"pending(w, {first + number}) && {seen} && !refines_{number}(w, s, t)"
            lines.append(f"if ({test}) {_noted(first + number, step=True)}")
        return [*lines, "emit(w, s, t, instance);"]

    def _stills(self) -> dict[int, int]:
        """The step properties for which some steps may change nothing, with the bits they see."""
        everything = (1 << WORD * self._state.words) - 1
        seen = {
            number: bits_read([prop.test], "after", self._state)
            for number, prop in enumerate(self._program.properties)
            if prop.kind == "step" and prop.on is None
        }
        return {number: bits for number, bits in seen.items() if bits != everything}

    def _property(self, number: int, prop: Property) -> None:
        heads = ["Worker *w", "const u64 *s"]
        roots = {"self": "s"}
        if prop.kind == "step":
            heads.append("const u64 *t")
            roots["after"] = "t"
        to = self._expressions(roots)
        if prop.on is not None:
            for parameter in self._program.action(prop.on).parameters:
                name = to.fresh(parameter.name)
                heads.append(f"{self._shapes.of(parameter.type)} {name}")
                to.names[parameter.name] = name
        body = to.compile(prop.test)
        failing = " && !w->failed" if to.failing else ""
        self._functions.append(
            f"/* {prop.promise.sentence} */\nstatic int holds_{number}({', '.join(heads)}) {{\n"
            f"  int good = {body} != 0;\n  return good{failing};\n}}"
        )

    # -------------------------------------------------------- what happens eventually

    def _condition(self, number: int, condition: Predicate) -> None:
        """What a predicate comes to in a state: 0 or 1, and 2 where it cannot be evaluated."""
        to = self._expressions({"self": "s"})
        body = to.compile(condition.test)
        result = "failed ? 2 : good" if to.failing else "good"
        failing = "  int failed = w->failed != 0;\n  w->failed = 0;\n" if to.failing else ""
        self._functions.append(
            f"/* {condition.name} */\nstatic int comes_{number}(Worker *w, const u64 *s) {{\n"
            f"  int good = {body} != 0;\n{failing}  return {result};\n}}"
        )

    def _judge(self) -> str:
        lines = [f"  truths[{number} * row] = (unsigned char)comes_{number}(w, s);"
                 for number, _ in enumerate(self._conditions)]  # fmt: skip
        head = "static void judge(Worker *w, const u64 *s, unsigned char *truths, u64 row) {"
        return "\n".join([head, *lines, "}", "", '#include "graph.c"'])

    def _opening(self, action: Action, to: Expressions) -> str:
        """Note whose step an action is; where its parameter is not chosen yet, of which action."""
        own = [number for number, party in enumerate(self._parties) if party.action == action.name]
        if not own:
            return "w->party = NOBODY;"
        if action.party is None:
            return f"w->party = {own[0]};"
        if action.party not in to.names:
            return f"w->party = {ANYBODY - own[0]};"
        kind = next(p.type for p in action.parameters if p.name == action.party)
        return f"w->party = {own[0] - low_of(kind)} + (int){to.names[action.party]};"

    # -------------------------------------------------------- refinement

    def _reading_words(self) -> int:
        """Words for the readings of the state that is visited, one behind the other."""
        specs = (refinement.spec.state for refinement in self._program.refinements)
        return sum(self._rooms.state(spec).words for spec in specs)

    def _refinement(self, number: int, refinement: Refinement) -> None:
        spec = refinement.spec
        room = self._rooms.state(spec.state)
        prefix = f"spec{number}_"
        same = f"memcmp(t, w->target, {room.words} * sizeof(u64)) == 0"
        actions = Actions(
            prefix, self._shapes, self._sites, room, str(room.words),
            lambda _, __: [f"if ({same}) w->hit = 1;"], "w->failed = 0;", [],
            around=lambda *call: self._if_it_can_be(room, *call),
        )  # fmt: skip
        possible = [action for action in spec.actions if not action.impossible]
        self._functions.extend(actions.function(action) for action in possible)
        calls = [line for action in possible for line in actions.calls(action)]
        self._functions.append(self._mapping(number, refinement, room))
        offset = sum(self._rooms.state(r.spec.state).words
                     for r in self._program.refinements[:number])  # fmt: skip
        self._functions.append(
            "\n".join(
                [
                    f"/* Whether a step is one of {spec.name}, or none there. */",
                    f"static int refines_{number}(Worker *w, const u64 *s0, const u64 *t0) {{",
                    f"  u64 z[{room.words}];",
                    f"  const u64 *s = w->readings + {offset};",
                    f"  if (!reads_{number}(w, t0, z)) return 0;",
                    "  if (!memcmp(s, z, sizeof z)) return 1;",
                    f"  u64 d[{room.words}];",
                    f"  for (int i = 0; i < {room.words}; i++) d[i] = s[i] ^ z[i];",
                    "  w->target = z, w->hit = 0;",
                    *calls,
                    "  return 0;",
                    "}",
                ]
            )
        )

    @staticmethod
    def _if_it_can_be(room: Room, action: Action, known: Mapping[str, int], call: str) -> str:
        """The call of an action of a specification, if it writes all that differs."""
        written = bits_written(action.body, "self", room, known)
        others = [~written >> WORD * word & (1 << WORD) - 1 for word in range(room.words)]
        tests = [f"d[{word}] & {part:#x}ULL" for word, part in enumerate(others) if part]
        guard = f"if (!({' | '.join(tests)})) " if tests else ""
        return f"{guard}{{ {call} if (w->hit) return 1; }}"

    def _mapping(self, number: int, refinement: Refinement, room: Room) -> str:
        """How a state is read as one of the specification; 0 where it cannot be."""
        to = self._expressions({"self": "s"})
        to.roots["spec"] = ("z", room)
        body = Function(to, "spec", "{ w->failed = 0; return 0; }", str(room.words))
        start = Codec(self._rooms, refinement.spec.state).pack(refinement.spec.start)
        values = ", ".join(f"{word:#x}ULL" for word in start)
        body.line(f"static const u64 start[] = {{{values}}};")
        body.line("memcpy(z, start, sizeof start);")
        body.body(refinement.body)
        body.line("return 1;")
        head = f"static int reads_{number}(Worker *w, const u64 *s, u64 *z)"
        return "\n".join([f"{head} {{", *body.lines, "}"])

    # -------------------------------------------------------- the doors

    def _look(self) -> str:
        """The properties of a state, and what the steps from it are compared with.

        That is how specifications read it, and what a step comes to that changes nothing.
        """
        lines = []
        for number, prop in enumerate(self._program.properties):
            if prop.kind in ("invariant", "reachable"):
                wanted = "" if prop.kind == "reachable" else "!"
                lines.append(f"  if (pending(w, {number}) && {wanted}holds_{number}(w, s)) "
                             f"{_noted(number)}")  # fmt: skip
                lines.append("  w->failed = 0;")
            elif number in self._still:
                still = f"w->still[{number}] = (unsigned char)holds_{number}(w, s, s);"
                lines.append(f"  if (pending(w, {number})) {still}")
                lines.append("  w->failed = 0;")
        offset, first = 0, len(self._program.properties)
        for number, refinement in enumerate(self._program.refinements):
            read = f"reads_{number}(w, s, w->readings + {offset})"
            lines.append(f"  if (!{read} && pending(w, {first + number})) {_noted(first + number)}")
            offset += self._rooms.state(refinement.spec.state).words
        return "\n".join(["static inline void look(Worker *w, const u64 *s) {", *lines, "}"])

    def _leave(self, possible: list[Action]) -> str:
        """The successors of a state, and whether it is the end where it has none."""
        lines = ["  w->enabled = 0;"]
        for action in possible:
            lines.extend(self._actions.calls(action))
        for number, prop in enumerate(self._program.properties):
            if prop.kind == "terminal":
                lines.append(f"  if (!w->enabled && pending(w, {number}) && !holds_{number}(w, s)) "
                             f"{_noted(number)}")  # fmt: skip
                lines.append("  w->failed = 0;")
        return "\n".join(["static inline void leave(Worker *w, const u64 *s) {", *lines, "}"])


def _noted(number: int, *, step: bool = False) -> str:
    """The statement that writes down where a property was first seen to fail."""
    after, instance = ("t", "instance") if step else ("0", "0")
    return f"note(w, &w->run->seen[{number}], {after}, {instance});"
