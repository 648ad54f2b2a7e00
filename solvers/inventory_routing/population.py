"""The plans that a search keeps, and how two of them are crossed."""

from __future__ import annotations

import numpy as np

from solvers.inventory_routing.member import Member
from solvers.inventory_routing.state import Floats, Ints

_ALIKE = 0.05  # share of visits in which two members must differ to be kept both
_TAKEN = (0.2, 0.6)  # share of the customers that differ whose visits come from the second parent


def admit(members: list[Member], new: Member, size: int) -> None:
    """Take a member up: in the place of one much like it if it is cheaper, else in that of the dearest of too many."""
    if members:
        gaps = [new.differs(member) for member in members]
        nearest = int(np.argmin(gaps))
        if gaps[nearest] <= _ALIKE * np.count_nonzero(new.units):
            if new.cost < members[nearest].cost:
                members[nearest] = new
            return
    members.append(new)
    if len(members) > size:
        del members[int(np.argmax([member.cost for member in members]))]


def choose_parents(members: list[Member], rng: np.random.Generator) -> tuple[Member, Member]:
    """Return the cheaper of two by chance, and another one by chance."""
    drawn = rng.integers(len(members), size=2)
    first = int(min(drawn, key=lambda number: members[number].cost))
    second = (first + int(rng.integers(1, len(members)))) % len(members)
    return members[first], members[second]


def customers_to_take(one: Member, other: Member, distance: Floats, rng: np.random.Generator) -> Ints:
    """Return which customers get their visits from `other`: near ones, or any, among those visited on other days.

    Empty where fewer than two customers are visited on other days.
    """
    differ = 1 + np.flatnonzero(((one.units > 0) != (other.units > 0)).any(axis=0)[1:])
    if len(differ) < 2:
        return differ[:0]
    first = rng.choice(differ)
    number = max(1, int(len(differ) * rng.uniform(*_TAKEN)))
    if rng.random() < 0.5:
        nearest: Ints = differ[np.argsort(distance[first, differ], kind="stable")][:number]
        return rng.permutation(nearest)
    return rng.permutation(differ)[:number]
