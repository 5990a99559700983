"""An allocator that hands out resources in any order.

A client that holds nothing asks for a set of resources.  The allocator gives it some of those
that are free, perhaps not all at once.  The client returns what it has, all or a part, also
before its request is met.

The mistake that this machine does not make is to give a resource twice.  The one that it does
make is that two clients may each hold what the other waits for, `stuck`: since a client may
return what it has at any time, that is not yet the end.

Not modelled: that clients do return, and that every request is met; both are liveness.

Source: S. Merz, the module SimpleAllocator of the TLA+ Examples.

Checked, as distinct states, states generated, and depth:

    SimpleAllocator   Client=3 Resource=2   400   1,633   6
"""

from __future__ import annotations

from verdict import (
    Index,
    Machine,
    Map,
    Set,
    action,
    configuration,
    invariant,
    reachable,
    require,
)


class Client(Index, symmetric=True):
    """Someone who needs resources."""


class Resource(Index, symmetric=True):
    """Something that one client at a time can have."""


class SimpleAllocator(Machine):
    """What each client waits for, and what it has."""

    waiting: Map[Client, Set[Resource]]
    held: Map[Client, Set[Resource]]

    @action
    def request(self, c: Client, wanted: Set[Resource]) -> None:
        """A client that has nothing and waits for nothing asks for some resources."""
        require(len(self.waiting[c]) == 0 and len(self.held[c]) == 0)
        require(len(wanted) > 0)
        self.waiting[c] = wanted

    @action(by="allocator")
    def allocate(self, c: Client, given: Set[Resource]) -> None:
        """The allocator gives a client some free resources that it waits for."""
        require(len(given) > 0)
        require(given <= self.waiting[c])
        require(all(self.free(r) for r in given))
        self.held[c] = self.held[c] | given
        self.waiting[c] = self.waiting[c] - given

    @action
    def give_back(self, c: Client, returned: Set[Resource]) -> None:
        """A client returns some of the resources that it has."""
        require(len(returned) > 0)
        require(returned <= self.held[c])
        self.held[c] = self.held[c] - returned

    def free(self, r: Resource) -> bool:
        """Whether nobody has the resource."""
        return not any(r in self.held[c] for c in Client)

    @invariant
    def exclusive(self) -> bool:
        """No resource is with two clients."""
        return all(len(self.held[a] & self.held[b]) == 0 for a in Client for b in Client if a != b)

    @invariant
    def not_both(self) -> bool:
        """Nobody waits for what it already has."""
        return all(len(self.held[c] & self.waiting[c]) == 0 for c in Client)

    @reachable
    def stuck(self) -> bool:
        """Two clients can each hold what the other waits for."""
        return any(
            len(self.held[a] & self.waiting[b]) > 0 and len(self.held[b] & self.waiting[a]) > 0
            for a in Client
            for b in Client
        )

    configurations = (configuration("three clients, two resources", Client=3, Resource=2),)
