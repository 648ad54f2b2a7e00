"""VROOM's steps: the stops of a vehicle in order, with the times that a plan holds them to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from solvers.routing.formats.vroom_json import Reader
from solvers.routing.problem import UNBOUNDED
from solvers.routing.solution import BREAK, RELOAD
from solvers.routing.timetable import Span


@dataclass(frozen=True, slots=True)
class Steps:
    """What steps say.

    Attributes
    ----------
    clients : as in `Route.clients`.
    held : earliest and latest start by place in `clients` (-1: departure, their number: end).
    pinned, frozen : how many of the first stops stay on the vehicle in this order, and with nothing between them.
    """

    clients: tuple[int, ...]
    held: dict[int, Span]
    pinned: tuple[int, ...]
    frozen: int


def read_steps(steps: Sequence[Reader], client_of: Mapping[tuple[str, int], int], break_of: Mapping[int, int]) -> Steps:
    """Return the steps of one vehicle; unknown ids and types are noted as faults.

    Parameters
    ----------
    client_of : client by (type, id).
    break_of : number of the vehicle's break by id.
    """
    clients: list[int] = []
    held: dict[int, Span] = {}
    pinned: list[int] = []
    frozen = 0
    for step in steps:
        kind = step.members.get("type")
        at = len(clients)
        if kind == "start":
            at = -1
        elif kind == "reload":
            clients.append(RELOAD)
        elif kind in {"job", "pickup", "delivery", "break"}:
            number = step.members.get("id", step.members.get("job"))
            known = break_of.get(number) if kind == "break" else client_of.get((str(kind), number))  # type: ignore[arg-type]
            if known is None:
                what = "break of the vehicle" if kind == "break" else f"{kind} of the problem"
                step.fault("id", f"{number!r} is no {what}", "use an id of the problem file")
                continue
            clients.append(BREAK - known if kind == "break" else known)
            if kind != "break" and (step.members.get("pinned") is True or step.members.get("frozen") is True):
                pinned.append(known)
                if step.members.get("frozen") is True and frozen == len(pinned) - 1:
                    frozen += 1
        elif kind != "end":
            step.fault("type", f"{kind!r} is not understood", "use start, job, pickup, delivery, break, reload or end")
            continue
        low, high = step.whole("service_after", -UNBOUNDED), step.whole("service_before", UNBOUNDED)
        if step.has("service_at"):
            low = high = step.whole("service_at", 0)
        if (low, high) != (-UNBOUNDED, UNBOUNDED):
            held[at] = (low, high)
    return Steps(tuple(clients), held, tuple(pinned), frozen)
