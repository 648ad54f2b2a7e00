"""The cache of stage results: right keys, whole files, damage, other processes, limits."""

from __future__ import annotations

import datetime
import multiprocessing
import os
import pickle
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner.engine.cache as cache_module
import planner.engine.fingerprint as fingerprint_module
from planner.engine.cache import StageCache, StageUse, default_folder
from planner.engine.fingerprint import code_files
from planner.fingerprint import fingerprint
from scenarios.settings import ForecastSettings, Horizon

CALLS: list[object] = []


def square(number: int) -> int:
    CALLS.append(number)
    return number * number


def blob(number: int) -> bytes:
    return np.random.default_rng(number).bytes(100_000)


def recall_many(folder: Path) -> int:
    """Recall the same results as everyone else, many times."""
    cache = StageCache(folder)
    return sum(cache.recall("square", square, n % 25) for n in range(200))


@pytest.fixture
def cache(tmp_path: Path) -> StageCache:
    CALLS.clear()
    return StageCache(tmp_path / "stages")


def entries(cache: StageCache) -> list[Path]:
    return sorted(path for path in cache.folder.rglob("*") if path.is_file())


def test_a_result_is_computed_once(cache: StageCache) -> None:
    assert [cache.recall("square", square, 7) for _ in range(3)] == [49, 49, 49]
    assert StageCache(cache.folder).recall("square", square, 7) == 49
    assert CALLS == [7]
    assert cache.uses() == {"square": StageUse(recalled=2, computed=1)}
    assert cache.uses(cache.uses()) == {}


def test_none_is_a_result_too(cache: StageCache) -> None:
    def nothing() -> None:
        CALLS.append(None)

    cache.recall("nothing", nothing)
    cache.recall("nothing", nothing)
    assert CALLS == [None]


def test_stage_function_and_input_all_count(cache: StageCache) -> None:
    cache.recall("square", square, 7)
    cache.recall("other", square, 7)
    cache.recall("square", square, 8)
    cache.recall("square", square, 7.0)
    assert CALLS == [7, 7, 8, 7.0]


def test_means_do_not_count_and_what_must_not_be_kept_is_not(cache: StageCache) -> None:
    def power(number: int, threads: int) -> int:
        CALLS.append(threads)
        return number

    cache.recall("power", power, 2, threads=1, keep=False)
    cache.recall("power", power, 2, threads=2, keep=lambda result: result > 2)
    cache.recall("power", power, 2, threads=3, keep=lambda result: result == 2)
    cache.recall("power", power, 2, threads=4)
    assert CALLS == [1, 2, 3]


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "foreign", "not a result"])
def test_a_damaged_result_is_computed_anew_and_replaced(cache: StageCache, damage: str) -> None:
    cache.recall("square", square, 7)
    (path,) = entries(cache)
    content = path.read_bytes()
    path.write_bytes(
        {
            "cut": content[:-3],
            "changed": content[:-1] + bytes([content[-1] ^ 1]),
            "empty": b"",
            "foreign": b"PAR1" * 40,
            "not a result": cache_module._pack(0)[:32] + pickle.dumps(0),
        }[damage]
    )
    assert cache.recall("square", square, 7) == 49
    assert CALLS == [7, 7]
    assert entries(cache)[0].read_bytes() == content


def test_a_file_that_others_can_write_is_not_trusted(cache: StageCache) -> None:
    cache.recall("square", square, 7)
    entries(cache)[0].chmod(0o666)
    assert cache.recall("square", square, 7) == 49
    assert CALLS == [7, 7]


def test_results_are_private_and_nothing_else_is_left(cache: StageCache) -> None:
    cache.recall("square", square, 7)
    (path,) = entries(cache)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent == cache.folder / "square"


def test_a_folder_that_cannot_be_written_is_a_note_and_no_error(tmp_path: Path) -> None:
    CALLS.clear()
    (tmp_path / "file").write_text("in the way")
    cache = StageCache(tmp_path / "file" / "stages")
    assert [cache.recall("square", square, n) for n in (7, 7, 8)] == [49, 49, 64]
    assert len(cache.notes) == 1
    assert str(tmp_path / "file" / "stages") in cache.notes[0]
    assert cache.status().entries == 0


def test_a_full_disk_leaves_nothing_half(cache: StageCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache_module.os, "replace", full)
    assert cache.recall("square", square, 7) == 49
    assert "No space left" in cache.notes[0]
    assert entries(cache) == []


def test_an_interrupted_write_leaves_nothing_half(cache: StageCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cache_module.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cache.recall("square", square, 7)
    assert entries(cache) == []


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = StageCache(tmp_path, limit_bytes=450_000)
    written: list[Path] = []
    for number in range(4):
        cache.recall("blob", blob, number)
        written += [path for path in entries(cache) if path not in written]
    now = datetime.datetime.now().timestamp()
    for age, number in ((400, 1), (300, 0), (200, 2), (100, 3)):
        os.utime(written[number], (now - age, now - age))
    cache.recall("blob", blob, 1)  # used again: now 0 is the oldest
    cache.recall("blob", blob, 4)
    assert [path.exists() for path in written] == [False, True, True, True]
    assert cache.status().size <= cache.limit_bytes


def test_what_killed_processes_left_is_removed_when_old(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    folder = tmp_path / "square"
    folder.mkdir()
    for name, age in (("old", 7200), ("new", 60)):
        (folder / f".part-{name}").write_bytes(b"half")
        os.utime(folder / f".part-{name}", (datetime.datetime.now().timestamp() - age,) * 2)
    cache.recall("square", square, 7)
    assert sorted(path.name for path in folder.glob(".part-*")) == [".part-new"]


def test_status_and_clear(cache: StageCache) -> None:
    assert (cache.status().entries, cache.status().oldest) == (0, None)
    for number in (1, 2):
        cache.recall("square", square, number)
    cache.recall("blob", blob, 1)
    (cache.folder / "notes.txt").write_text("mine")
    (cache.folder / "square" / "mine.txt").write_text("mine")
    found = cache.status()
    assert {stage: count for stage, (count, _) in found.stages.items()} == {"blob": 1, "square": 2}
    assert found.size == sum(size for _, size in found.stages.values()) > 100_000
    assert cache.clear().entries == 3
    assert [path.name for path in entries(cache)] == ["notes.txt", "mine.txt"]
    assert cache.status().entries == 0


def test_processes_and_threads_share_a_folder(tmp_path: Path) -> None:
    expected = sum((n % 25) ** 2 for n in range(200))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        results = pool.imap_unordered(recall_many, [tmp_path] * 2)
        threads = [threading.Thread(target=recall_many, args=(tmp_path,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(results) == [expected, expected]
    assert StageCache(tmp_path).status().entries == 25
    assert not list(tmp_path.rglob(".part-*"))


def test_a_cache_goes_to_another_process_as_its_folder(cache: StageCache) -> None:
    cache.recall("square", square, 7)
    other = pickle.loads(pickle.dumps(cache))
    assert (other.folder, other.limit_bytes, other.uses()) == (cache.folder, cache.limit_bytes, {})


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLANNER_CACHE_DIR", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine"
    monkeypatch.delenv("PLANNER_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert StageCache().folder == tmp_path / "supply-planner" / "stages"


@dataclass(frozen=True)
class Point:
    x: int
    y: float


FRAME = pd.DataFrame({"item": ["a", "b"], "qty": [1.0, 2.0], "date": pd.to_datetime(["2024-01-01", "2024-01-08"])})
DIFFERENT: list[object] = [
    None, 0, 0.0, -0.0, False, "", "0", b"0", (), ((),), (1, 2), ((1,), 2), ("a", "bc"), ("ab", "c"), {"a": 1},
    {"a": 2}, datetime.date(2024, 1, 1), pd.Timestamp("2024-01-01"), pd.NaT, pd.NA, float("nan"), np.float64(0),
    np.int64(0), np.zeros(2), np.zeros(2, dtype=np.int64), np.zeros((2, 1)), np.array([0.0, -0.0]),
    np.array(["a", None], dtype=object), np.array([0, False], dtype=object), np.array([0, 0.0], dtype=object),
    Point(1, 2.0), Point(1, 2.5), Horizon(start=datetime.date(2024, 1, 1)), ForecastSettings(),
    ForecastSettings(demand_factor=1.2), FRAME, FRAME[::-1], FRAME.iloc[:1], FRAME[["qty", "item", "date"]],
    FRAME.rename(columns={"qty": "q"}), FRAME.assign(qty=[1.0, 2.5]), FRAME.assign(item=["a", "c"]),
    FRAME.assign(item=["a", None]), FRAME.assign(item=["a", np.nan]), FRAME.assign(item=["a", 1.0]),
    FRAME.assign(qty=[1, 2]), FRAME.assign(qty=pd.array([1, 2], dtype="Int64")),
    FRAME.assign(qty=pd.array([1, None], dtype="Int64")), FRAME.assign(item=pd.Categorical(["a", "b"])),
    FRAME["qty"], FRAME["qty"].rename("q"), FRAME.set_index("item"),
]  # fmt: skip


def test_different_content_has_different_fingerprints() -> None:
    prints = [fingerprint(value) for value in DIFFERENT]
    assert len(set(prints)) == len(prints)
    assert prints == [fingerprint(value) for value in DIFFERENT]
    assert fingerprint(FRAME) == fingerprint(FRAME.copy())
    assert fingerprint(1, 2) != fingerprint((1, 2)) != fingerprint(12)


@pytest.mark.parametrize("value", [object(), {1, 2}, lambda: 0, iter([1])])
def test_what_has_no_plain_content_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no fingerprint"):
        fingerprint((1, value))


def test_code_that_a_stage_can_reach() -> None:
    def names(module: str) -> set[str]:
        files = code_files(module)
        return {f"{path.parent.name}/{path.name}" for path in files}

    forecast = names("planner.forecast.forecast")
    assert {"forecast/passes.py", "demand/distributions.py", "reports/tables.py"} <= forecast
    assert not {"replenishment/model.py", "engine/cache.py", "cli/app.py"} & forecast
    assert {"lotsizing/dp_kernels.py", "milp/highs.py"} <= names("planner.replenishment.replenish")
    # solvers that are imported by name when they are chosen
    assert {"routing/ruin_recreate.py", "routing/ortools.py"} <= names("planner.distribution.routes")
    assert names("tests.nowhere") == set()


def test_code_that_changed_under_a_running_process_is_not_trusted(
    cache: StageCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprint_module.code_fingerprint.cache_clear()
    monkeypatch.setattr(fingerprint_module, "_STARTED", 0.0)
    horizon = Horizon(start=datetime.date(2024, 1, 1))
    try:
        assert cache.recall("hash", fingerprint, horizon) == cache.recall("hash", fingerprint, horizon)
    finally:
        fingerprint_module.code_fingerprint.cache_clear()
    assert cache.uses() == {"hash": StageUse(recalled=0, computed=2)}
    assert cache.status().entries == 0
