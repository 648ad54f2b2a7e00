"""Member: plan one member of a sweep in whatever process, and say how it ended without raising."""

from __future__ import annotations

import shutil
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planner.engine.cache import StageCache
from planner.engine.outcome import Outcome, Status, kpi_rows, run_id_of, write_outcome
from planner.engine.run import REFUSED, run_project
from planner.engine.task import Task, Unwritable
from planner.errors import InfeasibleError, SweepError, system_reason
from reports.run_folder import RunFolderError
from scenarios.errors import InputError
from scenarios.tables.store import TableStore
from solvers.routing.registry import UnsupportedProblemError

if TYPE_CHECKING:
    import pandas as pd

    from planner.engine.parts import PartWorkers

_BAD_INPUT = (InputError, UnsupportedProblemError)
_ONE_AT_A_TIME = threading.Lock()
_TABLES = TableStore()
"""The tables of the project that this process has planned last."""


def run_member(
    task: Task,
    progress: Callable[[str, int, int], None] | None = None,
    helpers: PartWorkers | None = None,
    at_once: int | None = None,
) -> Outcome | Unwritable:
    """Plan a member, write its run folder and its outcome; `helpers` and `at_once` as of `run_project`."""
    with _ONE_AT_A_TIME:  # threads of a cluster's worker share the cores
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            done = _run(task, progress, helpers, at_once)
            outcome = replace(
                task.asked(),
                status=done.status,
                run_id=done.run_id,
                kpis=kpi_rows(done.kpis) if done.kpis is not None else (),
                error=done.error,
                wall_s=time.perf_counter() - wall,
                cpu_s=time.process_time() - cpu,
            )
            if not outcome.planned and run_id_of(task.runs / outcome.name):
                shutil.rmtree(task.runs / outcome.name)  # an older plan is not the answer any more
            write_outcome(task.runs, outcome, done.relaxation)
            return outcome
        except (OSError, RunFolderError) as error:
            reason = system_reason(error) if isinstance(error, OSError) else str(error)
            return Unwritable(task.member.name, reason)


@dataclass(frozen=True, slots=True)
class _Done:
    status: Status
    run_id: str = ""
    kpis: pd.DataFrame | None = None
    error: str = ""
    relaxation: pd.DataFrame | None = None


def _run(
    task: Task,
    progress: Callable[[str, int, int], None] | None,
    helpers: PartWorkers | None,
    at_once: int | None,
) -> _Done:
    member = task.member
    try:
        finished = run_project(
            task.project,
            scenario=member.scenario,
            overrides=member.overrides,
            output=task.runs / member.name,
            threads=task.threads,
            time_limit_s=task.time_limit_s,
            progress=progress,
            cache=StageCache(task.cache) if task.cache is not None else None,
            pages=task.pages,
            store=_TABLES,
            as_of=task.as_of,
            helpers=helpers,
            at_once=at_once,
        )
    except InfeasibleError as error:
        return _Done("infeasible", error=str(error), relaxation=error.relaxation)
    except _BAD_INPUT as error:
        return _Done("bad_input", error=str(error))
    except REFUSED as error:
        return _Done("refused", error=str(error))
    except (OSError, RunFolderError, SweepError):
        raise
    except Exception:
        return _Done("failed", error=traceback.format_exc(limit=-3).strip())
    return _Done(finished.plan.status, run_id_of(finished.folder), finished.plan.tables["kpis"])
