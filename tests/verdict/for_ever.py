"""A machine with runs that go on for ever, whose lassos the tests of the command line show."""

from __future__ import annotations

from typing import Annotated

from verdict import Machine, Range, Variant, action, eventually, require

Floor = Annotated[int, Range(0, 3)]


class Lift(Machine):
    """A lift that goes up and down between its upper floors, and may get stuck."""

    stopping: Variant[bool] = False
    floor: Floor = 0
    stuck: bool = False

    @action(by="motor", fair="weak")
    def rise(self) -> None:
        """One floor up."""
        require(not self.stuck)
        require(self.floor < 3)
        self.floor += 1

    @action(by="motor")
    def sink(self) -> None:
        """One floor down, but not to the ground again."""
        require(not self.stuck)
        require(self.floor > 1)
        self.floor -= 1

    @action(by="motor")
    def get_stuck(self) -> None:
        """It stops between two floors."""
        require(self.stopping)
        require(self.floor == 2)
        self.stuck = True

    def ordered(self) -> bool:
        """Somebody waits at the top, and the lift has left the ground."""
        return self.floor > 0

    @eventually(again=True)
    def comes_down(self) -> bool:
        """The lift is on the ground again and again."""
        return self.floor == 0

    @eventually(after=ordered)
    def comes_up(self) -> bool:
        """Whoever waits at the top is reached."""
        return self.floor == 3

    @eventually
    def leaves(self) -> bool:
        """The lift leaves the ground."""
        return self.floor > 0

    def trusted(self) -> bool:
        """What cannot be said at the top."""
        assert self.floor < 3
        return True

    @eventually(after=trusted)
    def is_sound(self) -> bool:
        """It stays where it can be trusted."""
        return not self.stuck
