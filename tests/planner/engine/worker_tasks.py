"""Tasks for workers that load nothing."""

from __future__ import annotations

import os
import signal
import time


def plain(word: str) -> str:
    """Do what the word says."""
    if word == "threads":
        return os.environ["NUMBA_NUM_THREADS"] + os.environ["OMP_NUM_THREADS"]
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "leave":
        os._exit(7)
    if word == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
    if word.startswith("sleep"):
        time.sleep(float(word.removeprefix("sleep")))
    return f"{word} done"


def die_at_first(file: str, times: int) -> str:
    """Kill the process that asks, so many times; `file` keeps count."""
    with open(file, "a") as tries:
        tries.write("x")
    if os.stat(file).st_size <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def divide(a: float, b: float) -> float:
    """Divide, or fail as Python does."""
    return a / b


def double(n: int, sleep: float = 0.0, limit: object = None) -> int:
    """Return twice the number; a worker sleeps before it does, one with a limit does not."""
    if limit is None:
        time.sleep(sleep)
    return 2 * n


def write_later(file: str, _: object) -> None:
    """Write a file after a moment."""
    time.sleep(0.3)
    with open(file, "w") as out:
        out.write("done")
