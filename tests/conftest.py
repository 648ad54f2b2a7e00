"""Shared by all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# The same examples on every machine and no deadline: the machines of CI are noisy.
settings.register_profile("default", deadline=None, derandomize=True, max_examples=50, print_blob=True)
settings.load_profile("default")


@pytest.fixture(autouse=True, scope="session")
def _few_threads() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep results of stages away from those of the user: tests start cold."""
    os.environ["PLANNER_CACHE_DIR"] = str(tmp_path_factory.mktemp("stages"))
