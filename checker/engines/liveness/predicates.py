"""The predicates that properties of what happens eventually are made of."""

from __future__ import annotations

from dataclasses import dataclass

from checker.language.ir import Expr, Program


@dataclass(frozen=True)
class Predicate:
    """What is to happen, or what it is to happen after; `number` is the property's."""

    number: int
    name: str
    test: Expr


def predicates(program: Program) -> list[Predicate]:
    """Of each property that, and behind it the condition that it waits for, if there is one."""
    return [
        Predicate(number, prop.name, test)
        for number, prop in enumerate(program.properties)
        if prop.kind == "eventually"
        for test in (prop.test, prop.leads_from)
        if test is not None
    ]
