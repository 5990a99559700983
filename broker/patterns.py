r"""Regular expressions over names, matched in linear time.

A member of a consumer group may subscribe to the topics whose whole name matches an expression, and
transactions are listed by one.  The expression is a client's, the time to match it the broker's:
Python's own `re` backtracks, and a few bytes could keep it busy for ever.  Here an expression
becomes a machine whose states are followed all at once (Thompson, 1968): the work is bounded by its
length times the name's.

    alternatives  a|b        repetition  * + ? {m} {m,} {m,n}, lazy or not, which is the same here
    sequences     ab         classes     . [a-z] [^a-z] \d \w \s \D \W \S
    groups        (a) (?:a)  anchors     ^ $

That is what RE2 has, less flags, Unicode classes and word boundaries; what is not known is
`Invalid`, and so is an expression whose machine would be too large.

Names are over an *alphabet*, and a class is the set of those of its characters that it has.  That
of topics is `LEGAL`; for names that may have any character it is what ASCII prints, with whatever
else is in the expression and in the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from string import ascii_letters, digits, punctuation
from typing import NamedTuple

LEGAL = frozenset(ascii_letters + digits + "._-")
LARGEST = 500
"""Instructions of one expression's machine."""

DEEPEST = 50
"""Groups within groups."""

MOST = 1_000
"""Repetitions that can be asked for by number, as in RE2, if there is room for them."""

_DIGITS = frozenset(digits)
_WORD = frozenset(ascii_letters + digits + "_")
_SPACE = frozenset("\t\n\f\r ")
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_COMPLEMENTS = {"D": _DIGITS, "W": _WORD, "S": _SPACE}
_PRINTED = frozenset(ascii_letters + digits + punctuation + " ")


class Invalid(ValueError):  # noqa: N818 - what the expression is
    """No regular expression, or none that is known here."""


class Step(NamedTuple):
    """One instruction: take one of `chars`, or go on at each of `to`, at `edge` only.

    edge  "^" or "$": where in the name; "" anywhere
    to    relative to the instruction itself
    """

    chars: frozenset[str] | None = None
    to: tuple[int, ...] = (1,)
    edge: str = ""


Program = tuple[Step, ...]


@lru_cache(maxsize=256)
def compiled(expression: str, alphabet: frozenset[str] = LEGAL) -> Program:
    """The machine of an expression over an alphabet; `Invalid` where there is none."""
    parser = _Parser(expression, alphabet)
    program = parser.alternatives(0)
    if parser.rest:
        raise Invalid(f"unexpected {parser.rest[0]!r}")
    return program


def matches_any(expression: str, name: str) -> bool:
    """Whether the whole name matches, which may have any character."""
    return matches(expression, name, _PRINTED | frozenset(expression) | frozenset(name))


@lru_cache(maxsize=100_000)
def matches(expression: str, name: str, alphabet: frozenset[str] = LEGAL) -> bool:
    """Whether the whole name matches."""
    program = compiled(expression, alphabet)
    states = _reached(program, {0}, at_start=True, at_end=False)
    for char in name:
        states = _after(expression, alphabet, states, char)
    return len(program) in _reached(program, states, at_start=not name, at_end=True)


@lru_cache(maxsize=2_000)
def _after(
    expression: str, alphabet: frozenset[str], states: frozenset[int], char: str
) -> frozenset[int]:
    """The states after a character; names that have much in common are followed together."""
    program = compiled(expression, alphabet)
    taken = {at + 1 for at in states if at < len(program) and char in (program[at].chars or ())}
    return _reached(program, taken, at_start=False, at_end=False)


def _reached(
    program: Program, states: Iterable[int], *, at_start: bool, at_end: bool
) -> frozenset[int]:
    """All states that can be come to without taking a character."""
    edges = {"": True, "^": at_start, "$": at_end}
    left, found = [*states], set[int]()
    while left:
        at = left.pop()
        if at in found:
            continue
        found.add(at)
        if at < len(program) and program[at].chars is None and edges[program[at].edge]:
            left += [at + each for each in program[at].to]
    return frozenset(found)


class _Parser:
    """Reads an expression from left to right."""

    def __init__(self, text: str, alphabet: frozenset[str]) -> None:
        self.rest, self._alphabet = text, alphabet

    def _take(self, text: str) -> bool:
        if not self.rest.startswith(text):
            return False
        self.rest = self.rest[len(text) :]
        return True

    def _next(self) -> str:
        if not self.rest:
            raise Invalid("the expression is cut short")
        char, self.rest = self.rest[0], self.rest[1:]
        return char

    def alternatives(self, depth: int) -> Program:
        """a|b|c."""
        if depth > DEEPEST:
            raise Invalid("too many groups within groups")
        program = self._sequence(depth)
        while self._take("|"):
            other = self._sequence(depth)
            split = Step(to=(1, len(program) + 2))
            program = _sized((split, *program, Step(to=(len(other) + 1,)), *other))
        return program

    def _sequence(self, depth: int) -> Program:
        program: Program = ()
        while self.rest and self.rest[0] not in "|)":
            program = _sized((*program, *self._repeated(self._one(depth))))
        return program

    def _one(self, depth: int) -> Program:
        char = self._next()
        if char == "(":
            if self._take("?") and not self._take(":"):
                raise Invalid("only (?: is known of what may follow (?")
            program = self.alternatives(depth + 1)
            if not self._take(")"):
                raise Invalid("a group does not end")
            return program
        if char in "*+?{":
            raise Invalid(f"nothing to repeat before {char!r}")
        if char in "^$":
            return (Step(edge=char),)
        return (Step(chars=self._chars(char)),)

    def _chars(self, char: str) -> frozenset[str]:
        if char == ".":
            return self._alphabet - {"\n"}
        if char == "[":
            return self._class()
        return self._escaped() if char == "\\" else frozenset(char)

    def _escaped(self) -> frozenset[str]:
        char = self._next()
        if char in _CLASSES:
            return _CLASSES[char]
        if char in _COMPLEMENTS:
            return self._alphabet - _COMPLEMENTS[char]
        if char.isalnum():
            raise Invalid(f"\\{char} is not known")
        return frozenset(char)

    def _class(self) -> frozenset[str]:
        """A bracket that comes first is one of the class."""
        negated = self._take("^")
        found = {"]"} if self._take("]") else set()
        while not self._take("]"):
            found |= self._item()
        return self._alphabet - found if negated else frozenset(found)

    def _item(self) -> frozenset[str]:
        char = self._next()
        if char == "[" and self._take(":"):
            raise Invalid("[: is not known")
        if char == "\\":
            return self._escaped()
        if self.rest.startswith("-") and self.rest[1:2] not in {"]", ""}:
            self._next()
            last = self._next()
            if last == "\\":
                last = self._next()
            if last < char:
                raise Invalid(f"a range from {char!r} down to {last!r}")
            return frozenset(each for each in self._alphabet if char <= each <= last)
        return frozenset(char)

    def _repeated(self, program: Program) -> Program:
        """What follows may repeat it."""
        least, most = 1, 1
        if self._take("*"):
            least, most = 0, -1
        elif self._take("+"):
            least, most = 1, -1
        elif self._take("?"):
            least, most = 0, 1
        elif self._take("{"):
            least, most = self._counts()
        else:
            return program
        self._take("?")
        if self.rest[:1] in {"*", "+", "?", "{"}:
            raise Invalid("a repetition of a repetition")
        return _sized(tuple(_times(program, least, most)))

    def _counts(self) -> tuple[int, int]:
        inside, brace, self.rest = self.rest.partition("}")
        low, comma, high = inside.partition(",")
        if not (brace and low.isdecimal() and (not high or high.isdecimal())):
            raise Invalid("a repetition that has no numbers")
        least = int(low)
        most = int(high) if high else -1 if comma else least
        if max(least, most) > MOST or -1 < most < least:
            raise Invalid(f"between {low} and {high} repetitions")
        return least, most


def _times(program: Program, least: int, most: int) -> Iterator[Step]:
    """A program so many times; -1: without end."""
    if len(program) * max(least, most, 1) > LARGEST:
        raise Invalid("the expression is too large")
    for _ in range(least):
        yield from program
    if most < 0:
        yield Step(to=(1, len(program) + 2))
        yield from program
        yield Step(to=(-len(program) - 1,))
    else:
        for left in range(most - least, 0, -1):
            yield Step(to=(1, left * (len(program) + 1)))
            yield from program


def _sized(program: Program) -> Program:
    if len(program) > LARGEST:
        raise Invalid("the expression is too large")
    return program
