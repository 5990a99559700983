"""From IR expressions to C.

Comprehensions and bindings are statement expressions, which gcc and clang both have.  What can
fail calls `fail(w, site)`; `Sites` numbers the places in the source where that can happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from checker.engines.native.places import Place, place_of
from checker.engines.native.shapes import Shapes, is_scalar, is_short, low_of, number_text
from checker.engines.native.words import Room
from checker.errors import Span
from checker.language.evaluator import bound_name
from checker.language.ir import (
    Apply,
    At,
    Between,
    Bind,
    Choose,
    Const,
    Domain,
    Elements,
    Expr,
    Fit,
    Fold,
    Get,
    Inject,
    IsA,
    Listed,
    Make,
    Op,
    Project,
    Reduce,
    Some,
    Source,
    Table,
    Undefined,
    Unwrap,
    Var,
)
from checker.language.lowering.coercion import interval
from checker.language.types import (
    BagType,
    CollectionType,
    IntType,
    MapType,
    RecordType,
    SeqType,
    SetType,
    Type,
    UnionType,
)

UNROLL = 16
"""Loops of at most this many turns are written out by the C compiler."""


@dataclass(frozen=True)
class Site:
    """Somewhere an action may have to be given up: a bound by name, or a defect."""

    bound: str | None
    span: Span | None


@dataclass
class Sites:
    """The sites of a program, numbered from 1."""

    known: list[Site] = field(default_factory=list)

    def of(self, bound: str | None, span: Span | None) -> int:
        """The number of a site."""
        site = Site(bound, span)
        if site not in self.known:
            self.known.append(site)
        return self.known.index(site) + 1


class Expressions:
    """Compiles expressions of one function.

    names  what each IR variable is in C
    roots  the arrays that the root variables are, with the room of the state
    """

    def __init__(self, shapes: Shapes, sites: Sites, roots: Mapping[str, tuple[str, Room]]) -> None:
        self.shapes = shapes
        self.sites = sites
        self.names: dict[str, str] = {}
        self.roots = dict(roots)
        self.failing = False
        self._temporaries = count()

    def fresh(self, hint: str = "x") -> str:
        """A name that is used nowhere else in the function."""
        return f"{hint}_{next(self._temporaries)}"

    @contextmanager
    def naming(self, name: str, text: str) -> Iterator[None]:
        """Let a variable be `text` while the block runs."""
        before = self.names.get(name)
        self.names[name] = text
        try:
            yield
        finally:
            if before is None:
                del self.names[name]
            else:
                self.names[name] = before

    def site(self, bound: str | None, span: Span | None) -> int:
        """A site, noting that the function has one."""
        self.failing = True
        return self.sites.of(bound, span)

    def compile(self, expr: Expr) -> str:
        """The expression as an operand of C."""
        return _NODES[type(expr)](self, expr)

    def code(self, expr: Expr) -> str:
        """The number of a scalar value."""
        if isinstance(expr, Const) and is_scalar(expr.type) and not is_short(expr.type):
            return (
                number_text(int(expr.value) - low_of(expr.type))
                if isinstance(expr.type, IntType)
                else number_text(expr.type.number(expr.value))
            )
        text = self.compile(expr)
        if isinstance(expr.type, IntType) and text.isdecimal():
            return str(int(text) - low_of(expr.type))
        return self.shapes.encoded(expr.type, text)

    # -------------------------------------------------------- reading

    def place(self, expr: Expr) -> Place | None:
        """The place of the packed state that an expression names."""
        return place_of(expr, self.roots, self.shapes, self.code)

    def _const(self, expr: Expr) -> str:
        assert isinstance(expr, Const)
        if isinstance(expr.type, IntType) and 0 <= expr.value < 1 << 31:
            return str(int(expr.value))
        return self.shapes.literal(expr.type, expr.value)

    def _var(self, expr: Expr) -> str:
        assert isinstance(expr, Var)
        if expr.name in self.names:
            return self.names[expr.name]
        return self._read(Place(*self.roots[expr.name]), expr.type)

    def _read(self, place: Place, kind: Type) -> str:
        return self.shapes.load(kind, place.room, place.array, place.word_text(), place.bit_text())

    def _get(self, expr: Expr) -> str:
        assert isinstance(expr, Get)
        place = self.place(expr)
        if place is not None:
            return self._read(place, expr.type)
        kind, base = expr.base.type, self.compile(expr.base)
        if not kind.dense:
            return f"{base}.f_{expr.name}"
        assert isinstance(kind, RecordType)
        stride, size = 1, 1
        for name, inner in reversed(kind.fields):
            size = inner.count or 1
            if name == expr.name:
                break
            stride *= size
        return self.shapes.decoded(expr.type, f"({base} / {stride} % {size})")

    def _at(self, expr: Expr) -> str:
        assert isinstance(expr, At)
        place = self.place(expr)
        if place is not None:
            return self._read(place, expr.type)
        base = self.compile(expr.base)
        if isinstance(expr.base.type, MapType):
            return f"{base}.v[{self.code(expr.key)}]"
        site = self.site(None, expr.span)
        name = self.shapes.of(expr.base.type)
        return f"{name}_at(w, {base}, {self.compile(expr.key)}, {site})"

    # -------------------------------------------------------- operators

    def _apply(self, expr: Expr) -> str:
        assert isinstance(expr, Apply)
        if expr.op in _INFIX:
            first, second = (self.compile(argument) for argument in expr.args)
            if expr.op in (Op.AND, Op.OR) and all(map(_cheap, expr.args)):
                return f"({first} {'&' if expr.op is Op.AND else '|'} {second})"
            return f"({first} {_INFIX[expr.op]} {second})"
        return _OPERATORS[expr.op](self, expr)

    def _choose(self, expr: Expr) -> str:
        assert isinstance(expr, Choose)
        kind = self.shapes.of(expr.type)
        test, then, other = (self.compile(e) for e in (expr.test, expr.then, expr.other))
        if is_scalar(expr.type):
            return f"({test} ? ({kind}){then} : ({kind}){other})"
        return f"({test} ? {then} : {other})"

    def _bind(self, expr: Expr) -> str:
        assert isinstance(expr, Bind)
        value, name = self.compile(expr.value), self.fresh(expr.name)
        with self.naming(expr.name, name):
            body = self.compile(expr.body)
        return f"({{ {self.shapes.of(expr.value.type)} {name} = {value}; {body}; }})"

    # -------------------------------------------------------- making

    def _make(self, expr: Expr) -> str:
        assert isinstance(expr, Make)
        kind = expr.type
        assert isinstance(kind, RecordType)
        if not kind.dense:
            fields = zip(kind.fields, expr.args, strict=True)
            inner = ", ".join(f".f_{name} = {self.compile(arg)}" for (name, _), arg in fields)
            return f"(({self.shapes.of(kind)}){{{inner or 0}}})"
        text = "0"
        for (_, inner_kind), arg in zip(kind.fields, expr.args, strict=True):
            code = self.code(arg)
            text = code if text == "0" else f"({text} * {inner_kind.count} + {code})"
        return f"(u64){text}"

    def _table(self, expr: Expr) -> str:
        assert isinstance(expr, Table)
        kind = expr.type
        assert isinstance(kind, MapType)
        name, result, turn = self.shapes.of(kind), self.fresh("m"), self.fresh(expr.name)
        key = f"((i64){turn} + {low_of(kind.key)})" if isinstance(kind.key, IntType) else turn
        with self.naming(expr.name, key):
            body = self.compile(expr.body)
        loop = f"for (u64 {turn} = 0; {turn} < {kind.key.count}; {turn}++)"
        return f"({{ {name} {result}; {loop} {result}.v[{turn}] = {body}; {result}; }})"

    def _listed(self, expr: Expr) -> str:
        assert isinstance(expr, Listed)
        kind = expr.type
        assert isinstance(kind, CollectionType)
        if is_short(kind):
            return f"({' | '.join(f'1ULL << {self.code(i)}' for i in expr.items) or 0})"
        name, result = self.shapes.of(kind), self.fresh("c")
        adds = "".join(
            f"{result} = {self._added(kind, result, self.compile(i))}; " for i in expr.items
        )
        return f"({{ {name} {result} = {{0}}; {adds}{result}; }})"

    def _added(self, kind: CollectionType, whole: str, item: str) -> str:
        """A listed collection with one more element; past its capacity, a bound is reached."""
        name, site = self.shapes.of(kind), self.site(bound_name(kind), None)
        if isinstance(kind, SeqType):
            return f"{name}_append(w, {whole}, {item}, {site})"
        return f"{name}_insert(w, {whole}, {item}, {int(isinstance(kind, SetType))}, {site})"

    # -------------------------------------------------------- options and unions

    def _some(self, expr: Expr) -> str:
        assert isinstance(expr, Some)
        if expr.type.dense:
            return f"({self.code(expr.value)} + 1)"
        return f"(({self.shapes.of(expr.type)}){{1, {self.compile(expr.value)}}})"

    def _unwrap(self, expr: Expr) -> str:
        assert isinstance(expr, Unwrap)
        name, site = self.fresh("o"), self.site(None, expr.span)
        kind = expr.value.type
        value, held = self.compile(expr.value), self.shapes.of(expr.value.type)
        if kind.dense:
            result = self.shapes.decoded(expr.type, f"({name} - ({name} != 0))")
            test = f"!{name}"
        else:
            result, test = f"{name}.value", f"!{name}.some"
        return f"({{ {held} {name} = {value}; if ({test}) fail(w, {site}); {result}; }})"

    def _bounds(self, whole: UnionType, option: RecordType) -> tuple[int, int]:
        base = 0
        for own in whole.options:
            if own == option:
                break
            base += own.count or 0
        return base, base + (option.count or 0)

    def is_a(self, name: str, whole: UnionType, option: RecordType) -> str:
        """Whether a union's value is of a record."""
        if not whole.dense:
            return f"({name}.tag == {whole.options.index(option)})"
        low, high = self._bounds(whole, option)
        if high - low == 1:
            return f"({name} == {low})"
        return f"({name} - {low} < {high - low})" if low else f"({name} < {high})"

    def _is_a(self, expr: Expr) -> str:
        assert isinstance(expr, IsA)
        assert isinstance(expr.value.type, UnionType)
        name = self.fresh("u")
        test = self.is_a(name, expr.value.type, expr.option)
        held = self.shapes.of(expr.value.type)
        return f"({{ {held} {name} = {self.compile(expr.value)}; (u64){test}; }})"

    def _convert(self, expr: Expr) -> str:
        """A record or union as another type that has it too; anything else fails."""
        assert isinstance(expr, Inject | Project)
        source, target = expr.value.type, expr.type
        name, result = self.fresh("u"), self.fresh("v")
        options = source.options if isinstance(source, UnionType) else (source,)
        wanted = target.options if isinstance(target, UnionType) else (target,)
        chain = ""
        for option in options:
            if option in wanted and isinstance(option, RecordType):
                moved = self._moved(name, result, source, target, option)
                test = self.is_a(name, source, option) if isinstance(source, UnionType) else "1"
                chain += f"if ({test}) {{ {moved} }} else "
        refused = set(options) - set(wanted)
        end = f"fail(w, {self.site(None, expr.span)});" if refused else ";"
        held, made = self.shapes.of(source), self.shapes.of(target)
        zero = "0" if is_scalar(target) else "{0}"
        return (
            f"({{ {held} {name} = {self.compile(expr.value)}; {made} {result} = {zero}; "
            f"{chain}{end} {result}; }})"
        )

    def _moved(self, name: str, result: str, source: Type, target: Type, option: RecordType) -> str:
        """The statements that put one record, out of `name`, into `result`."""
        value = name
        if isinstance(source, UnionType):
            if source.dense:
                value = f"({name} - {self._bounds(source, option)[0]})"
            else:
                value = f"{name}.r{source.options.index(option)}"
        if not isinstance(target, UnionType):
            return f"{result} = {value};"
        if target.dense:
            return f"{result} = {value} + {self._bounds(target, option)[0]};"
        tag = target.options.index(option)
        return f"{result}.tag = {tag}; {result}.r{tag} = {value};"

    # -------------------------------------------------------- ranges

    def _fit(self, expr: Expr) -> str:
        assert isinstance(expr, Fit)
        kind = expr.type
        if isinstance(kind, CollectionType):
            return self._fit_collection(expr, kind)
        assert isinstance(kind, IntType)
        known = interval(expr.value)
        value = self.compile(expr.value)
        checks = []  # past an end, go on from that end: what follows may be an index
        name = self.fresh("n")
        if kind.high is not None and (known is None or known[1] > kind.high):
            checks.append(
                f"if ({name} > {kind.high}) {{ fail(w, {self.site(kind.bound, expr.span)}); "
                f"{name} = {kind.high}; }} "
            )
        if kind.low is not None and (known is None or known[0] < kind.low):
            checks.append(
                f"if ({name} < {kind.low}) {{ fail(w, {self.site(None, expr.span)}); "
                f"{name} = {kind.low}; }} "
            )
        if not checks:
            return value
        return f"({{ i64 {name} = {value}; {''.join(checks)}{name}; }})"

    def _fit_collection(self, expr: Fit, kind: CollectionType) -> str:
        inner = expr.value
        if is_short(kind):
            return self.compile(inner)
        match inner:  # the commonest: one more element, then room for it is looked for once
            case Apply(op=Op.INSERT | Op.APPEND, args=(whole, item)) if whole.type == kind:
                return self._added(kind, self.compile(whole), self.compile(item))
        assert isinstance(inner.type, CollectionType)
        site = self.site(bound_name(kind), expr.span)
        return f"{self.shapes.refit(inner.type, kind)}(w, {self.compile(inner)}, {site})"

    def _undefined(self, expr: Expr) -> str:
        site = self.site(None, expr.span)
        if is_scalar(expr.type):
            return f"(fail(w, {site}), 0)"
        return f"(fail(w, {site}), ({self.shapes.of(expr.type)}){{0}})"

    # -------------------------------------------------------- comprehensions

    def loop(self, source: Source, name: str, *, distinct: bool = False) -> tuple[str, str]:
        """The head of a loop over a source, and the text that sets the variable `name`.

        The second is to stand first in the loop's body.  `distinct`: each element once.
        """
        match source:
            case Domain(item):
                return self._domain(item, name)
            case Between(start, stop):
                end = self.fresh("end")
                first, last = self.compile(start), self.compile(stop)
                return (
                    f"for (i64 {name} = {first}, {end} = {last}; {name} < {end}; {name}++)",
                    "",
                )
            case Elements(whole, item):
                return self._elements(whole, item, name, distinct=distinct)

    def _domain(self, item: Type, name: str) -> tuple[str, str]:
        turns = item.choices or 0
        unroll = f'_Pragma("GCC unroll {UNROLL}") ' if turns <= UNROLL else ""
        if isinstance(item, IntType):
            low = low_of(item)
            return f"{unroll}for (i64 {name} = {low}; {name} < {low + turns}; {name}++)", ""
        if is_scalar(item):
            return f"{unroll}for (u64 {name} = 0; {name} < {turns}; {name}++)", ""
        turn = self.fresh("i")
        return (
            f"for (int {turn} = 0; {turn} < {turns}; {turn}++)",
            f"{self.shapes.of(item)} {name} = {self.shapes.every(item)}[{turn}]; ",
        )

    def _elements(self, whole: Expr, item: Type, name: str, *, distinct: bool) -> tuple[str, str]:
        rest = self.fresh("rest")
        value, kind = self.compile(whole), whole.type
        if is_short(kind):
            code = self.shapes.decoded(item, f"(u64)__builtin_ctzll({rest})")
            return (
                f"for (u64 {rest} = {value}; {rest}; {rest} &= {rest} - 1)",
                f"{self.shapes.of(item)} {name} = {code}; ",
            )
        head = (
            f"for (struct {{ {self.shapes.of(kind)} a; u32 i; }} {rest} = {{{value}, 0}}; "
            f"{rest}.i < {rest}.a.len; {rest}.i++)"
        )
        now = f"{rest}.a.v[{rest}.i]"
        first = f"{self.shapes.of(item)} {name} = {now}; "
        if isinstance(kind, BagType):  # equal elements stand side by side
            same = self.shapes.equal(item, now, f"{rest}.a.v[{rest}.i - 1]")
            first = f"if ({rest}.i && {same}) continue; {first}"
        elif isinstance(kind, SeqType) and distinct:
            j, again = self.fresh("j"), self.fresh("again")
            same = self.shapes.equal(item, now, f"{rest}.a.v[{j}]")
            search = f"for (u32 {j} = 0; {j} < {rest}.i; {j}++) {again} |= {same};"
            first = f"int {again} = 0; {search} if ({again}) continue; {first}"
        return head, first

    def _reduce(self, expr: Expr) -> str:
        assert isinstance(expr, Reduce)
        name = self.fresh(expr.name)
        head, first = self.loop(expr.source, name)
        with self.naming(expr.name, name):
            where = None if expr.where is None else self.compile(expr.where)
            body = (
                self.code(expr.body)
                if is_short(expr.type) and expr.fold is Fold.SET
                else (self.compile(expr.body))
            )
        result = self.fresh("r")
        begin, turn, end = self._folding(expr, result, body)
        quick = (
            expr.fold in (Fold.ANY, Fold.ALL)
            and _cheap(expr.body)
            and (expr.where is None or _cheap(expr.where))
        )
        if quick:
            begin = f"u64 {result} = {int(expr.fold is Fold.ALL)};"
            if expr.fold is Fold.ANY:
                turn = f"{result} |= {body if where is None else f'({where} & {body})'};"
            else:
                turn = f"{result} &= {body if where is None else f'(!{where} | {body})'};"
            where = None
        guard = "" if where is None else f"if ({where}) "
        return f"({{ {begin} {head} {{ {first}{guard}{{ {turn} }} }} {end} }})"

    def _folding(self, expr: Reduce, r: str, body: str) -> tuple[str, str, str]:
        """How a fold begins, what it does with each body, and its result."""
        kind = expr.type
        match expr.fold:
            case Fold.ANY:
                return f"u64 {r} = 0;", f"if ({body}) {{ {r} = 1; break; }}", f"{r};"
            case Fold.ALL:
                return f"u64 {r} = 1;", f"if (!{body}) {{ {r} = 0; break; }}", f"{r};"
            case Fold.SUM:
                return f"i64 {r} = 0;", f"{r} += (i64){body};", f"{r};"
            case Fold.MIN | Fold.MAX:
                return self._extreme(expr, r, body)
            case _:
                assert isinstance(kind, CollectionType)
                return self._collected(expr, kind, r, body)

    def _extreme(self, expr: Reduce, r: str, body: str) -> tuple[str, str, str]:
        sign, some, item = (
            ("<" if expr.fold is Fold.MIN else ">"),
            self.fresh("some"),
            self.fresh("e"),
        )
        turn = f"i64 {item} = {body}; if (!{some} || {item} {sign} {r}) {r} = {item}; {some} = 1;"
        if expr.default is None:
            end = f"if (!{some}) fail(w, {self.site(None, expr.span)}); {r};"
        else:
            end = f"if (!{some}) {r} = {self.compile(expr.default)}; {r};"
        return f"i64 {r} = 0; int {some} = 0;", turn, end

    def _collected(
        self, expr: Reduce, kind: CollectionType, r: str, body: str
    ) -> tuple[str, str, str]:
        if is_short(kind):
            if expr.fold is Fold.FLAT:
                return f"u64 {r} = 0;", f"{r} |= {body};", f"{r};"
            return f"u64 {r} = 0;", f"{r} |= 1ULL << {body};", f"{r};"
        begin = f"{self.shapes.of(kind)} {r} = {{0}};"
        if expr.fold is not Fold.FLAT:
            return begin, f"{r} = {self._added(kind, r, body)};", f"{r};"
        inner, i = self.fresh("in"), self.fresh("i")
        held = self.shapes.of(expr.body.type)
        if is_short(expr.body.type):
            raise TypeError("sets of one bit a value unite to one")
        add = self._added(kind, r, f"{inner}.v[{i}]")
        turn = f"{held} {inner} = {body}; for (u32 {i} = 0; {i} < {inner}.len; {i}++) {r} = {add};"
        return begin, turn, f"{r};"


def _cheap(expr: Expr) -> bool:
    """Whether evaluating costs a few instructions and cannot fail, so that no branch is needed."""
    match expr:
        case Const() | Var():
            return True
        case Get(base=base):
            return _cheap(base)
        case At(base=base, key=key):
            return isinstance(base.type, MapType) and _cheap(base) and _cheap(key)
        case Apply(op=op, args=args):
            return op in _CHEAP and all(map(_cheap, args)) and all(is_scalar(a.type) for a in args)
        case _:
            return False


_CHEAP = frozenset({Op.NOT, Op.AND, Op.OR, Op.EQ, Op.NE, Op.LT, Op.LE, Op.ADD, Op.SUB, Op.ORDINAL,
                    Op.CONTAINS, Op.LEN})  # fmt: skip

_INFIX: Mapping[Op, str] = {
    Op.AND: "&&", Op.OR: "||", Op.LT: "<", Op.LE: "<=", Op.ADD: "+", Op.SUB: "-", Op.MUL: "*",
}  # fmt: skip


def _not(to: Expressions, expr: Apply) -> str:
    return f"!{to.compile(expr.args[0])}"


def _equal(to: Expressions, expr: Apply) -> str:
    a, b = expr.args
    if is_scalar(a.type):
        text = f"({to.compile(a)} == {to.compile(b)})"
    else:
        text = to.shapes.equal(a.type, to.compile(a), to.compile(b))
    return f"!{text}" if expr.op is Op.NE else text


def _divide(to: Expressions, expr: Apply) -> str:
    a, b = (to.compile(argument) for argument in expr.args)
    x = to.fresh("a")
    floor = f"({x} / {b} - ({x} % {b} < 0))"
    rest = f"({x} % {b} + ({x} % {b} < 0 ? {b} : 0))"
    return f"({{ i64 {x} = {a}; {floor if expr.op is Op.DIV else rest}; }})"


def _extreme(to: Expressions, expr: Apply) -> str:
    x, y = to.fresh("a"), to.fresh("b")
    a, b = (to.compile(argument) for argument in expr.args)
    sign = "<" if expr.op is Op.MIN else ">"
    return f"({{ i64 {x} = {a}, {y} = {b}; {x} {sign} {y} ? {x} : {y}; }})"


def _ordinal(to: Expressions, expr: Apply) -> str:
    return f"(i64){to.compile(expr.args[0])}"


def _index(to: Expressions, expr: Apply) -> str:
    x, site = to.fresh("n"), to.site(None, expr.span)
    value = to.compile(expr.args[0])
    outside = f"{x} < 0 || {x} >= {expr.type.count}"
    return f"({{ i64 {x} = {value}; if ({outside}) {{ fail(w, {site}); {x} = 0; }} (u64){x}; }})"


def _len(to: Expressions, expr: Apply) -> str:
    whole = to.compile(expr.args[0])
    if is_short(expr.args[0].type):
        return f"(i64)__builtin_popcountll({whole})"
    return f"(i64){whole}.len"


def _contains(to: Expressions, expr: Apply) -> str:
    whole, item = expr.args
    kind = whole.type
    assert isinstance(kind, CollectionType)
    value = to.compile(item)
    if is_short(kind):
        code = value
        if isinstance(kind.item, IntType):
            code = to.shapes.encoded(kind.item, value)
        test = f"({to.compile(whole)} >> {code} & 1)"
    else:
        test = f"{to.shapes.of(kind)}_has({to.compile(whole)}, {value})"
    if isinstance(kind.item, IntType):
        known = interval(item)
        low, high = kind.item.low or 0, kind.item.high or 0
        if known is None or known[0] < low or known[1] > high:
            return f"({value} >= {low} && {value} <= {high} && {test})"
    return test


def _count(to: Expressions, expr: Apply) -> str:
    whole, item = expr.args
    return f"{to.shapes.of(whole.type)}_count({to.compile(whole)}, {to.compile(item)})"


def _subset(to: Expressions, expr: Apply) -> str:
    a, b = (to.compile(argument) for argument in expr.args)
    if is_short(expr.args[0].type):
        return f"!({a} & ~{b})"
    return f"{to.shapes.of(expr.args[0].type)}_subset({a}, {b})"


def _algebra(to: Expressions, expr: Apply) -> str:
    a, b = (to.compile(argument) for argument in expr.args)
    if is_short(expr.args[0].type):
        sign = {Op.UNION: "|", Op.INTERSECT: "&", Op.DIFFERENCE: "& ~"}[expr.op]
        return f"({a} {sign}{b})"
    kind = expr.type
    assert isinstance(kind, CollectionType)
    own = to.shapes.of(expr.args[0].type)
    made, r, x, y, i = to.shapes.of(kind), *(to.fresh(h) for h in ("r", "a", "b", "i"))
    held = to.shapes.of(expr.args[1].type)
    begin = f"{own} {x} = {a}; {held} {y} = {b}; {made} {r} = {{0}}; "
    keep = {Op.UNION: "1", Op.INTERSECT: f"{held}_has({y}, {x}.v[{i}])",
            Op.DIFFERENCE: f"!{held}_has({y}, {x}.v[{i}])"}[expr.op]  # fmt: skip
    each = f"for (u32 {i} = 0; {i} < {{0}}.len; {i}++) if ({{1}}) {r} = {{2}}; "
    body = each.format(x, keep, to._added(kind, r, f"{x}.v[{i}]"))
    if expr.op is Op.UNION:
        body += each.format(y, "1", to._added(kind, r, f"{y}.v[{i}]"))
    return f"({{ {begin}{body}{r}; }})"


def _insert(to: Expressions, expr: Apply) -> str:
    whole, item = expr.args
    if is_short(whole.type):
        return f"({to.compile(whole)} | 1ULL << {to.code(item)})"
    assert isinstance(whole.type, CollectionType)
    assert isinstance(expr.type, CollectionType)
    grown = to.compile(whole)
    if whole.type != expr.type:
        site = to.site(bound_name(expr.type), expr.span)
        grown = f"{to.shapes.refit(whole.type, expr.type)}(w, {grown}, {site})"
    return to._added(expr.type, grown, to.compile(item))


def _discard(to: Expressions, expr: Apply) -> str:
    whole, item = expr.args
    must = expr.op is Op.REMOVE
    site = to.site(None, expr.span) if must else 0
    if is_short(whole.type):
        a, b = to.fresh("a"), to.fresh("b")
        check = f"if (!({a} & {b})) fail(w, {site}); " if must else ""
        return (f"({{ u64 {a} = {to.compile(whole)}, {b} = 1ULL << {to.code(item)}; {check}"
                f"{a} & ~{b}; }})")  # fmt: skip
    name = to.shapes.of(whole.type)
    return f"{name}_remove(w, {to.compile(whole)}, {to.compile(item)}, {int(must)}, {site})"


def _slice(to: Expressions, expr: Apply) -> str:
    whole, a = expr.args[0], to.fresh("a")
    name, site = to.shapes.of(whole.type), to.site(None, expr.span)
    if expr.op is Op.REST:
        call = f"{name}_slice(w, {a}, 1, {a}.len, !{a}.len, {site})"
    elif expr.op is Op.FRONT:
        call = f"{name}_slice(w, {a}, 0, (i64){a}.len - 1, !{a}.len, {site})"
    else:
        size = to.fresh("n")
        call = (f"({{ i64 {size} = {to.compile(expr.args[1])}; "
                f"{name}_slice(w, {a}, 0, {size}, {size} < 0, {site}); }})")  # fmt: skip
    return f"({{ {name} {a} = {to.compile(whole)}; {call}; }})"


def _concat(to: Expressions, expr: Apply) -> str:
    a, b = expr.args
    kind = expr.type
    assert isinstance(kind, CollectionType)
    made, r, y, i = to.shapes.of(kind), to.fresh("r"), to.fresh("b"), to.fresh("i")
    first = f"{to.shapes.refit(a.type, kind)}(w, {to.compile(a)}, 0)"  # type: ignore[arg-type]
    second = f"{to.shapes.of(b.type)} {y} = {to.compile(b)};"
    add = to._added(kind, r, f"{y}.v[{i}]")
    loop = f"for (u32 {i} = 0; {i} < {y}.len; {i}++) {r} = {add};"
    return f"({{ {made} {r} = {first}; {second} {loop} {r}; }})"


_OPERATORS: Mapping[Op, Callable[[Expressions, Apply], str]] = {
    Op.NOT: _not, Op.EQ: _equal, Op.NE: _equal, Op.DIV: _divide, Op.MOD: _divide,
    Op.MIN: _extreme, Op.MAX: _extreme, Op.ORDINAL: _ordinal, Op.INDEX: _index, Op.LEN: _len,
    Op.CONTAINS: _contains, Op.COUNT: _count, Op.SUBSET: _subset, Op.UNION: _algebra,
    Op.INTERSECT: _algebra, Op.DIFFERENCE: _algebra, Op.INSERT: _insert, Op.DISCARD: _discard,
    Op.REMOVE: _discard, Op.APPEND: _insert, Op.REST: _slice, Op.FRONT: _slice, Op.PREFIX: _slice,
    Op.CONCAT: _concat,
}  # fmt: skip

_NODES: Mapping[type[Expr], Callable[[Expressions, Expr], str]] = {
    Const: Expressions._const, Var: Expressions._var, Get: Expressions._get, At: Expressions._at,
    Apply: Expressions._apply, Choose: Expressions._choose, Bind: Expressions._bind,
    Make: Expressions._make, Table: Expressions._table, Listed: Expressions._listed,
    Reduce: Expressions._reduce, Some: Expressions._some, Unwrap: Expressions._unwrap,
    Inject: Expressions._convert, IsA: Expressions._is_a, Project: Expressions._convert,
    Fit: Expressions._fit, Undefined: Expressions._undefined,
}  # fmt: skip
