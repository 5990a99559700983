"""Expressions that make records, options and unions, and take them apart."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from checker.engines.native.context import Context, after
from checker.engines.native.places import Place, inside
from checker.engines.native.shapes import is_scalar
from checker.language.ir import Expr, Get, Inject, IsA, Make, Project, Some, Unwrap
from checker.language.types import BOOL, OptionType, RecordType, Type, UnionType


def get(to: Context, expr: Get) -> str:
    """A field, read where it lies, or out of a value in flight."""
    place = to.place(expr)
    if place is not None:
        return to.read(place, expr.type)
    if isinstance(expr.base, Project) and (found := _in_union(to, expr, expr.base)):
        return found
    kind, base = expr.base.type, to.compile(expr.base)
    if not kind.dense:
        return f"{base}.f_{expr.name}"
    assert isinstance(kind, RecordType)
    position = [name for name, _ in kind.fields].index(expr.name)
    size, *smaller = [inner.count or 1 for _, inner in kind.fields[position:]]
    return to.shapes.decoded(expr.type, f"({base} / {math.prod(smaller)} % {size})")


def make(to: Context, expr: Make) -> str:
    """A record of its fields."""
    kind = expr.type
    assert isinstance(kind, RecordType)
    setup, texts = to.operands(*expr.args)
    if not kind.dense:
        fields = zip(kind.fields, texts, strict=True)
        inner = ", ".join(f".f_{name} = {text}" for (name, _), text in fields)
        return after(setup, f"(({to.shapes.of(kind)}){{{inner or 0}}})")
    number = "0"
    for (_, inner_kind), arg, text in zip(kind.fields, expr.args, texts, strict=True):
        code = to.coded(arg, text)
        number = code if number == "0" else f"({number} * {inner_kind.count} + {code})"
    return after(setup, f"(u64){number}")


# ---------------------------------------------------------------- options and unions


def some(to: Context, expr: Some) -> str:
    """A value that is there."""
    if expr.type.dense:
        return f"({to.code(expr.value)} + 1)"
    return f"(({to.shapes.of(expr.type)}){{1, {to.compile(expr.value)}}})"


def unwrap(to: Context, expr: Unwrap) -> str:
    """The value in an option; where there is none, a failure and some value."""
    name, site = to.fresh("o"), to.site(None, expr.span)
    kind = expr.value.type
    value, held = to.compile(expr.value), to.shapes.of(expr.value.type)
    if kind.dense:
        result = to.shapes.decoded(expr.type, f"({name} - ({name} != 0))")
        test = f"!{name}"
    else:
        result, test = f"{name}.value", f"!{name}.some"
    return f"({{ {held} {name} = {value}; if ({test}) fail(w, {site}); {result}; }})"


@dataclass(frozen=True)
class There:
    """A value that is read where it lies: its place, and the statements that stand before."""

    place: Place
    first: str


def _there(to: Context, value: Expr) -> There | None:
    """Where a union lies in the state, or in an option of the state; None where it is in flight."""
    place = to.place(value.value if isinstance(value, Unwrap) else value)
    if place is None or not place.room.components:
        return None
    first, place = place.setup, replace(place, setup="")
    if not isinstance(value, Unwrap):
        return There(place, first)
    some, inner = to.read(inside(place, "some"), BOOL), inside(place, "value")
    if not inner.room.components:
        return None
    return There(inner, f"{first}if (!{some}) fail(w, {to.site(None, value.span)}); ")


def _in_union(to: Context, expr: Get, base: Project) -> str | None:
    """A field of one of the records that a union may be, read where it lies."""
    union, record = base.value.type, base.type
    if not isinstance(union, UnionType) or not isinstance(record, RecordType) or record.dense:
        return None
    there = _there(to, base.value)
    if there is None:
        return None
    tag = union.options.index(record)
    field = inside(inside(there.place, str(tag)), expr.name)
    held, result = to.shapes.of(expr.type), to.fresh("f")
    zero = "0" if is_scalar(expr.type) else "{0}"
    test = f"{to.read(inside(there.place, 'tag'), BOOL)} == {tag}"
    found = f"if ({test}) {result} = {to.read(field, expr.type)};"
    site = to.site(None, base.span)
    return f"({{ {there.first}{held} {result} = {zero}; {found} else fail(w, {site}); {result}; }})"


def is_there(to: Context, value: Expr) -> str | None:
    """Whether an option of the state has a value, read there; None where it is in flight."""
    place = to.place(value)
    if place is None or not place.room.components or not isinstance(value.type, OptionType):
        return None
    return to.read(inside(place, "some"), BOOL)


def is_a(to: Context, expr: IsA) -> str:
    """Whether a union's value is of a record."""
    assert isinstance(expr.value.type, UnionType)
    there = _there(to, expr.value)
    if there is not None:
        tag = expr.value.type.options.index(expr.option)
        test = f"(u64)({to.read(inside(there.place, 'tag'), BOOL)} == {tag})"
        return after(there.first, test)
    name = to.fresh("u")
    test = _tests(name, expr.value.type, expr.option)
    held = to.shapes.of(expr.value.type)
    return f"({{ {held} {name} = {to.compile(expr.value)}; (u64){test}; }})"


def _bounds(whole: UnionType, option: RecordType) -> tuple[int, int]:
    """Between which numbers those of a record lie in a dense union."""
    before = whole.options[: whole.options.index(option)]
    base = sum(own.count or 0 for own in before)
    return base, base + (option.count or 0)


def _tests(name: str, whole: UnionType, option: RecordType) -> str:
    if not whole.dense:
        return f"({name}.tag == {whole.options.index(option)})"
    low, high = _bounds(whole, option)
    if high - low == 1:
        return f"({name} == {low})"
    return f"({name} - {low} < {high - low})" if low else f"({name} < {high})"


def convert(to: Context, expr: Inject | Project) -> str:
    """A record or union as another type that has it too; anything else fails."""
    source, target = expr.value.type, expr.type
    name, result = to.fresh("u"), to.fresh("v")
    options = source.options if isinstance(source, UnionType) else (source,)
    wanted = target.options if isinstance(target, UnionType) else (target,)
    chain = ""
    for option in options:
        if option in wanted and isinstance(option, RecordType):
            moved = _moved(name, result, source, target, option)
            test = _tests(name, source, option) if isinstance(source, UnionType) else "1"
            chain += f"if ({test}) {{ {moved} }} else "
    refused = set(options) - set(wanted)
    end = f"fail(w, {to.site(None, expr.span)});" if refused else ";"
    held, made = to.shapes.of(source), to.shapes.of(target)
    zero = "0" if is_scalar(target) else "{0}"
    return (
        f"({{ {held} {name} = {to.compile(expr.value)}; {made} {result} = {zero}; "
        f"{chain}{end} {result}; }})"
    )


def _moved(name: str, result: str, source: Type, target: Type, option: RecordType) -> str:
    """The statements that put one record, out of `name`, into `result`."""
    value = name
    if isinstance(source, UnionType):
        if source.dense:
            value = f"({name} - {_bounds(source, option)[0]})"
        else:
            value = f"{name}.r{source.options.index(option)}"
    if not isinstance(target, UnionType):
        return f"{result} = {value};"
    if target.dense:
        return f"{result} = {value} + {_bounds(target, option)[0]};"
    tag = target.options.index(option)
    return f"{result}.tag = {tag}; {result}.r{tag} = {value};"
