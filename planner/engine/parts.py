"""Parts of one run on the workers that also plan scenarios: chunks of series to forecast, a depot's days to route.

A stage asks for a part by `recall` and waits for it in a thread. What is not known from an earlier run goes to a worker
as a function of a module and plain inputs, and comes back as it would have been computed here: parts are cut
without regard to the workers, and each worker uses one core.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from planner.engine.workers import Ended, Workers
from planner.errors import SweepError
from planner.recall import Recall

Result = TypeVar("Result")

SHARED = frozenset({"series", "routing", "finish"})
"""Kinds of results that are many in one run and dear enough to be sent."""
TRIES = 3
"""Workers that may die under one part until the run is given up."""
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Part:
    """What is sent to a worker.

    Attributes
    ----------
    code : fingerprint of code, versions and processor that the answer is wanted from; empty: whatever there is.
    """

    compute: Callable[..., Any]
    inputs: tuple[Any, ...]
    code: str = ""


@dataclass(frozen=True, slots=True)
class Declined:
    """A part that its worker could not compute, or not as it would be computed here."""


def compute_part(part: Part) -> Any:
    """Compute a part, on a worker; `Declined` where it fails: the one who asked computes it then, and sees why."""
    if part.code:
        from planner.engine.fingerprint import stage_fingerprint  # noqa: PLC0415 - only clusters may differ

        if stage_fingerprint(part.compute.__module__) != part.code:
            return Declined()
    try:
        return part.compute(*part.inputs)
    except Exception:
        return Declined()


@dataclass(slots=True)
class _Asked:
    part: Part
    answer: Future[Any] = field(default_factory=Future)
    deaths: int = 0


class PartWorkers:
    """Workers for the parts of one run; many threads may ask at once. Use as a context manager.

    Parameters
    ----------
    workers : run `compute_part`; none is started before a part is sent. Closed at the end.
    elsewhere : they may be other machines, whose code, versions and processor must be those of this one.

    Attributes
    ----------
    declined : parts that came back and were computed here.
    """

    def __init__(self, workers: Workers, *, elsewhere: bool = False) -> None:
        self._workers = workers
        self._elsewhere = elsewhere
        self._waiting: deque[_Asked] = deque()
        self._news = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None
        self.declined = 0

    def __enter__(self) -> PartWorkers:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers; parts that are not done are given up."""
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join()
        self._workers.close()

    def recall(self, recall: Recall) -> Recall:
        """Return `recall`, with parts that it does not know computed by the workers."""

        def ask(
            stage: str,
            compute: Callable[..., Result],
            *inputs: object,
            keep: bool | Callable[[Result], bool] = True,
            **means: Any,
        ) -> Result:
            there = self._sent(compute) if stage in SHARED else compute
            return recall(stage, there, *inputs, keep=keep, **means)

        return ask

    def _sent(self, compute: Callable[..., Result]) -> Callable[..., Result]:
        """Return `compute`, computed by a worker."""

        @wraps(compute)
        def send(*inputs: object, **means: Any) -> Result:
            asked = _Asked(Part(compute, inputs, self._code(compute)))
            with self._news:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._serve, name="planner-parts", daemon=True)
                    self._thread.start()
                self._waiting.append(asked)
                self._news.notify()
            while not wait([asked.answer], 4 * _LOOK_S).done:
                if _stopped(means):
                    return compute(*inputs, **means)  # ends at once with what it begins from
            result = asked.answer.result()
            if isinstance(result, Declined):
                self.declined += 1
                return compute(*inputs, **means)
            answer: Result = result
            return answer

        return send

    def _code(self, compute: Callable[..., Any]) -> str:
        if not self._elsewhere:
            return ""
        from planner.engine.fingerprint import stage_fingerprint  # noqa: PLC0415 - only clusters may differ

        return stage_fingerprint(compute.__module__) or "changed since it was loaded"

    def _serve(self) -> None:
        """Give parts to workers and answers to those who asked, until closed."""
        busy: dict[str, _Asked] = {}
        number = 0
        try:
            while True:
                with self._news:
                    self._news.wait_for(lambda: self._closed or self._waiting or busy)
                    if self._closed:
                        raise SweepError("The run was given up.")
                while self._waiting and self._workers.free() > 0:
                    number, asked = number + 1, self._waiting.popleft()
                    busy[f"part {number}"] = asked
                    self._workers.start(f"part {number}", asked.part)
                for ended in self._workers.wait(_LOOK_S):
                    self._settle(ended, busy.pop(ended.key))
        except Exception as error:
            with self._news:
                for asked in (*busy.values(), *self._waiting):
                    asked.answer.set_exception(error)
                self._waiting.clear()
                self._thread = None if not self._closed else self._thread

    def _settle(self, ended: Ended, asked: _Asked) -> None:
        if not ended.death:
            asked.answer.set_result(ended.result)
            return
        asked.deaths += 1
        if asked.deaths < TRIES:
            self._waiting.appendleft(asked)
            return
        what = asked.part.compute.__name__
        asked.answer.set_exception(
            SweepError(f"A part of the plan ({what}) was given up: {ended.death}, {TRIES} times.")
        )


def _stopped(means: dict[str, Any]) -> bool:
    """Return whether a person has stopped the search whose limit is among `means`."""
    limit = means.get("limit")
    return limit is not None and limit(0, math.inf) >= 1.0
