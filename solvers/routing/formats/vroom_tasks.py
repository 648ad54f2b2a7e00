"""VROOM's jobs and shipments: every task a client of the problem, a shipment two of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from solvers.routing.formats.routing_file import Place
from solvers.routing.formats.vroom_json import Json, Reader
from solvers.routing.problem import UNBOUNDED

TaskKind = Literal["job", "pickup", "delivery"]
MOST_PRIORITY = 100


@dataclass(frozen=True, slots=True)
class Task:
    """One stop: a job, or one end of a shipment; `origin` is the index of a delivery's pick-up, else -1."""

    kind: TaskKind
    id: int
    place: Place
    setup: int
    service: int
    setup_per_type: dict[str, int]
    service_per_type: dict[str, int]
    delivery: tuple[int, ...]
    pickup: tuple[int, ...]
    skills: frozenset[int]
    priority: int
    windows: tuple[tuple[int, int], ...]
    release: int
    prize: int | None
    description: str
    origin: int = -1


def read_tasks(document: Json, root: Reader, size: int | None) -> list[Task]:
    """Return jobs, then the pick-up and delivery of each shipment; `size` of the matrices, None without any."""
    tasks = [_task(reader, "job", reader, size) for reader in root.objects("jobs", "job")]
    for shipment in root.objects("shipments", "shipment"):
        for kind, end in _ends(shipment):
            tasks.append(_task(end, kind, shipment, size, len(tasks) - 1 if kind == "delivery" else -1))
    for kind in ("job", "pickup", "delivery"):
        check_ids([task.id for task in tasks if task.kind == kind], "jobs" if kind == "job" else "shipments", root)
    return tasks


def _ends(shipment: Reader) -> Iterator[tuple[TaskKind, Reader]]:
    ends: tuple[TaskKind, TaskKind] = ("pickup", "delivery")
    missing = [end for end in ends if not isinstance(shipment.members.get(end), dict)]
    for end in missing:
        shipment.fault(end, "is missing", "a shipment has a pickup and a delivery")
    if not missing:
        for end in ends:
            members = shipment.members[end]
            yield end, Reader(members, f"{shipment.where}.{end} ({end} {members.get('id', '?')})", shipment.faults)


def _task(reader: Reader, kind: TaskKind, shared: Reader, size: int | None, origin: int = -1) -> Task:
    """Read a task; amounts, skills and priority stand with the shipment."""
    amount = shared.wholes("amount") or ()
    delivery = (reader.wholes("delivery") or amount) if kind == "job" else amount if kind == "delivery" else ()
    pickup = (reader.wholes("pickup") or ()) if kind == "job" else amount if kind == "pickup" else ()
    priority = shared.whole("priority", 0)
    if priority > MOST_PRIORITY:
        shared.fault("priority", f"{priority} is above {MOST_PRIORITY}", f"write a number from 0 to {MOST_PRIORITY}")
    return Task(
        kind=kind,
        id=reader.whole("id", -1) if reader.has("id") else _missing_id(reader),
        place=read_place(reader, "location", "location_index", size),
        setup=reader.whole("setup", 0),
        service=reader.whole("service", 0),
        setup_per_type=reader.wholes_by_name("setup_per_type"),
        service_per_type=reader.wholes_by_name("service_per_type"),
        delivery=delivery,
        pickup=pickup,
        skills=frozenset(shared.wholes("skills") or ()),
        priority=priority,
        windows=tuple(sorted(reader.spans("time_windows"))) or ((0, UNBOUNDED),),
        release=reader.whole("release", 0),
        prize=shared.whole("prize", 0) if shared.has("prize") else None,
        description=reader.text("description"),
        origin=origin,
    )


def _missing_id(reader: Reader) -> int:
    reader.fault("id", "is missing", "give a whole number")
    return -1


def read_place(reader: Reader, location: str, index: str, size: int | None) -> Place:
    """Return a place: an index into the matrices of `size` where there are any, else coordinates."""
    place = Place(reader.location(location), reader.whole(index, -1) if reader.has(index) else None)
    if size is None:
        if place.location is None:
            reader.fault(location, "is missing and there are no matrices", "give [longitude, latitude]")
        return Place(place.location)
    if place.index is None:
        reader.fault(index, "is missing beside matrices", f"give an index from 0 to {size - 1}")
    elif not 0 <= place.index < size:
        reader.fault(index, f"{place.index} is outside the matrices", f"give an index from 0 to {size - 1}")
    return place


def check_ids(ids: list[int], where: str, root: Reader) -> None:
    """Note a fault for every id that is there twice."""
    seen: set[int] = set()
    for number in ids:
        if number in seen:
            root.faults.add(where, f"the id {number} is there twice", "give every one its own id")
        seen.add(number)
