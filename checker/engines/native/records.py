"""Expressions that make records, options and unions, and take them apart."""

from __future__ import annotations

import math

from checker.engines.native.context import Context, after
from checker.engines.native.shapes import is_scalar
from checker.language.ir import Get, Inject, IsA, Make, Project, Some, Unwrap
from checker.language.types import RecordType, Type, UnionType


def get(to: Context, expr: Get) -> str:
    """A field, read where it lies, or out of a value in flight."""
    place = to.place(expr)
    if place is not None:
        return to.read(place, expr.type)
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


def is_a(to: Context, expr: IsA) -> str:
    """Whether a union's value is of a record."""
    assert isinstance(expr.value.type, UnionType)
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
