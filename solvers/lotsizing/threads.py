"""Run a kernel over a range in chunks, one thread each; kernels release the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

_CHUNKS_PER_THREAD = 4


class Threads:
    """A pool of `count` threads; what a kernel writes for one index must not depend on the others."""

    def __init__(self, count: int) -> None:
        self.count = max(1, count)
        self._pool = ThreadPoolExecutor(self.count) if self.count > 1 else None

    def over(self, size: int, kernel: Callable[[int, int], object]) -> None:
        """Call kernel(begin, end) for chunks that cover 0..size."""
        if self._pool is None or size < 2 * self.count:
            kernel(0, size)
            return
        chunks = _CHUNKS_PER_THREAD * self.count
        bounds = [size * chunk // chunks for chunk in range(chunks + 1)]
        tasks = [self._pool.submit(kernel, begin, end) for begin, end in pairwise(bounds)]
        for task in tasks:
            task.result()

    def each(self, size: int, job: Callable[[int], object]) -> None:
        """Call job(i) for i in 0..size, each in a thread of its own as soon as one is free."""
        if self._pool is None:
            for i in range(size):
                job(i)
            return
        for _ in self._pool.map(job, range(size)):
            pass

    def __enter__(self) -> Threads:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the threads."""
        self.close()

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
