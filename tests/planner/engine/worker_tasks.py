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
