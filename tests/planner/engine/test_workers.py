"""Workers: every task ends once or its death is told; nothing outlives the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from worker_tasks import plain

from planner.engine.workers import Ended, LocalWorkers, ThisProcess, describe_death


@pytest.fixture
def two() -> Iterator[LocalWorkers]:
    workers = LocalWorkers(plain, 2)
    yield workers
    workers.close()


def _all(workers: LocalWorkers, words: list[str]) -> dict[str, Ended]:
    waiting, ended = list(enumerate(words)), {}
    while len(ended) < len(words):
        while waiting and workers.free():
            number, word = waiting.pop(0)
            workers.start(f"{number} {word}", word)
        ended.update({message.key: message for message in workers.wait(5.0)})
    return ended


def test_tasks_end_and_deaths_are_told_while_the_others_go_on(two: LocalWorkers) -> None:
    words = ["a", "die", "b", "threads", "leave", "interrupt", "c"]
    ended = _all(two, words)
    assert [ended[f"{n} {word}"].result for n, word in enumerate(words)] == [
        "a done", None, "b done", "11", None, "interrupt done", "c done"
    ]  # fmt: skip
    assert "SIGKILL" in ended["1 die"].death
    assert "memory" in ended["1 die"].death
    assert "exit code 7" in ended["4 leave"].death
    assert two.free() == 2


def test_an_idle_worker_that_died_is_replaced_and_closing_ends_a_busy_one(two: LocalWorkers) -> None:
    assert _all(two, ["a"])["0 a"].result == "a done"
    (pid,) = two.pids()
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        time.sleep(0.01)
    again = _all(two, ["b"])
    assert again["0 b"].result == "b done" or again["0 b"].death
    two.start("long", "sleep60")
    (busy,) = two.pids()
    two.close()
    assert not Path(f"/proc/{busy}").exists()


_ENGINE = """
import sys, time
from worker_tasks import plain
from planner.engine.workers import LocalWorkers
if __name__ == "__main__":
    workers = LocalWorkers(plain, 1)
    workers.start("long", "sleep60")
    print(workers.pids()[0], flush=True)
    workers.wait(60)
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at /proc")
def test_workers_end_when_their_engine_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "engine.py"
    script.write_text(_ENGINE)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment, text=True) as engine:
        assert engine.stdout is not None
        worker = Path("/proc") / engine.stdout.readline().strip()
        assert worker.exists()
        engine.kill()
    deadline = time.monotonic() + 30
    while worker.exists() and "Z" not in (worker / "stat").read_text().split()[2]:
        assert time.monotonic() < deadline, "the worker outlived its engine"
        time.sleep(0.05)


def test_one_task_in_this_process() -> None:
    here = ThisProcess(plain)
    here.start("k", "word")
    assert here.free() == 0
    assert here.wait(0) == [Ended("k", "word done")]
    assert here.free() == 1


def test_deaths_in_words() -> None:
    assert describe_death(-signal.SIGTERM) == "its worker process was killed (SIGTERM)"
    assert "signal 99" in describe_death(-99)
