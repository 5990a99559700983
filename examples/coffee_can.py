"""The coffee can: a puzzle about what stays the same.

A can holds black and white beans.  As long as it has two, take out two at random.  If they have
one colour, throw both away and put in a black one (there are enough aside); if not, throw the
black one away and put the white one back.  Each step leaves one bean less.  Of which colour is
the last?

Taking two white ones or none leaves the number of white beans odd or even as it was: a white
bean is left exactly if their number was odd.  That is `parity`, a property of steps.

The source lets a can with one bean rest, a step that changes nothing and is counted; so does
this machine.  Every can is a start, so that the search finds no state that it did not begin with:
the depth is 1.

Source: D. Gries, The Science of Programming (1981), section 23.2, after a letter by E. W.
Dijkstra; the module CoffeeCan of the TLA+ Examples.

Checked, as distinct states, states generated, and depth:

    CoffeeCan   most=100   5,150   20,002   1
"""

from __future__ import annotations

from typing import Annotated, Self

from verdict import (
    Machine,
    Range,
    Variant,
    action,
    configuration,
    initial,
    invariant,
    require,
    step,
)

Beans = Annotated[int, Range(0, 100)]
"""A number of beans."""


class CoffeeCan(Machine):
    """A can with at most `most` beans, and at least one."""

    black: Beans = 0
    white: Beans = 0
    most: Variant[int] = 100

    @initial
    def fill(self, black: Beans, white: Beans) -> None:
        """The can has any beans, but not none."""
        require(1 <= black + white <= self.most)
        self.black = black
        self.white = white

    @action
    def two_black(self) -> None:
        """Two black beans come out, and a black one goes in."""
        require(self.black > 1)
        self.black -= 1

    @action
    def two_white(self) -> None:
        """Two white beans come out, and a black one goes in."""
        require(self.white > 1)
        self.white -= 2
        self.black += 1

    @action
    def one_of_each(self) -> None:
        """A black and a white bean come out, and the white one goes back."""
        require(self.black >= 1 and self.white >= 1)
        self.black -= 1

    @action
    def rest(self) -> None:
        """The last bean stays."""
        require(self.left() == 1)

    def left(self) -> int:
        """How many beans are in the can."""
        return self.black + self.white

    @step
    def fewer(self, after: Self) -> bool:
        """Each step leaves one bean less, until there is one."""
        return after.left() == self.left() - 1 or (self.left() == 1 and after.left() == 1)

    @step
    def parity(self, after: Self) -> bool:
        """The number of white beans stays odd, or stays even."""
        return after.white % 2 == self.white % 2

    @invariant
    def never_stuck(self) -> bool:
        """The can is never empty, and where there are two beans, two can be taken."""
        both = self.black == 1 and self.white == 1
        return self.left() == 1 or self.black > 1 or self.white > 1 or both

    configurations = (
        configuration("ten beans", most=10),
        configuration("a hundred beans", most=100),
    )
