"""Workers for the commands that plan: whole scenarios, or the parts of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from planner.engine.parts import PartWorkers
    from planner.engine.workers import Workers

WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        help="Processes on this machine, one core each. Of several scenarios each plans one; default: all cores. Of a "
        "single one they forecast chunks of series and route depots' days; default: threads instead.",
    ),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="tcp://HOST:PORT",
        help="Dask scheduler whose workers plan the scenarios, or forecast and route the parts of a single one.",
    ),
]


def hire(workers: int | None, cluster: str | None, members: int) -> Workers:
    """Return workers that plan `members` whole scenarios."""
    from planner.engine.cluster import ClusterWorkers
    from planner.engine.member import run_member
    from planner.engine.run import usable_cores
    from planner.engine.workers import LocalWorkers

    refuse_both(workers, cluster)
    if cluster is None:
        return LocalWorkers(run_member, min(workers or usable_cores(), members))
    return ClusterWorkers(run_member, cluster)


@contextmanager
def hire_for_parts(workers: int | None, cluster: str | None) -> Iterator[tuple[PartWorkers | None, int | None]]:
    """Yield workers for the parts of one scenario and how many to ask for at once; None where none are wanted."""
    from planner.engine.cluster import ClusterWorkers
    from planner.engine.parts import PartWorkers, compute_part
    from planner.engine.workers import LocalWorkers

    refuse_both(workers, cluster)
    if cluster is not None:
        there = ClusterWorkers(compute_part, cluster)
        with PartWorkers(there, elsewhere=True) as helpers:
            yield helpers, max(4, 2 * there.free())
    elif workers is not None:
        with PartWorkers(LocalWorkers(compute_part, workers)) as helpers:
            yield helpers, workers
    else:
        yield None, None


def tell_declined(helpers: PartWorkers | None, quiet: bool) -> None:
    """Say how many parts workers gave back, and why that may be."""
    from planner.cli.screen import note

    if helpers is not None and helpers.declined:
        note(
            f"{helpers.declined} parts were computed here, as workers gave them back. On a cluster: give them the same "
            "versions of the planner and its libraries, and the same kind of processor.",
            quiet,
        )


def refuse_both(workers: int | None, cluster: str | None) -> None:
    """Refuse workers here and on a cluster at once."""
    from planner.cli.edge import UsageError

    if workers is not None and cluster is not None:
        raise UsageError("--workers is for processes on this machine. Leave it out with --cluster.")
