"""From IR expressions to Python expressions over packed integers.

`Expressions.compile` is a walker with one method a node, and one table of operators.  Domains
that are small are unrolled, so that their variables are constants and most shifts are, too.

Where a partial operation fails, generated code raises `Signal`; the reference evaluator then
says what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count

from checker.engines.layout import Layout, layout
from checker.engines.python.pieces import Piece, Window, constant, window
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
    CollectionType,
    IntType,
    MapType,
    OptionType,
    RecordType,
    SeqType,
    SetType,
    Type,
    UnionType,
)

UNROLL_LIMIT = 64
"""Bodies of nested comprehensions and loops are written out at most this often."""


class Layouts:
    """The layout of each type, made once."""

    def __init__(self) -> None:
        self._known: dict[Type, Layout] = {}

    def of(self, kind: Type) -> Layout:
        """The layout of a type."""
        found = self._known.get(kind)
        if found is None:
            found = self._known[kind] = layout(kind)
        return found


class Expressions:
    """Compiles expressions; `names` says what each IR variable is in the generated code."""

    def __init__(self, layouts: Layouts) -> None:
        self.layouts = layouts
        self.names: dict[str, Piece] = {}
        self._temporaries = count()
        self._copies = 1

    # -------------------------------------------------------- scaffolding

    def fresh(self, hint: str = "x") -> str:
        """A name that is used nowhere else."""
        return f"{hint}{next(self._temporaries)}_"

    @contextmanager
    def naming(self, name: str, piece: Piece) -> Iterator[None]:
        """Let a variable be `piece` while the block runs."""
        before = self.names.get(name)
        self.names[name] = piece
        try:
            yield
        finally:
            if before is None:
                del self.names[name]
            else:
                self.names[name] = before

    @contextmanager
    def copied(self, times: int) -> Iterator[bool]:
        """Whether what follows may be written out `times` times."""
        before = self._copies
        allowed = before * times <= UNROLL_LIMIT
        if allowed:
            self._copies = before * max(1, times)
        try:
            yield allowed
        finally:
            self._copies = before

    def compile(self, expr: Expr) -> Piece:
        """The piece that an expression is."""
        return _NODES[type(expr)](self, expr)

    def text(self, expr: Expr) -> str:
        """The expression as an operand."""
        return self.compile(expr).read()

    def code(self, expr: Expr) -> Piece:
        """The expression's bits: as its value, but integers counted from the least."""
        piece = self.compile(expr)
        if isinstance(expr.type, IntType) and expr.type.low:
            return self._plus(piece, -expr.type.low)
        return piece

    def _plus(self, piece: Piece, amount: int) -> Piece:
        if amount == 0:
            return piece
        if piece.known is not None:
            return constant(piece.known + amount)
        return Piece(f"{piece.read()} {'+' if amount >= 0 else '-'} {abs(amount)}")

    def decode(self, piece: Piece, kind: Type) -> Piece:
        """Bits as a value: the reverse of `code`."""
        if isinstance(kind, IntType) and kind.low:
            return self._plus(piece, kind.low)
        return piece

    def slot(self, expr: Expr) -> str:
        """An element as it stands in a slot of a collection."""
        return self._plus(self.code(expr), 1).read()

    # -------------------------------------------------------- reading

    def _const(self, expr: Const) -> Piece:
        if isinstance(expr.type, IntType):
            return constant(int(expr.value))
        return constant(self.layouts.of(expr.type).pack(expr.value))

    def _var(self, expr: Var) -> Piece:
        return self.names[expr.name]

    def _get(self, expr: Get) -> Piece:
        base, kind = self.compile(expr.base), expr.base.type
        if kind.dense:
            assert isinstance(kind, RecordType)
            return self.decode(self._digit(base, kind, expr.name), expr.type)
        slot = self.layouts.of(kind).slot(expr.name)
        return self.decode(self._inside(base, kind, slot.shift, (), slot.layout), expr.type)

    def _digit(self, base: Piece, kind: RecordType, name: str) -> Piece:
        """A field of a dense record: a digit of its number."""
        stride, size, first = 1, 1, kind.fields[0][0] == name
        for own, inner in reversed(kind.fields):
            if own == name:
                size = inner.count or 1
                break
            stride *= inner.count or 1
        if base.known is not None:
            return constant(base.known // stride % size)
        if size == 1:
            return constant(0)
        text = base.read() if stride == 1 else f"{base.read()} // {stride}"
        return Piece(text if first else f"{text} % {size}")

    def _inside(
        self, base: Piece, kind: Type, shift: int, moving: tuple[str, ...], inner: Layout
    ) -> Piece:
        """The bits of a component of `base`."""
        if base.known is not None and not moving:
            return constant(base.known >> shift & inner.mask)
        if isinstance(base, Window) and base.width:
            return window(
                base.root, base.shift + shift, (*base.moving, *moving), inner.width, whole=False
            )
        whole = not moving and shift + inner.width == self.layouts.of(kind).width
        return window(base.read(), shift, moving, inner.width, whole)

    def _at(self, expr: At) -> Piece:
        base, kind = self.compile(expr.base), expr.base.type
        if isinstance(kind, SeqType):
            own = self.layouts.of(kind)
            call = (
                f"at({base.text}, {self.compile(expr.key).text}, {own.slot_width}, {kind.capacity})"
            )
            return self.decode(Piece(call), expr.type)
        shift, moving, inner = self.key_shift(kind, expr.key)
        return self.decode(self._inside(base, kind, shift, moving, inner), expr.type)

    def key_shift(self, kind: Type, key: Expr) -> tuple[int, tuple[str, ...], Layout]:
        """How far the slot of a map's key stands from the right: a constant and moving parts."""
        own = self.layouts.of(kind)
        assert own.item is not None
        last = own.item.width * (len(own.keys) - 1)
        code = self.code(key)
        if code.known is not None:
            return last - own.item.width * code.known, (), own.item
        step = f"{own.item.width} * {code.read()}" if own.item.width != 1 else code.read()
        return last, (step,), own.item

    # -------------------------------------------------------- operators

    def _apply(self, expr: Apply) -> Piece:
        if expr.op in (Op.AND, Op.OR):
            return self._connect(expr)
        if expr.op in _SIMPLE:
            pieces = [self.compile(argument) for argument in expr.args]
            if all(piece.known is not None for piece in pieces):
                values = [piece.known for piece in pieces]
                return constant(int(_FOLDED[expr.op](*values)))
            return Piece(_SIMPLE[expr.op].format(*(piece.read() for piece in pieces)))
        return Piece(_COLLECTIONS[expr.op](self, expr))

    def _connect(self, expr: Apply) -> Piece:
        absorbing = 0 if expr.op is Op.AND else 1
        left = self.compile(expr.args[0])
        if left.known is not None:
            return left if bool(left.known) == bool(absorbing) else self.compile(expr.args[1])
        right = self.compile(expr.args[1])
        if right.known is not None and bool(right.known) != bool(absorbing):
            return left
        return Piece(f"{left.read()} {expr.op.value} {right.read()}")

    def _choose(self, expr: Choose) -> Piece:
        test = self.compile(expr.test)
        if test.known is not None:
            return self.compile(expr.then if test.known else expr.other)
        then, other = self.compile(expr.then), self.compile(expr.other)
        return Piece(f"{then.read()} if {test.read()} else {other.read()}")

    def _bind(self, expr: Bind) -> Piece:
        value = self.compile(expr.value)
        if value.known is not None:
            with self.naming(expr.name, value):
                return self.compile(expr.body)
        name = self.fresh(expr.name)
        with self.naming(expr.name, Piece(name)):
            body = self.compile(expr.body)
        return Piece(f"(({name} := {value.read()}), {body.read()})[1]")

    # -------------------------------------------------------- making

    def _make(self, expr: Make) -> Piece:
        kind = expr.type
        assert isinstance(kind, RecordType)
        pieces = [self.code(argument) for argument in expr.args]
        terms = []
        if kind.dense:
            stride = 1
            for piece, (_, inner) in reversed(list(zip(pieces, kind.fields, strict=True))):
                terms.append((piece, stride, "*"))
                stride *= inner.count or 1
            return _sum(terms, "+")
        slots = self.layouts.of(kind).slots
        return _sum([(p, slot.shift, "<<") for p, slot in zip(pieces, slots, strict=True)], "|")

    def _table(self, expr: Table) -> Piece:
        kind = expr.type
        assert isinstance(kind, MapType)
        own = self.layouts.of(kind)
        assert own.item is not None
        with self.copied(len(own.keys)) as unrolled:
            if unrolled:
                terms = []
                for position, key in enumerate(own.keys):
                    with self.naming(expr.name, self._key(kind.key, key)):
                        shift = own.item.width * (len(own.keys) - 1 - position)
                        terms.append((self.code(expr.body), shift, "<<"))
                return _sum(terms, "|")
        name = self.fresh(expr.name)
        with self.naming(expr.name, Piece(name)):
            body = self.code(expr.body)
        last = own.item.width * (len(own.keys) - 1)
        low = kind.key.low or 0 if isinstance(kind.key, IntType) else 0
        shift_text = f"{last} - {own.item.width} * ({name} - {low})"
        domain = f"range({low}, {low + len(own.keys)})"
        return Piece(f"sum({body.read()} << ({shift_text}) for {name} in {domain})")

    def _key(self, kind: Type, key: object) -> Piece:
        if isinstance(kind, IntType) and isinstance(key, int):
            return constant(key)
        return constant(self.layouts.of(kind).pack(key))

    def _listed(self, expr: Listed) -> Piece:
        kind = expr.type
        assert isinstance(kind, CollectionType)
        if not expr.items:
            return constant(0)
        if isinstance(kind, SetType) and kind.bits is not None:
            return Piece(" | ".join(f"1 << {self.code(item).read()}" for item in expr.items))
        items = f"[{', '.join(self.slot(item) for item in expr.items)}]"
        return Piece(self._gather(items, kind))

    def _gather(self, items: str, kind: CollectionType) -> str:
        width = self.layouts.of(kind).slot_width
        if isinstance(kind, SeqType):
            return f"joined({items}, {width}, {kind.capacity})"
        return f"gathered({items}, {width}, {kind.capacity}, once={isinstance(kind, SetType)})"

    # -------------------------------------------------------- options and unions

    def _some(self, expr: Some) -> Piece:
        if expr.type.dense:
            return self._plus(self.code(expr.value), 1)
        width = self.layouts.of(expr.value.type).width
        value = self.code(expr.value)
        return Piece(f"{value.read()} | {1 << width}")

    def _unwrap(self, expr: Unwrap) -> Piece:
        kind = expr.value.type
        value = self.compile(expr.value)
        inner = -1 if kind.dense else 0
        if value.known:
            bits = (
                value.known - 1
                if kind.dense
                else value.known & ((1 << self.layouts.of(expr.type).width) - 1)
            )
            return self.decode(constant(bits), expr.type)
        name = self.fresh()
        if kind.dense:
            low = expr.type.low or 0 if isinstance(expr.type, IntType) else 0
            return Piece(
                f"{self._plus(Piece(name), low + inner).text} if ({name} := {value.text}) else stop()"
            )
        mask = self.layouts.of(expr.type).mask
        return Piece(f"{name} & {mask} if ({name} := {value.text}) else stop()")

    def _range_of(self, whole: UnionType, option: RecordType) -> tuple[int, int]:
        base = 0
        for own in whole.options:
            if own == option:
                return base, base + (own.count or 0)
            base += own.count or 0
        raise KeyError(option)

    def _test(self, name: str, whole: UnionType, option: RecordType) -> str:
        """Whether the union's bits in `name` are of a record."""
        if not whole.dense:
            own = self.layouts.of(whole)
            tag = whole.options.index(option)
            return f"{name} >> {own.width - own.tag_width} == {tag}"
        low, high = self._range_of(whole, option)
        if high - low == 1:
            return f"{name} == {low}"
        if low == 0:
            return f"{name} < {high}"
        if option == whole.options[-1]:
            return f"{name} >= {low}"
        return f"{low} <= {name} < {high}"

    def _is_a(self, expr: IsA) -> Piece:
        assert isinstance(expr.value.type, UnionType)
        value = self.compile(expr.value)
        test = self._test(value.read(), expr.value.type, expr.option)
        if value.known is not None:
            return constant(int(eval(test)))  # noqa: S307 - a comparison of two numbers
        return Piece(test)

    def _shifted(self, name: str, source: Type, target: Type) -> str:
        """The bits of a record or union, as those of another that has it too."""
        options = source.options if isinstance(source, UnionType) else (source,)
        parts = []
        for option in options:
            assert isinstance(option, RecordType)
            if isinstance(target, UnionType) and option not in target.options:
                continue
            if not isinstance(target, UnionType) and option != target:
                continue
            moved = self._moved(name, source, target, option)
            test = self._test(name, source, option) if isinstance(source, UnionType) else "True"
            parts.append((moved, test))
        texts = {moved for moved, _ in parts}
        complete = len(parts) == len(options)
        if len(texts) == 1 and complete:
            return parts[0][0]
        tail = parts.pop()[0] if complete else "stop()"
        for moved, test in reversed(parts):
            tail = f"({moved}) if {test} else ({tail})"
        return tail

    def _moved(self, name: str, source: Type, target: Type, option: RecordType) -> str:
        text = name
        if isinstance(source, UnionType):
            if source.dense:
                low, _ = self._range_of(source, option)
                text = f"{name} - {low}" if low else name
            else:
                own = self.layouts.of(source)
                text = f"({name} & {(1 << own.width - own.tag_width) - 1})"
        if isinstance(target, UnionType):
            if target.dense:
                low, _ = self._range_of(target, option)
                return f"{text} + {low}" if low else text
            own = self.layouts.of(target)
            tag = target.options.index(option) << own.width - own.tag_width
            return f"{text} | {tag}" if tag else text
        return text

    def _inject(self, expr: Inject) -> Piece:
        return self._convert(expr.value, expr.type)

    def _project(self, expr: Project) -> Piece:
        return self._convert(expr.value, expr.type)

    def _convert(self, value: Expr, target: Type) -> Piece:
        piece = self.compile(value)
        if isinstance(target, UnionType) and isinstance(value.type, RecordType):
            text = self._shifted(piece.read(), value.type, target)
            if piece.known is not None:
                return constant(eval(text))  # noqa: S307 - a sum of two numbers
            return Piece(text)
        name = self.fresh()
        shifted = self._shifted(name, value.type, target)
        return Piece(f"(({name} := {piece.text}), {shifted})[1]")

    # -------------------------------------------------------- ranges

    def _fit(self, expr: Fit) -> Piece:
        kind = expr.type
        if isinstance(kind, CollectionType):
            return self._fit_collection(expr, kind)
        assert isinstance(kind, IntType)
        value = self.compile(expr.value)
        known = interval(expr.value)
        low, high = kind.low, kind.high
        below = known is None or low is not None and known[0] < low
        above = known is None or high is not None and known[1] > high
        if not below and not above:
            return value
        name = self.fresh()
        if below and above:
            test = f"{low} <= ({name} := {value.text}) <= {high}"
        else:
            test = f"({name} := {value.text}) " + (f">= {low}" if below else f"<= {high}")
        return Piece(f"{name} if {test} else stop()")

    def _fit_collection(self, expr: Fit, kind: CollectionType) -> Piece:
        inner = expr.value
        if isinstance(kind, SetType) and kind.bits is not None:
            return self.compile(inner)
        width = self.layouts.of(kind).slot_width
        match inner:  # the commonest: one more element, then room for it is looked for once
            case Apply(op=Op.INSERT, args=(whole, item)) if whole.type == kind:
                once = isinstance(kind, SetType)
                return Piece(f"insert({self.compile(whole).text}, {self.slot(item)}, {width}, "
                             f"{kind.capacity}, once={once})")  # fmt: skip
            case Apply(op=Op.APPEND, args=(whole, item)) if whole.type == kind:
                return Piece(f"append({self.compile(whole).text}, {self.slot(item)}, {width}, "
                             f"{kind.capacity})")  # fmt: skip
        assert isinstance(inner.type, CollectionType)
        old = inner.type.capacity
        return Piece(f"fit({self.compile(inner).text}, {width}, {old}, {kind.capacity})")

    def _undefined(self, _: Undefined) -> Piece:
        return Piece("stop()")

    # -------------------------------------------------------- comprehensions

    def _reduce(self, expr: Reduce) -> Piece:
        if expr.fold in _CHAINS and isinstance(expr.source, Domain):
            with self.copied(expr.source.size) as unrolled:
                if unrolled:
                    return self._unrolled(expr, expr.source)
        name = self.fresh(expr.name)
        iterable = self.iterable(expr.source)
        if ":=" in iterable:  # Python allows no assignment there, except in a function of its own
            iterable = f"(lambda: {iterable})()"
        with self.naming(expr.name, Piece(name)):
            where = "" if expr.where is None else f" if {self.compile(expr.where).read()}"
            body = self._body(expr)
        generator = f"{body} for {name} in {iterable}{where}"
        return Piece(self._folded(expr, generator))

    def _body(self, expr: Reduce) -> str:
        if expr.fold in (Fold.SET, Fold.BAG, Fold.SEQ):
            kind = expr.type
            if isinstance(kind, SetType) and kind.bits is not None:
                return f"1 << {self.code(expr.body).read()}"
            return self.slot(expr.body)
        return self.text(expr.body)

    def _folded(self, expr: Reduce, generator: str) -> str:
        kind = expr.type
        if expr.fold in (Fold.ANY, Fold.ALL, Fold.SUM):
            return f"{expr.fold.value}({generator})"
        if expr.fold in (Fold.MIN, Fold.MAX):
            if expr.default is not None:
                default = self.compile(expr.default).text
                return f"{expr.fold.value}(({generator}), default={default})"
            return f"{'least' if expr.fold is Fold.MIN else 'greatest'}({generator})"
        assert isinstance(kind, CollectionType)
        if isinstance(kind, SetType) and kind.bits is not None:
            return f"flat({generator})"
        if expr.fold is Fold.FLAT:
            width = self.layouts.of(kind).slot_width
            inner = f"(e_ for u_ in ({generator}) for e_ in slots(u_, {width}))"
            return self._gather(inner, kind)
        return self._gather(f"({generator})", kind)

    def iterable(self, source: Source) -> str:
        """What a generated `for` iterates over."""
        match source:
            case Domain(item):
                if not item.dense:
                    packed = [self.layouts.of(item).pack(value) for value in item.universe()]
                    return f"({', '.join(map(str, packed))},)"
                low = (item.low or 0) if isinstance(item, IntType) else 0
                return (
                    f"range({low}, {low + (item.choices or 0)})"
                    if low
                    else f"range({item.choices})"
                )
            case Between(start, stop):
                return f"range({self.compile(start).text}, {self.compile(stop).text})"
            case Elements(whole, item):
                text, kind = self.compile(whole).text, whole.type
                if isinstance(kind, SetType) and kind.bits is not None:
                    codes = f"bits({text})"
                else:
                    width = self.layouts.of(kind).slot_width
                    codes = f"{'elements' if isinstance(kind, SeqType) else 'ascending'}({text}, {width})"
                if isinstance(item, IntType) and item.low:
                    return f"(c_ + {item.low} for c_ in {codes})"
                return codes

    def domain(self, source: Domain) -> list[Piece]:
        """Every element of a domain, as constants."""
        return [self._key(source.item, value) for value in source.item.universe()]

    def _unrolled(self, expr: Reduce, source: Domain) -> Piece:
        connective, neutral, absorbing = _CHAINS[expr.fold]
        terms = []
        for piece in self.domain(source):
            with self.naming(expr.name, piece):
                where = None if expr.where is None else self.compile(expr.where)
                if where is not None and where.known == 0:
                    continue
                if where is not None and where.known is not None:
                    where = None
                body = self.compile(expr.body)
            if where is None and body.known == absorbing and absorbing is not None:
                return constant(absorbing)
            if body.known == neutral:
                continue
            terms.append(_guarded(expr.fold, where, body))
        if not terms:
            return constant(neutral)
        return Piece(connective.join(terms)) if len(terms) > 1 else Piece(terms[0])


def _guarded(fold: Fold, where: Piece | None, body: Piece) -> str:
    if where is None:
        return body.read()
    if fold is Fold.ANY:
        return f"({where.read()} and {body.read()})"
    if fold is Fold.ALL:
        return f"(not {where.read()} or {body.read()})"
    return f"({body.read()} if {where.read()} else 0)"


def _sum(terms: list[tuple[Piece, int, str]], connective: str) -> Piece:
    """Terms moved to their places and put together; the constant ones beforehand."""
    fixed, texts = 0, []
    for piece, amount, move in terms:
        if piece.known is not None:
            fixed += piece.known * amount if move == "*" else piece.known << amount
        elif amount == (1 if move == "*" else 0):
            texts.append(piece.read())
        else:
            texts.append(f"({piece.read()} {move} {amount})")
    if not texts:
        return constant(fixed)
    if fixed:
        texts.append(str(fixed))
    return Piece(f" {connective} ".join(texts))


_CHAINS: Mapping[Fold, tuple[str, int, int | None]] = {
    Fold.ANY: (" or ", 0, 1),
    Fold.ALL: (" and ", 1, 0),
    Fold.SUM: (" + ", 0, None),
}

_SIMPLE: Mapping[Op, str] = {
    Op.NOT: "not {}", Op.EQ: "{} == {}", Op.NE: "{} != {}", Op.LT: "{} < {}", Op.LE: "{} <= {}",
    Op.ADD: "{} + {}", Op.SUB: "{} - {}", Op.MUL: "{} * {}", Op.DIV: "{} // {}", Op.MOD: "{} % {}",
    Op.MIN: "min({}, {})", Op.MAX: "max({}, {})", Op.ORDINAL: "{}",
}  # fmt: skip

_FOLDED: Mapping[Op, Callable[..., int]] = {
    Op.NOT: lambda a: not a, Op.EQ: lambda a, b: a == b, Op.NE: lambda a, b: a != b,
    Op.LT: lambda a, b: a < b, Op.LE: lambda a, b: a <= b, Op.ADD: lambda a, b: a + b,
    Op.SUB: lambda a, b: a - b, Op.MUL: lambda a, b: a * b, Op.DIV: lambda a, b: a // b,
    Op.MOD: lambda a, b: a % b, Op.MIN: min, Op.MAX: max, Op.ORDINAL: lambda a: a,
}  # fmt: skip


def _short(kind: Type) -> bool:
    return isinstance(kind, SetType) and kind.bits is not None


def _len(to: Expressions, expr: Apply) -> str:
    whole = expr.args[0]
    assert isinstance(whole.type, CollectionType)
    if _short(whole.type):
        return f"({to.compile(whole).text}).bit_count()"
    width = to.layouts.of(whole.type).slot_width
    return f"length({to.compile(whole).text}, {width}, {whole.type.capacity})"


def _contains(to: Expressions, expr: Apply) -> str:
    whole, item = expr.args
    assert isinstance(whole.type, CollectionType)
    kind = whole.type.item
    code = to.compile(item)
    if isinstance(kind, IntType) and kind.low:
        code = to._plus(code, -kind.low)
    if _short(whole.type):
        base = to.compile(whole)
        if isinstance(base, Window) and code.known is not None:
            bit = base.shift + code.known
            test = window(base.root, bit, base.moving, 1, whole=False).text
        else:
            test = f"{base.read()} >> {code.read()} & 1"
    else:
        width = to.layouts.of(whole.type).slot_width
        test = f"contains({to.compile(whole).text}, {to._plus(code, 1).text}, {width})"
    if isinstance(kind, IntType):
        known = interval(item)
        if known is None or known[0] < (kind.low or 0) or known[1] > (kind.high or 0):
            return f"{kind.low} <= {to.text(item)} <= {kind.high} and {test}"
    return test


def _subset(to: Expressions, expr: Apply) -> str:
    a, b = expr.args
    if _short(a.type):
        return f"not {to.text(a)} & ~{to.text(b)}"
    width = to.layouts.of(a.type).slot_width
    return f"set(slots({to.text(a)}, {width})) <= set(slots({to.text(b)}, {width}))"


def _algebra(short: str, wide: str) -> Callable[[Expressions, Apply], str]:
    def compiled(to: Expressions, expr: Apply) -> str:
        a, b = expr.args
        if _short(a.type):
            return short.format(to.text(a), to.text(b))
        width = to.layouts.of(a.type).slot_width
        x, y = (f"set(slots({to.compile(e).text}, {width}))" for e in (a, b))
        assert isinstance(expr.type, CollectionType)
        return to._gather(wide.format(x, y), expr.type)

    return compiled


def _insert(to: Expressions, expr: Apply) -> str:
    whole, item = expr.args
    if _short(whole.type):
        code = to.code(item)
        bit = str(1 << code.known) if code.known is not None else f"1 << {code.read()}"
        return f"{to.text(whole)} | {bit}"
    assert isinstance(whole.type, CollectionType)
    assert isinstance(expr.type, CollectionType)
    width, once = to.layouts.of(whole.type).slot_width, isinstance(whole.type, SetType)
    grown = f"fit({to.compile(whole).text}, {width}, {whole.type.capacity}, {expr.type.capacity})"
    return f"insert({grown}, {to.slot(item)}, {width}, {expr.type.capacity}, once={once})"


def _discard(to: Expressions, expr: Apply) -> str:
    whole, item = expr.args
    if _short(whole.type):
        code = to.code(item)
        if expr.op is Op.REMOVE:
            name, other = to.fresh(), to.fresh()
            test = f"({name} := {to.text(whole)}) >> ({other} := {code.read()}) & 1"
            return f"{name} ^ 1 << {other} if {test} else stop()"
        bit = str(1 << code.known) if code.known is not None else f"(1 << {code.read()})"
        return f"{to.text(whole)} & ~{bit}"
    assert isinstance(whole.type, CollectionType)
    width = to.layouts.of(whole.type).slot_width
    return (f"{expr.op.value}({to.compile(whole).text}, {to.slot(item)}, {width}, "
            f"{whole.type.capacity})")  # fmt: skip


def _count(to: Expressions, expr: Apply) -> str:
    whole, item = expr.args
    width = to.layouts.of(whole.type).slot_width
    return f"count({to.compile(whole).text}, {to.slot(item)}, {width})"


def _append(to: Expressions, expr: Apply) -> str:
    whole, item = expr.args
    assert isinstance(whole.type, CollectionType)
    assert isinstance(expr.type, CollectionType)
    width = to.layouts.of(whole.type).slot_width
    grown = f"fit({to.compile(whole).text}, {width}, {whole.type.capacity}, {expr.type.capacity})"
    return f"append({grown}, {to.slot(item)}, {width}, {expr.type.capacity})"


def _end(name: str) -> Callable[[Expressions, Apply], str]:
    def compiled(to: Expressions, expr: Apply) -> str:
        whole = expr.args[0]
        assert isinstance(whole.type, CollectionType)
        width = to.layouts.of(whole.type).slot_width
        extra = "".join(f", {to.compile(argument).text}" for argument in expr.args[1:])
        return f"{name}({to.compile(whole).text}{extra}, {width}, {whole.type.capacity})"

    return compiled


def _concat(to: Expressions, expr: Apply) -> str:
    assert isinstance(expr.type, CollectionType)
    width = to.layouts.of(expr.type).slot_width
    texts = [f"*reversed(slots({to.compile(e).text}, {width}))" for e in expr.args]
    return f"joined([{', '.join(texts)}], {width}, {expr.type.capacity})"


def _index(to: Expressions, expr: Apply) -> str:
    return f"number({to.compile(expr.args[0]).text}, {expr.type.count})"


_COLLECTIONS: Mapping[Op, Callable[[Expressions, Apply], str]] = {
    Op.LEN: _len,
    Op.CONTAINS: _contains,
    Op.COUNT: _count,
    Op.SUBSET: _subset,
    Op.UNION: _algebra("{} | {}", "{} | {}"),
    Op.INTERSECT: _algebra("{} & {}", "{} & {}"),
    Op.DIFFERENCE: _algebra("{} & ~{}", "{} - {}"),
    Op.INSERT: _insert,
    Op.DISCARD: _discard,
    Op.REMOVE: _discard,
    Op.APPEND: _append,
    Op.REST: _end("rest"),
    Op.FRONT: _end("front"),
    Op.PREFIX: _end("prefix"),
    Op.CONCAT: _concat,
    Op.INDEX: _index,
}

_NODES: Mapping[type[Expr], Callable[[Expressions, Expr], Piece]] = {
    Const: Expressions._const,
    Var: Expressions._var,
    Get: Expressions._get,
    At: Expressions._at,
    Apply: Expressions._apply,
    Choose: Expressions._choose,
    Bind: Expressions._bind,
    Make: Expressions._make,
    Table: Expressions._table,
    Listed: Expressions._listed,
    Reduce: Expressions._reduce,
    Some: Expressions._some,
    Unwrap: Expressions._unwrap,
    Inject: Expressions._inject,
    IsA: Expressions._is_a,
    Project: Expressions._project,
    Fit: Expressions._fit,
    Undefined: Expressions._undefined,
}  # type: ignore[dict-item]

__all__ = ["Expressions", "Layouts", "OptionType"]
