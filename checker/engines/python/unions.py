"""Options and unions: wrapping values up, asking what they are, and taking them out."""

from __future__ import annotations

from checker.engines.python.pieces import Piece, bare_mask, bound, constant, plus
from checker.engines.python.walker import Walker, least
from checker.language.ir import Expr, Inject, IsA, Project, Some, Unwrap
from checker.language.types import RecordType, Type, UnionType


def some(to: Walker, expr: Some) -> Piece:
    """A value as an option: its number and one, or a bit before it."""
    if expr.type.dense:
        return plus(to.code(expr.value), 1)
    width = to.layouts.of(expr.value.type).width
    return Piece(f"{to.code(expr.value).read()} | {1 << width}")


def unwrap(to: Walker, expr: Unwrap) -> Piece:
    """The value in an option; it stops where there is none."""
    dense = expr.value.type.dense
    value = to.compile(expr.value)
    mask = to.layouts.of(expr.type).mask
    if value.known:
        return to.decode(constant(value.known - 1 if dense else value.known & mask), expr.type)
    name = to.fresh()
    low = least(expr.type)
    inner = plus(Piece(name), low - 1) if dense else plus(Piece(f"{name} & {mask}"), low)
    return Piece(f"{inner.text} if ({name} := {value.text}) else stop()")


def is_a(to: Walker, expr: IsA) -> Piece:
    """Whether a union's value is of a record."""
    assert isinstance(expr.value.type, UnionType)
    value = to.compile(expr.value)
    test = _test(to, value.read(), expr.value.type, expr.option)
    if value.known is not None:
        return constant(int(eval(test)))  # noqa: S307 - a comparison of two numbers
    return Piece(test)


def converted(to: Walker, expr: Inject | Project) -> Piece:
    """A record or union as another that has it too; it stops where that has it not."""
    value, target = expr.value, expr.type
    piece = to.compile(value)
    if isinstance(target, UnionType) and isinstance(value.type, RecordType):
        text = _shifted(to, piece.read(), value.type, target)
        if piece.known is not None:
            return constant(eval(text))  # noqa: S307 - a sum of two numbers
        return Piece(text)
    name = to.fresh()
    shifted = _shifted(to, name, value.type, target)
    return bound([f"{name} := {piece.text}"], Piece(shifted))


def _range_of(whole: UnionType, option: RecordType) -> tuple[int, int]:
    """The numbers of a record's values among those of a dense union."""
    before = whole.options[: whole.options.index(option)]
    base = sum(own.count or 0 for own in before)
    return base, base + (option.count or 0)


def _test(to: Walker, name: str, whole: UnionType, option: RecordType) -> str:
    """Whether the union's bits in `name` are of a record."""
    if not whole.dense:
        own = to.layouts.of(whole)
        return f"{name} >> {own.width - own.tag_width} == {whole.options.index(option)}"
    low, high = _range_of(whole, option)
    if high - low == 1:
        return f"{name} == {low}"
    if low == 0:
        return f"{name} < {high}"
    if option == whole.options[-1]:
        return f"{name} >= {low}"
    return f"{low} <= {name} < {high}"


def _shifted(to: Walker, name: str, source: Type, target: Type) -> str:
    """The bits in `name` of a record or union, as those of `target`."""
    options = source.options if isinstance(source, UnionType) else (source,)
    wanted = target.options if isinstance(target, UnionType) else (target,)
    parts: list[tuple[str, str]] = []
    for option in options:
        assert isinstance(option, RecordType)
        if option in wanted:
            test = _test(to, name, source, option) if isinstance(source, UnionType) else ""
            parts.append((_moved(to, name, source, target, option), test))
    complete = len(parts) == len(options)
    if complete and len({moved for moved, _ in parts}) == 1:
        return parts[0][0]
    tail = parts.pop()[0] if complete else "stop()"
    for moved, test in reversed(parts):
        tail = f"({moved}) if {test} else {tail}"
    return tail


def _moved(to: Walker, name: str, source: Type, target: Type, option: RecordType) -> str:
    """The bits in `name`, which are of the record `option`, as those of `target`."""
    text = name
    if isinstance(source, UnionType):
        if source.dense:
            low, _ = _range_of(source, option)
            text = f"{name} - {low}" if low else name
        else:
            own = to.layouts.of(source)
            text = f"({name} & {bare_mask(own.width - own.tag_width)})"
    if not isinstance(target, UnionType):
        return text
    if target.dense:
        low, _ = _range_of(target, option)
        return f"{text} + {low}" if low else text
    own = to.layouts.of(target)
    tag = target.options.index(option) << own.width - own.tag_width
    return f"{text} | {tag}" if tag else text


def undefined(_: Walker, __: Expr) -> Piece:
    """What the source says is never reached."""
    return Piece("stop()")
