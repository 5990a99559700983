"""Whether a machine does not care which value of a symmetric domain is which.

Symmetry visits one state of those that differ in names alone.  That is sound where renaming
values in a state renames them in its successors, and changes no property.  The language sees to
most of it: values of a symmetric domain are not ordered, numbered or put in a row, and none is
singled out.
What is left:

    a loop over what has no order    its body must do the same in every order: it writes places
                                     of the element alone, or adds to and takes from a set or bag
    what happens eventually          a loop of representatives is not a loop of the machine, and
                                     fairness to an actor is lost with its name
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations

from checker.errors import RequestError, Span
from checker.language.ir import (
    Apply,
    Assign,
    At,
    Elements,
    Expr,
    For,
    Get,
    If,
    Let,
    Node,
    Op,
    Program,
    Stmt,
    Var,
    children,
    walk,
)
from checker.language.types import SeqType, symmetric_domains

ADDING = frozenset({Op.UNION, Op.INSERT})
TAKING = frozenset({Op.DISCARD, Op.REMOVE, Op.DIFFERENCE})
"""Operations of sets and bags that can be done in any order, among themselves."""


def is_symmetric(program: Program) -> bool:
    """Whether visiting representatives alone decides the program."""
    try:
        refuse_unsound(program)
    except RequestError:
        return False
    return True


def refuse_unsound(program: Program) -> None:
    """RequestError where visiting representatives alone would not decide the program."""
    for prop in program.properties:
        if prop.kind == "eventually":
            raise RequestError(
                f"{prop.promise.id} asks what happens eventually, which symmetry cannot decide",
                hint="without --symmetry, or --property with the ids of others",
            )
    for one in (program, *(refinement.spec for refinement in program.refinements)):
        for problem, span in objections(one):
            place = f" ({span})" if span else ""
            raise RequestError(
                f"{one.name} is not symmetric: {problem}{place}",
                hint="without --symmetry, or write it so that no order enters",
            )


def objections(program: Program) -> Iterator[tuple[str, Span | None]]:
    """What may depend on the order of values that have none."""
    roots: list[Node] = [prop.test for prop in program.properties]
    for action in (*program.actions, *program.initials):
        if not action.impossible:
            roots.extend(action.body)
    for refinement in program.refinements:
        roots.extend(refinement.body)
    for root in roots:
        for node in walk(root):
            if isinstance(node, For) and _unordered(node) and not _pointwise(node):
                yield "what a loop does may depend on the order of the values", node.span


def _unordered(node: For) -> bool:
    """Whether a source has an order only because it must have one."""
    source = node.source
    if isinstance(source, Elements) and isinstance(source.collection.type, SeqType):
        return False
    return bool(symmetric_domains(source.item))


def _pointwise(loop: For) -> bool:
    """Whether the body does the same in every order of the elements."""
    inside = [node for statement in loop.body for node in walk(statement)]
    own = {node.name for node in inside if isinstance(node, Let)}
    names = _names(loop.name, [node for node in inside if isinstance(node, Let)])
    written = [n for n in inside if isinstance(n, Assign) and _root(n.place) not in own]
    return (
        not _carried(loop.body, own, set())
        and all(_keyed(node.place, names) or _way(node) is not None for node in written)
        and all(
            _way(one) is _way(other)
            for one, other in combinations(written, 2)
            if same(one.place, other.place)
        )
        and not any(
            _touch(read, node.place, names) for read in _reads(loop.body) for node in written
        )
    )


def _names(element: str, lets: list[Let]) -> frozenset[str]:
    """What the element is called in the body: locals that are it and nothing else."""
    found = {element}
    given = Counter(let.name for let in lets)
    for let in lets:
        if given[let.name] == 1 and isinstance(let.value, Var) and let.value.name in found:
            found.add(let.name)
    return frozenset(found)


def _root(place: Expr) -> str:
    """The variable that a path starts from."""
    return next(part.name for part in _path(place) if isinstance(part, Var))


def _path(place: Expr) -> Iterator[Expr]:
    """A place, what it is in, what that is in, and so on."""
    yield place
    while isinstance(place, Get | At):
        place = place.base
        yield place


def _keyed(place: Expr, names: frozenset[str]) -> bool:
    """Whether a place belongs to the element: a map at it is on the way."""
    return any(_at_element(part, names) for part in _path(place))


def _at_element(part: Expr, names: frozenset[str]) -> bool:
    return isinstance(part, At) and isinstance(part.key, Var) and part.key.name in names


def _way(node: Assign) -> frozenset[Op] | None:
    """Whether a set or bag is added to or taken from; None where it is something else."""
    value = node.value
    if not isinstance(value, Apply) or isinstance(value.type, SeqType):
        return None
    if not same(value.args[0], node.place):
        return None
    return next((way for way in (ADDING, TAKING) if value.op in way), None)


def _carried(body: tuple[Stmt, ...], own: set[str], given: set[str]) -> bool:
    """Whether a local is read where this turn may not have given it its value.

    `given`: the locals that have theirs; those that the body gives in any case are added.
    """
    for statement in body:
        match statement:
            case If(test=test, then=then, other=other):
                ways = [set(given), set(given)]
                if _wants([test], own - given) or any(
                    _carried(branch, own, way)
                    for branch, way in zip((then, other), ways, strict=True)
                ):
                    return True
                given |= ways[0] & ways[1]
            case For(source=source, body=inner):
                if _wants([source], own - given) or _carried(inner, own, set(given)):
                    return True
            case Let(name=name, value=value):
                if _wants([value], own - given):
                    return True
                given.add(name)
            case _:
                if _wants([statement], own - given):
                    return True
    return False


def _wants(nodes: Iterable[Node], names: set[str]) -> bool:
    """Whether a variable of these names is read."""
    return any(isinstance(part, Var) and part.name in names for n in nodes for part in walk(n))


def _reads(nodes: Iterable[Node]) -> Iterator[Expr]:
    """The paths that are read, each as long as it is; of what is written only the keys."""
    for node in nodes:
        if isinstance(node, Assign):
            yield from _keys(node.place)
            value = node.value
            if _way(node) is not None and isinstance(value, Apply):
                yield from _reads(value.args[1:])
            else:
                yield from _reads([value])
        elif isinstance(node, Get | At | Var):
            yield node
            yield from _keys(node)
            yield from _reads(part for part in _path(node) if not isinstance(part, Get | At | Var))
        else:
            yield from _reads(children(node))


def _keys(place: Expr) -> Iterator[Expr]:
    return _reads(part.key for part in _path(place) if isinstance(part, At))


def _touch(read: Expr, place: Expr, names: frozenset[str]) -> bool:
    """Whether what is read can be what another turn writes at the place."""
    reads, writes = list(_path(read))[::-1], list(_path(place))[::-1]
    for one, other in zip(reads, writes, strict=False):
        if _at_element(one, names) and _at_element(other, names):
            return False  # each turn has its own
        if isinstance(one, At) and isinstance(other, At):
            continue  # keys may be equal
        if not same(one, other):
            return False
    return True


def same(a: Expr, b: Expr) -> bool:
    """Whether two paths are the same, wherever they are written."""
    match a, b:
        case Var(name=x), Var(name=y):
            return x == y
        case Get(base=x, name=n), Get(base=y, name=m):
            return n == m and same(x, y)
        case At(base=x, key=k), At(base=y, key=j):
            return same(x, y) and same(k, j)
        case _:
            return a == b
