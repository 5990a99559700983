"""Statements: from the body of an action to a list of guards and effects.

An early `return` is removed on the way: what follows an `if` in which some branch returns is
moved into the branches that do not.  A helper that changes state is inlined as its statements.

Changing a container in place (`self.messages.add(m)`) is assigning a new one to its place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from checker.language.ir import (
    Apply,
    Assert,
    Assign,
    At,
    Const,
    Expr,
    For,
    Get,
    If,
    Let,
    Listed,
    Op,
    Require,
    Stmt,
    Var,
)
from checker.language.lowering.calls import enter, user_method
from checker.language.lowering.coercion import NOTHING, coerce, is_place
from checker.language.lowering.comprehensions import lower_loop
from checker.language.lowering.expressions import (
    arithmetic,
    attribute,
    connect,
    facts,
    integer,
    lower,
    lower_any,
    subscript,
    truth,
)
from checker.language.lowering.frame import Frame, Static
from checker.language.lowering.patterns import lower_pattern, narrowing
from checker.language.machine import require
from checker.language.types import (
    INTEGER,
    BagType,
    CollectionType,
    IntType,
    MapType,
    OptionType,
    PartType,
    SeqType,
    SetType,
    StructType,
    Type,
)

Body = list[Stmt]

_MUTABLE = (CollectionType, MapType, PartType)


def lower_body(frame: Frame, body: list[ast.stmt]) -> Body:
    """A list of statements, with `return` removed."""
    result: Body = []
    for position, statement in enumerate(body):
        rest = body[position + 1 :]
        if isinstance(statement, ast.Return):
            return [*result, *_return(frame, statement)]
        if isinstance(statement, ast.If | ast.Match) and rest and _returns(statement):
            return [*result, *_split(frame, statement, rest)]
        handler = _STATEMENTS.get(type(statement))
        if handler is None:
            what, hint = _REFUSED.get(type(statement), (type(statement).__name__, ""))
            frame.refuse(statement, f"{what} is not in the language", hint)
        with frame.at(statement):
            result.extend(handler(frame, statement))
            if isinstance(statement, ast.Expr) and _is_require(frame, statement.value):
                known = facts(frame, statement.value.args[0])  # type: ignore[attr-defined]
                frame.bindings = {**frame.bindings, **known}
    return result


def _returns(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Return) for inner in ast.walk(node))


def _return(frame: Frame, node: ast.Return) -> Body:
    if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
        return []
    if frame.result is None:
        frame.refuse(node, "an action returns nothing", "assign to a field")
    return [Let(frame.span(node), frame.result, lower(frame, node.value, frame.result_type))]


def _split(frame: Frame, node: ast.If | ast.Match, rest: list[ast.stmt]) -> Body:
    """A branching statement some branch of which returns: the others go on with the rest."""
    if isinstance(node, ast.If):
        moved: ast.stmt = ast.If(node.test, _follow(node.body, rest), _follow(node.orelse, rest))
    else:
        cases = [ast.match_case(c.pattern, c.guard, _follow(c.body, rest)) for c in node.cases]
        if not _catches_all(node.cases[-1]):
            cases.append(ast.match_case(ast.MatchAs(), None, rest))
        moved = ast.Match(node.subject, cases)
    return lower_body(frame, [ast.copy_location(moved, node)])


def _catches_all(case: ast.match_case) -> bool:
    return case.guard is None and isinstance(case.pattern, ast.MatchAs) and not case.pattern.pattern


def _follow(body: list[ast.stmt], rest: list[ast.stmt]) -> list[ast.stmt]:
    return body if body and isinstance(body[-1], ast.Return) else [*body, *rest]


# ------------------------------------------------------------ branches and loops


def _branch(
    frame: Frame, names: dict[str, Expr], body: list[ast.stmt]
) -> tuple[Body, dict[str, Expr]]:
    """A branch, and what names mean at its end."""
    before = frame.bindings
    frame.bindings = {**before, **names}
    lowered = lower_body(frame, body)
    after = {n: e for n, e in frame.bindings.items() if n not in names or n in before}
    frame.bindings = before
    return lowered, {n: before[n] if n in names else e for n, e in after.items()}


def _merge(frame: Frame, ends: list[dict[str, Expr]]) -> None:
    """After branches, a name is known where it has one meaning in all of them."""
    first, *others = ends
    frame.bindings = {
        name: meaning
        for name, meaning in first.items()
        if all(_same(other.get(name), meaning) for other in others)
    }


def _same(a: Expr | None, b: Expr) -> bool:
    return a is b or (isinstance(a, Var) and isinstance(b, Var) and a.name == b.name)


def _if(frame: Frame, node: ast.If) -> Body:
    test = truth(frame, node.test)
    if isinstance(test, Const):  # a design variant: the other branch is checked, and dropped
        kept, dropped = (node.body, node.orelse) if test.value else (node.orelse, node.body)
        _branch(frame, {}, dropped)
        return lower_body(frame, kept)
    then, end = _branch(frame, facts(frame, node.test), node.body)
    other, other_end = _branch(frame, facts(frame, node.test, positive=False), node.orelse)
    _merge(frame, [end, other_end])
    return [If(frame.span(node), test, tuple(then), tuple(other))]


def _match(frame: Frame, node: ast.Match) -> Body:
    subject = lower(frame, node.subject)
    prelude: Body = []
    if not isinstance(subject, Const) and not _lasting(frame, subject):
        name = frame.method.fresh("subject")
        prelude = [Let(subject.span, name, subject)]
        subject = Var(subject.type, subject.span, name)
    return [*prelude, *_cases(frame, node, subject, node.cases)]


def _lasting(frame: Frame, subject: Expr) -> bool:
    """Whether an expression is a variable that no statement changes."""
    changing = {v.name for name, v in frame.locals.items() if name not in frame.once}
    return isinstance(subject, Var) and subject.name not in changing


def _cases(frame: Frame, node: ast.Match, subject: Expr, cases: list[ast.match_case]) -> Body:
    if not cases:
        return []
    case = cases[0]
    found = lower_pattern(frame, subject, case.pattern)
    names = {**narrowing(frame, node, subject, case), **found.names}
    test = found.test
    if case.guard is not None:
        with frame.binding(names):
            test = connect(Op.AND, test, truth(frame, case.guard), frame.span(case.guard))
    body, end = _branch(frame, names, case.body)
    other, other_end = _branch_of(frame, lambda: _cases(frame, node, subject, cases[1:]))
    if isinstance(test, Const):
        frame.bindings = end if test.value else other_end
        return body if test.value else other
    _merge(frame, [end, other_end])
    return [If(frame.span(node), test, tuple(body), tuple(other))]


def _branch_of(frame: Frame, lowered: Callable[[], Body]) -> tuple[Body, dict[str, Expr]]:
    before = frame.bindings
    body = lowered()
    after, frame.bindings = frame.bindings, before
    return body, after


def _for(frame: Frame, node: ast.For) -> Body:
    if node.orelse:
        frame.refuse(node, "for … else is not in the language", "any(…) or all(…)")
    if _returns(node):
        frame.refuse(node, "a loop has no return", "any(…), all(…), or a condition in the loop")
    loop = lower_loop(frame, node.target, node.iter)
    prelude, names = _kept(frame, loop.names)
    body, _ = _branch(frame, names, node.body)
    return [*prelude, For(frame.span(node), loop.name, loop.source, tuple(body))]


def _kept(frame: Frame, names: dict[str, Expr]) -> tuple[Body, dict[str, Expr]]:
    """The values of a map that is iterated are those it had before the first turn.

    Containers and parts are places: those that the map has by then.
    """
    prelude: Body = []
    kept = dict(names)
    for name, meaning in names.items():
        if isinstance(meaning, At) and not isinstance(meaning.type, _MUTABLE):
            whole = meaning.base
            own = Var(whole.type, whole.span, frame.method.fresh("values"))
            prelude.append(Let(whole.span, own.name, whole))
            kept[name] = At(meaning.type, meaning.span, own, meaning.key)
    return prelude, kept


# ------------------------------------------------------------ assignment


def _assign(frame: Frame, node: ast.Assign) -> Body:
    if len(node.targets) != 1:
        frame.refuse(node, "one target for each assignment")
    target = node.targets[0]
    if isinstance(target, ast.Name):
        return _local(frame, node, target.id, node.value, None)
    place = _target(frame, target)
    return _store(frame, node, place, node.value)


def _annotated(frame: Frame, node: ast.AnnAssign) -> Body:
    if node.value is None or not isinstance(node.target, ast.Name):
        frame.refuse(node, "a local needs a value", "name: Type = value")
    return _local(frame, node, node.target.id, node.value, frame.resolve(node.annotation))


def _local(frame: Frame, node: ast.stmt, name: str, value: ast.expr, kind: Type | None) -> Body:
    if (call := _procedure(frame, value)) is not None:
        return _local_from_call(frame, node, name, call)
    known = frame.locals.get(name)
    wanted = kind or (known.type if known is not None else None)
    found = lower(frame, value, wanted)
    if _names_place(found):
        return _alias(frame, node, name, found)
    if isinstance(found.type, PartType):
        frame.refuse(node, "a part lives in one place", "name the place itself")
    if found.type is NOTHING:
        frame.refuse(node, f"the type of {name} is not known", f"{name}: T | None = None")
    return [_let(frame, node, name, found, kind)]


def _let(frame: Frame, node: ast.stmt, name: str, value: Expr, kind: Type | None) -> Let:
    """Give a local its value; the first assignment settles its type."""
    if name in frame.bindings and name not in frame.locals and name != "_":
        frame.refuse(node, f"{name} already means something else here", "a name of its own")
    if name not in frame.locals:
        own = kind or value.type
        if kind is None and isinstance(own, IntType) and name not in frame.once:
            own = INTEGER
        frame.locals[name] = Var(own, frame.span(node), frame.method.fresh(name))
    variable = frame.locals[name]
    frame.bindings = {**frame.bindings, name: variable}
    return Let(frame.span(node), variable.name, coerce(value, variable.type))


def _alias(frame: Frame, node: ast.stmt, name: str, place: Expr) -> Body:
    """A name for a place; the keys on its path are read now."""
    if name in frame.locals:
        frame.refuse(node, f"{name} was a value before", "a name of its own for the place")
    prelude: Body = []
    frame.bindings = {**frame.bindings, name: _pinned(frame, place, prelude)}
    return prelude


def _pinned(frame: Frame, place: Expr, prelude: Body) -> Expr:
    match place:
        case Get(base=base):
            return Get(place.type, place.span, _pinned(frame, base, prelude), place.name)
        case At(base=base, key=key):
            inner = _pinned(frame, base, prelude)
            if not isinstance(key, Const):
                name = frame.method.fresh("key")
                prelude.append(Let(place.span, name, key))
                key = Var(key.type, key.span, name)
            return At(place.type, place.span, inner, key)
        case _:
            return place


def _target(frame: Frame, node: ast.expr) -> Expr:
    """The place that an assignment writes."""
    match node:
        case ast.Attribute(value=value, attr=name):
            base = lower_any(frame, value)
            if isinstance(base, Static) or not isinstance(base.type, StructType):
                frame.refuse(node, f"{ast.unparse(node)} cannot be assigned")
            if not isinstance(base.type, PartType):
                frame.refuse(node, f"{base.type} is a record, which never changes",
                             f"replace({ast.unparse(value)}, {name}=…)")  # fmt: skip
            place = attribute(frame, node, base, name)
            if not isinstance(place, Get):
                frame.refuse(node, f"{name} is a variant: the configuration sets it")
        case ast.Subscript(value=value):
            base = lower_any(frame, value)
            if isinstance(base, Static):
                frame.refuse(node, f"{ast.unparse(node)} cannot be assigned")
            place = subscript(frame, node, base)
        case _:
            frame.refuse(node, f"{ast.unparse(node)} cannot be assigned", "a field, slot or local")
    if not is_place(place):
        frame.refuse(node, f"{ast.unparse(node)} is no place of the state")
    return place


def _store(frame: Frame, node: ast.stmt, place: Expr, value: ast.expr) -> Body:
    if isinstance(place.type, PartType):
        return _store_part(frame, node, place, value)
    if (call := _procedure(frame, value)) is not None:
        prelude, result = _inline(frame, call, "result")
        assert result is not None
        return [*prelude, *write(frame, node, place, result)]
    return write(frame, node, place, lower(frame, value, place.type))


def _store_part(frame: Frame, node: ast.stmt, place: Expr, value: ast.expr) -> Body:
    """A part takes over the content of another, or starts anew."""
    kind = place.type
    assert isinstance(kind, PartType)
    target = lower_any(frame, value.func) if isinstance(value, ast.Call) else None
    if isinstance(target, Static):
        if target.value is not kind.cls or not isinstance(value, ast.Call) or value.args:
            frame.refuse(node, f"only a new {kind} or another one can be assigned", f"{kind}()")
        return [
            statement
            for name, own in kind.fields
            for statement in write(
                frame, node, Get(own, frame.span(node), place, name), _default(frame, kind, name)
            )
        ]
    other = lower(frame, value)
    if other.type != kind:
        frame.refuse(node, f"a part of type {kind} is wanted")
    return [
        Assign(
            frame.span(node), Get(own, place.span, place, name), Get(own, place.span, other, name)
        )
        for name, own in kind.fields
    ]


def _default(frame: Frame, kind: PartType, name: str) -> Expr:
    from checker.language.annotations import default_of, fields_of
    from checker.language.annotations import frozen as frozen_value

    own = kind.field(name)
    field = next(f for f in fields_of(kind.cls) if f.name == name)
    assert own is not None
    value = default_of(own, field.default, frame.method.settings, f"{kind}.{name}")
    return Const(own, None, frozen_value(value, own))


def write(frame: Frame, node: ast.AST, place: Expr, value: Expr) -> Body:
    """The statement that writes a value to a place: a field, or a whole local."""
    value = coerce(value, place.type)
    if isinstance(place, Var):
        return [Let(frame.span(node), place.name, value)]
    return [Assign(frame.span(node), place, value)]


def _augmented(frame: Frame, node: ast.AugAssign) -> Body:
    if isinstance(node.target, ast.Name):
        place = lower(frame, node.target)
        if node.target.id not in frame.locals and not is_place(place):
            frame.refuse(node, f"{node.target.id} cannot be assigned")
    else:
        place = _target(frame, node.target)
    if isinstance(place.type, CollectionType):
        union = isinstance(node.op, ast.BitOr | ast.Sub | ast.BitAnd)
        hint = "self.s = self.s | other" if union else "append, add"
        frame.refuse(node, "augmented assignment is for integers", hint)
    ops = {
        ast.Add: Op.ADD,
        ast.Sub: Op.SUB,
        ast.Mult: Op.MUL,
        ast.FloorDiv: Op.DIV,
        ast.Mod: Op.MOD,
    }
    op = ops.get(type(node.op))
    if op is None:
        frame.refuse(node, "this operator is not in the language", "+= -= *= //= %=")
    value = arithmetic(frame, node, op, place, integer(frame, node.value))
    if isinstance(place, Var) and place.type != INTEGER:
        value = coerce(value, place.type)
    return write(frame, node, place, value)


# ------------------------------------------------------------ calls that change state


def _expression(frame: Frame, node: ast.Expr) -> Body:
    value = node.value
    if isinstance(value, ast.Constant):
        if isinstance(value.value, str):
            return []  # a docstring
        frame.refuse(node, "this does nothing")
    if not isinstance(value, ast.Call):
        frame.refuse(node, "this does nothing", "an assignment, a call, or require(…)")
    if _is_require(frame, value):
        if len(value.args) != 1 or value.keywords:
            frame.refuse(value, "require takes one condition")
        return _guards(frame, value.args[0])
    if isinstance(value.func, ast.Attribute):
        base = lower_any(frame, value.func.value)
        if isinstance(base, Expr):
            change = _CHANGES.get((type(base.type), value.func.attr))
            if change is not None:
                return _change(frame, value, base, change)
            if not isinstance(base.type, StructType) and not isinstance(base.type, OptionType):
                frame.refuse(node, f"{base.type} has no method {value.func.attr}",
                             _changes_hint(base.type))  # fmt: skip
    body, _ = _inline(frame, value, None)
    return body


def _is_require(frame: Frame, node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id not in frame.bindings and frame.source.names.get(node.func.id) is require


def _guards(frame: Frame, node: ast.expr) -> Body:
    """One guard for each conjunct, so that a backend can leave at the first that fails."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        result: Body = []
        known: dict[str, Expr] = {}
        for value in node.values:
            with frame.binding(known):
                result.extend(_guards(frame, value))
                known = {**known, **facts(frame, value)}
        return result
    test = truth(frame, node)
    if isinstance(test, Const) and test.value:
        return []
    return [Require(frame.span(node), test)]


_CHANGES: Mapping[tuple[type[Type], str], tuple[Op | None, int]] = {
    (SetType, "add"): (Op.INSERT, 1),
    (SetType, "discard"): (Op.DISCARD, 1),
    (SetType, "remove"): (Op.REMOVE, 1),
    (SetType, "clear"): (None, 0),
    (BagType, "add"): (Op.INSERT, 1),
    (BagType, "remove"): (Op.REMOVE, 1),
    (BagType, "clear"): (None, 0),
    (SeqType, "append"): (Op.APPEND, 1),
    (SeqType, "pop_first"): (Op.REST, 0),
    (SeqType, "pop_last"): (Op.FRONT, 0),
    (SeqType, "truncate"): (Op.PREFIX, 1),
    (SeqType, "clear"): (None, 0),
}


def _changes_hint(kind: Type) -> str:
    names = [name for form, name in _CHANGES if isinstance(kind, form)]
    return f"one of {', '.join(names)}" if names else ""


def _change(frame: Frame, node: ast.Call, place: Expr, change: tuple[Op | None, int]) -> Body:
    op, arity = change
    if len(node.args) != arity or node.keywords:
        frame.refuse(node, f"{ast.unparse(node.func)} takes {arity} arguments")
    if not is_place(place) or _inside_record(place):
        frame.refuse(node, f"{ast.unparse(node.func)}: this is a value, not a place of the state",
                     "assign it to a field or local first")  # fmt: skip
    kind, span = place.type, frame.span(node)
    assert isinstance(kind, CollectionType)
    if op is None:
        return write(frame, node, place, Listed(kind, span, ()))
    args = [integer(frame, a) if op is Op.PREFIX else lower(frame, a, kind.item) for a in node.args]
    grown = kind if op not in (Op.INSERT, Op.APPEND) else _grown(kind)
    return write(frame, node, place, Apply(grown, span, op, (place, *args)))


def _grown(kind: CollectionType) -> CollectionType:
    """The type of a collection with one more element: what `Fit` must bring back."""
    if isinstance(kind, SetType) and kind.bits is not None:
        return kind
    return type(kind)(kind.item, kind.capacity + 1)


def _names_place(value: Expr) -> bool:
    """Whether a name for `value` is one for a place: a container inside a record is a value."""
    return isinstance(value.type, _MUTABLE) and is_place(value) and not _inside_record(value)


def _inside_record(place: Expr) -> bool:
    while isinstance(place, Get | At):
        if isinstance(place, Get) and not isinstance(place.base.type, PartType):
            return True
        if isinstance(place, At) and not isinstance(place.base.type, MapType):
            return True
        place = place.base
    return False


def _procedure(frame: Frame, node: ast.expr) -> ast.Call | None:
    """The call of a helper that changes state and returns a value, if `node` is one."""
    if not isinstance(node, ast.Call):
        return None
    found = _callee(frame, node)
    if found is None:
        return None
    function, receiver = found
    inner, _ = enter(frame, node, function, receiver)
    return node if _changes_state(inner.source.tree) else None


def _changes_state(tree: ast.FunctionDef) -> bool:
    for node in ast.walk(tree):
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else ([node.target] if isinstance(node, ast.AugAssign) else [])
        )
        if any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets):
            return True
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            return True
        if isinstance(node, ast.For):
            return True
    return False


def _callee(frame: Frame, node: ast.Call) -> tuple[FunctionType, Expr | None] | None:
    if isinstance(node.func, ast.Attribute):
        base = lower_any(frame, node.func.value)
        if isinstance(base, Expr):
            if not isinstance(base.type, StructType):
                return None
            return user_method(frame, node, base.type.cls, node.func.attr), base
    target = lower_any(frame, node.func)
    if isinstance(target, Static) and isinstance(target.value, FunctionType):
        return (target.value, None) if target.value.__module__ not in _PROVIDED else None
    return None


_PROVIDED = ("dataclasses", "checker.language.machine", "checker.language.values")


def _inline(frame: Frame, node: ast.Call, result: str | None) -> tuple[Body, Expr | None]:
    """A helper as its statements; its result, where one is wanted, in a variable."""
    found = _callee(frame, node)
    if found is None:
        frame.refuse(node, f"{ast.unparse(node.func)} is not in the language",
                     "a helper method or function that changes state")  # fmt: skip
    function, receiver = found
    prelude: Body = []
    if receiver is not None:
        receiver = _pinned(frame, receiver, prelude) if is_place(receiver) else receiver
    inner, passed = enter(frame, node, function, receiver)
    for name, argument, kind in passed:
        value = lower(frame, argument, None if isinstance(kind, PartType) else kind)
        if _names_place(value):
            inner.bindings[name] = _pinned(frame, value, prelude)
        elif isinstance(value, Const):
            inner.bindings[name] = value
        else:
            variable = Var(value.type, value.span, frame.method.fresh(name))
            prelude.append(Let(frame.span(argument), variable.name, value))
            inner.bindings[name] = inner.locals[name] = variable
    left: Var | None = None
    if result is not None:
        returns = inner.source.tree.returns
        if returns is None:
            inner.refuse(inner.source.tree, "the result needs an annotation", "-> Type")
        kind = inner.resolve(returns)
        left = Var(kind, frame.span(node), frame.method.fresh(result))
        inner.result, inner.result_type = left.name, kind
    return [*prelude, *lower_body(inner, inner.source.tree.body)], left


def _local_from_call(frame: Frame, node: ast.stmt, name: str, call: ast.Call) -> Body:
    body, result = _inline(frame, call, "result")
    assert result is not None
    return [*body, _let(frame, node, name, result, None)]


def _assert(frame: Frame, node: ast.Assert) -> Body:
    return [Assert(frame.span(node), truth(frame, node.test), f"assert {ast.unparse(node.test)}")]


def _pass(_: Frame, __: ast.Pass) -> Body:
    return []


_STATEMENTS: Mapping[type[ast.stmt], Callable[[Frame, Any], Body]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.If: _if,
    ast.Match: _match,
    ast.For: _for,
    ast.Expr: _expression,
    ast.Assert: _assert,
    ast.Pass: _pass,
}

_REFUSED: Mapping[type[ast.stmt], tuple[str, str]] = {
    ast.While: ("while", "`for` over something finite, or one action for each turn"),
    ast.Try: ("try", "require(…) and if"),
    ast.With: ("with", "the statements by themselves"),
    ast.Raise: ("raise", "require(…) for a guard, assert for a defect"),
    ast.Delete: ("del", "discard, remove, pop_first or an assignment of None"),
    ast.Break: ("break", "any(…) or all(…), or a condition in the loop"),
    ast.Continue: ("continue", "an if around the rest of the loop"),
    ast.FunctionDef: ("a function inside a method", "a helper method"),
    ast.Import: ("import", "an import at the top of the module"),
    ast.ImportFrom: ("import", "an import at the top of the module"),
    ast.Global: ("global", "a field"),
    ast.Nonlocal: ("nonlocal", "a field"),
}
