"""The operators of the IR on shapes: one table.

`and` and `or` are not in it: whether their second operand is evaluated is a matter of paths,
and so of `expressions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from checker.engines.symbolic import containers, terms
from checker.engines.symbolic.scope import Scope
from checker.engines.symbolic.shapes import Shape, Slots, equal
from checker.language.ir import Apply, Op
from checker.language.types import CollectionType


@dataclass(frozen=True)
class Site:
    """An operator where it is applied."""

    scope: Scope
    node: Apply

    @property
    def kind(self) -> CollectionType:
        """The type of the first operand, a collection."""
        kind = self.node.args[0].type
        assert isinstance(kind, CollectionType)
        return kind

    def demand(self, test: terms.Bit) -> None:
        """The operation is a defect where the test fails."""
        self.scope.demand(test, self.node.span)


def _index(site: Site, value: terms.Num) -> Shape:
    most = (site.node.type.count or 1) - 1
    site.demand(terms.within(value, 0, most))
    return terms.narrowed(value, 0, most)


def _ordinal(_: Site, value: Any) -> Shape:
    return value if isinstance(value, terms.Num) else terms.count((value,))


def _discard(site: Site, held: Any, item: Any) -> Shape:
    return containers.discard(site.kind, held, item)


def _remove(site: Site, held: Any, item: Any) -> Shape:
    site.demand(containers.contains(site.kind, held, item))
    return _discard(site, held, item)


def _shortened(cut: Callable[[Slots], Shape]) -> Callable[[Site, Any], Shape]:
    def apply(site: Site, slots: Slots) -> Shape:
        site.demand(slots.used(0))
        return cut(slots)

    return apply


def _prefix(site: Site, slots: Any, size: terms.Num) -> Shape:
    site.demand(terms.at_most(terms.number(0), size))
    return containers.prefix(slots, size)


def _of_kind(function: Callable[..., Shape]) -> Callable[..., Shape]:
    return lambda site, *operands: function(site.kind, *operands)


def _pure(function: Callable[..., Shape]) -> Callable[..., Shape]:
    return lambda _, *operands: function(*operands)


OPERATORS: Mapping[Op, Callable[..., Shape]] = {
    Op.NOT: _pure(terms.neg),
    Op.EQ: _pure(equal),
    Op.NE: _pure(lambda a, b: terms.neg(equal(a, b))),
    Op.LT: _pure(terms.less),
    Op.LE: _pure(terms.at_most),
    Op.ADD: _pure(terms.add),
    Op.SUB: _pure(terms.subtract),
    Op.MUL: _pure(terms.multiply),
    Op.DIV: _pure(terms.divide),
    Op.MOD: _pure(terms.remainder),
    Op.MIN: _pure(terms.smaller),
    Op.MAX: _pure(terms.greater),
    Op.ORDINAL: _ordinal,
    Op.INDEX: _index,
    Op.LEN: _pure(containers.length),
    Op.CONTAINS: _of_kind(containers.contains),
    Op.COUNT: _pure(containers.occurrences),
    Op.SUBSET: _of_kind(containers.subset),
    Op.UNION: _of_kind(containers.union),
    Op.INTERSECT: _of_kind(containers.intersection),
    Op.DIFFERENCE: _of_kind(containers.difference),
    Op.INSERT: _of_kind(containers.insert),
    Op.DISCARD: _discard,
    Op.REMOVE: _remove,
    Op.APPEND: _pure(containers.put),
    Op.REST: _shortened(containers.rest),
    Op.FRONT: _shortened(containers.front),
    Op.PREFIX: _prefix,
    Op.CONCAT: _pure(containers.concat),
}
