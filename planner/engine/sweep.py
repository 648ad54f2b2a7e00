"""Sweep: run many members on workers, lose nothing that has finished, and go on after any death.

What has ended is on disk before it is counted. A worker that dies costs its member one of three tries. Where the disk
is full or the folder cannot be written the sweep stops: it would hit every further member.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from planner.engine.frozen import FrozenSweep, only_one, read_frozen, refuse_changes, write_frozen
from planner.engine.index import INDEX, RunIndex, open_index
from planner.engine.outcome import Outcome, outcome_of_run, read_outcome, remove_leftovers, run_id_of, write_outcome
from planner.engine.task import Task, Unwritable
from planner.engine.workers import Ended, Workers
from planner.errors import SweepError

TRIES = 3
"""Workers that may die under one member until it is given up."""
_LOOK_S = 0.5

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep has come to.

    Attributes
    ----------
    outcomes : of all members, in their order.
    ended_before : members that had ended when this call began.
    retried : member -> workers that died under it, where any did.
    """

    runs: Path
    outcomes: tuple[Outcome, ...]
    ended_before: int
    retried: dict[str, int]


def begin_sweep(
    runs: Path, frozen: FrozenSweep, workers: Workers, *, cache: Path | None = None, progress: Progress | None = None
) -> SweepResult:
    """Write the frozen sweep, then run it; see `resume_sweep` for what is needed and raised."""
    with _told_plainly(runs):
        write_frozen(runs, frozen)
    return resume_sweep(runs, workers, cache=cache, progress=progress, checked=True)


def resume_sweep(
    runs: Path,
    workers: Workers,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    checked: bool = False,
) -> SweepResult:
    """Run what has not ended yet of the sweep in `runs`.

    Parameters
    ----------
    workers : run `planner.engine.member.run_member`; closed at the end.
    cache : folder of stage results shared by the workers; None: none.
    progress : called with ("scenarios", ended, total).
    checked : the inputs are known to be those of the frozen sweep.

    Raises
    ------
    SweepError
        There is no sweep, its inputs have changed, another process is at it, the folder cannot be written, or the
        cluster is gone.
    InputError
        The project cannot be loaded any more.
    """
    frozen = read_frozen(runs)
    with only_one(runs):
        if not checked:
            refuse_changes(frozen, runs)
        tasks = [Task(frozen.project, member, runs.absolute(), cache, frozen.time_limit_s) for member in frozen.members]
        return run_tasks(runs, tasks, workers, progress=progress)


def run_tasks(
    runs: Path, tasks: Sequence[Task], workers: Workers, *, anew: bool = False, progress: Progress | None = None
) -> SweepResult:
    """Run tasks on workers and enter them in the index of `runs`.

    Parameters
    ----------
    anew : also run members that have ended before.

    Raises
    ------
    SweepError
        The folder cannot be written, or the cluster is gone; what has ended stays.
    """
    with _told_plainly(runs):
        runs.mkdir(parents=True, exist_ok=True)
        remove_leftovers(runs, {task.member.name for task in tasks})
        ended = {} if anew else _ended_before(runs, tasks)
        before = len(ended)
        waiting = [task for task in tasks if task.member.name not in ended]
        with open_index(runs) as index:  # it knows what was written when a process was killed
            retried = _work_off(waiting, ended, len(tasks), workers, index, progress) if waiting else {}
    return SweepResult(runs, tuple(ended[task.member.name] for task in tasks), before, retried)


def _work_off(
    tasks: Iterable[Task],
    ended: dict[str, Outcome],
    total: int,
    workers: Workers,
    index: RunIndex,
    progress: Progress | None,
) -> dict[str, int]:
    """Run `tasks` and add their outcomes to `ended`; return how often a worker died under which."""
    waiting, busy, deaths = deque(tasks), dict[str, Task](), Counter[str]()
    names = {task.member.name for task in waiting}
    try:
        _tell(progress, ended, total)
        while waiting or busy:
            while waiting and workers.free() > 0:
                task = waiting.popleft()
                busy[task.member.name] = task
                workers.start(task.member.name, task)
            for message in workers.wait(_LOOK_S):
                outcome = _outcome(message, busy[message.key], deaths)
                task = busy.pop(message.key)
                if outcome is None:
                    waiting.appendleft(task)
                    continue
                index.record([outcome])
                ended[outcome.name] = replace(outcome, kpis=())  # a thousand tables of figures need no memory
                _tell(progress, ended, total)
    finally:
        workers.close()
        remove_leftovers(index.runs, names)
    return dict(deaths)


def _outcome(message: Ended, task: Task, deaths: Counter[str]) -> Outcome | None:
    """Return how a task ended, None where it is to be tried again.

    Raises
    ------
    SweepError
        It could be planned but not written.
    """
    if message.death:
        deaths[message.key] += 1
        if deaths[message.key] < TRIES:
            return None
        outcome = replace(task.asked(), error=f"{message.death}, {TRIES} times")
        write_outcome(task.runs, outcome)
        return outcome
    result = message.result
    if isinstance(result, Unwritable):
        raise _stopped(task.runs, f"{result.name}: {result.reason}")
    if result.planned and run_id_of(task.runs / result.name) != result.run_id:
        raise SweepError(
            f"A worker has written {task.runs / result.name}, but it cannot be seen from here. Workers need the same "
            "folder under the same path: name one on a shared disk with --output."
        )
    if not isinstance(result, Outcome):
        raise TypeError(f"a worker returned {type(result).__name__}")
    return result


def _ended_before(runs: Path, tasks: Iterable[Task]) -> dict[str, Outcome]:
    """Return what has ended for good; members that failed are tried again."""
    ended = {}
    for task in tasks:
        asked = task.asked()
        outcome = read_outcome(runs, asked.name)
        if outcome is None:  # perhaps its process was killed after the plan was written and before it said so
            run = outcome_of_run(runs, asked.name)
            outcome = None if run is None else replace(run, values=asked.values)
            if outcome is not None and _same(outcome, asked):
                write_outcome(runs, outcome)
        if outcome is not None and outcome.final and _same(outcome, asked):
            ended[asked.name] = outcome
    return ended


def _same(one: Outcome, other: Outcome) -> bool:
    return (one.scenario, one.overrides) == (other.scenario, other.overrides)


@contextmanager
def _told_plainly(runs: Path) -> Iterator[None]:
    """Turn errors of the disk into a `SweepError` that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _stopped(runs, f"{error}: {runs / INDEX}") from error
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        raise _stopped(runs, f"{error.strerror or error}{place}") from error


def _stopped(runs: Path, reason: str) -> SweepError:
    return SweepError(
        f"{runs} cannot be written: {reason}\nWhat has ended is kept, nothing is half written. Make room or give "
        f"write access; a sweep goes on with `planner scenarios resume {runs}`."
    )


def _tell(progress: Progress | None, ended: dict[str, Outcome], total: int) -> None:
    if progress is not None:
        progress("scenarios", len(ended), total)
