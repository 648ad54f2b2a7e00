"""A Dask cluster by address: the same tasks, and what has ended survives the scheduler's death."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from small_project import small_tables, write_project
from sweep_tasks import files, play
from worker_tasks import divide

from planner.engine.cluster import ClusterWorkers
from planner.engine.frozen import FrozenSweep
from planner.engine.parts import PartWorkers, compute_part
from planner.engine.sweep import begin_sweep, resume_sweep
from planner.engine.workers import ThisProcess
from planner.errors import SweepError
from planner.recall import compute_anew
from scenarios.sweep import Member

pytest.importorskip("distributed", reason="Dask is not installed (extra `cluster`)")


@contextmanager
def _process(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the cluster, bound to this machine, that can import the tests' tasks."""
    tests = Path(__file__).parent
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parents[1])]),
        "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "[]",
    }
    words = (sys.executable, "-m", *words)
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def _scheduler(about: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
    words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(about))
    return _process("distributed.cli.dask_scheduler", *words)


def _worker(about: Path, name: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    folder = about.parent / name
    words = ("--scheduler-file", str(about), "--nthreads", "1", "--no-dashboard", "--no-nanny")
    return _process("distributed.cli.dask_worker", *words, "--local-directory", str(folder))


def _address(about: Path) -> str:
    while not about.exists() or not about.read_text().endswith("}"):
        time.sleep(0.05)
    return str(json.loads(about.read_text())["address"])


def _sweep(project: Path, *acts: str) -> FrozenSweep:
    members = tuple(Member(f"{n:04d}", None, (f"seed={n}",), {"act": act}) for n, act in enumerate(acts))
    return FrozenSweep(project, "s", members, {})


def test_a_sweep_survives_the_death_of_a_worker_and_of_the_scheduler(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", small_tables(weeks=8))
    sweep = _sweep(project, *["slow"] * 12, "infeasible")
    runs, about = tmp_path / "runs", tmp_path / "scheduler.json"
    with ExitStack() as cluster:
        scheduler = cluster.enter_context(_scheduler(about))
        worker = cluster.enter_context(_worker(about, "first"))

        def kill(what: str, done: int, total: int) -> None:
            if done == 2:
                worker.kill()
                cluster.enter_context(_worker(about, "second"))
            if done == 5:
                scheduler.kill()

        address = _address(about)
        with PartWorkers(ClusterWorkers(compute_part, address), elsewhere=True) as helpers:  # parts of one run
            assert helpers.recall(compute_anew)("series", divide, 6, 3) == 2.0
            assert helpers.declined == 0
        with pytest.raises(SweepError, match=f"scheduler at {address} is gone.*resume"):
            begin_sweep(runs, sweep, ClusterWorkers(play, address), progress=kill)
    ended = len(list((runs / "outcomes").iterdir()))
    assert ended >= 5
    result = resume_sweep(runs, ThisProcess(play), checked=True)
    assert result.ended_before >= 5
    assert [outcome.status for outcome in result.outcomes] == ["optimal"] * 12 + ["infeasible"]
    begin_sweep(tmp_path / "undisturbed", sweep, ThisProcess(play))
    assert files(runs) == files(tmp_path / "undisturbed")


def test_an_unreachable_cluster_is_told_at_once() -> None:
    for address in ("tcp://127.0.0.1:9", "nonsense", "zork://127.0.0.1:1"):
        with pytest.raises(SweepError, match=f"(?s)No Dask scheduler answers at {address}.*nothing was run"):
            ClusterWorkers(play, address)
