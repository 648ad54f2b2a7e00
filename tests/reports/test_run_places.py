"""Run folders behind URLs: the same run back, the marker last, nothing half where a transfer fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from synthetic_run import provenance

from reports.places import BucketPlace, place_of
from reports.run_folder import PROVENANCE, RunFolderError, read_run, write_run

Tables = dict[str, pd.DataFrame]


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    files = fsspec.filesystem("memory")
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


@pytest.mark.parametrize("as_path", [False, True])
def test_round_trip_in_memory(memory: MemoryFileSystem, tables: Tables, as_path: bool) -> None:
    url: Any = Path("memory://plans/base") if as_path else "memory://plans/base"
    write_run(url, tables, provenance(1), {"routes": 1.0}, {"note.txt": lambda run, path: path.write_text("hello")})
    write_run(url, tables, provenance(2), {"routes": 1.0}, csv=False)
    back = read_run(url)
    assert back.provenance["seed"] == 2
    assert read_run(back.path).provenance == back.provenance
    for name, table in tables.items():
        pd.testing.assert_frame_equal(back.tables[name], table)
    assert {name.rpartition("/")[2] for name in memory.find("/plans")} == {
        PROVENANCE,
        *(f"{name}.parquet" for name in tables),
    }
    assert [entry["name"] for entry in memory.ls("/plans")] == ["/plans/base"]


def test_a_registered_filesystem_and_a_file_url_hold_a_run(tmp_path: Path, tables: Tables) -> None:
    class Shelf(DirFileSystem):  # a filesystem whose root is a folder, as a bucket's is
        protocol = "shelf"

        def __init__(self, **_: Any) -> None:
            super().__init__(path=str(tmp_path / "shelf"), fs=LocalFileSystem(), skip_instance_cache=True)

    fsspec.register_implementation("shelf", Shelf, clobber=True)
    for seed in (3, 4):
        write_run("shelf://plans/base", tables, provenance(seed), {}, csv=False)
    assert read_run("shelf://plans/base").provenance["seed"] == 4
    assert read_run(tmp_path / "shelf" / "plans" / "base").provenance["seed"] == 4
    assert [path.name for path in (tmp_path / "shelf" / "plans").iterdir()] == ["base"]
    write_run(f"file://{tmp_path}/local", tables, provenance(5), {}, csv=False)
    assert read_run(tmp_path / "local").provenance["seed"] == 5


def test_the_marker_comes_last_and_a_failing_transfer_leaves_the_older_run(
    memory: MemoryFileSystem, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run("memory://b/run", tables, provenance(1), {}, csv=False)
    moved: list[str] = []
    move = MemoryFileSystem.mv

    def watch(self: MemoryFileSystem, source: str, target: str, **options: Any) -> None:
        moved.append(target)
        move(self, source, target, **options)

    monkeypatch.setattr(MemoryFileSystem, "mv", watch)
    write_run("memory://b/run", tables, provenance(2), {}, csv=False)
    assert moved[-1].endswith(PROVENANCE)

    sent = [0]
    put = MemoryFileSystem.put_file

    def fail(self: MemoryFileSystem, *words: Any, **options: Any) -> None:
        sent[0] += 1
        if sent[0] == 5:
            raise OSError("connection lost")
        put(self, *words, **options)

    monkeypatch.setattr(MemoryFileSystem, "put_file", fail)
    with pytest.raises(OSError, match="connection lost"):
        write_run("memory://b/run", tables, provenance(3), {}, csv=False)
    assert read_run("memory://b/run").provenance["seed"] == 2
    assert [entry["name"] for entry in memory.ls("/b")] == ["/b/run"]


def test_foreign_and_missing_folders_and_unknown_filesystems(memory: MemoryFileSystem, tables: Tables) -> None:
    memory.pipe_file("/mine/letter.txt", b"keep me")
    with pytest.raises(RunFolderError, match="not a run folder"):
        write_run("memory://mine", tables, provenance(), {})
    assert memory.cat_file("/mine/letter.txt") == b"keep me"
    with pytest.raises(RunFolderError, match="no run folder memory://nowhere"):
        read_run("memory://nowhere")
    with pytest.raises(RunFolderError, match="cannot be opened"):
        read_run("zork://bucket/run")


def test_damage_in_a_bucket_is_named(memory: MemoryFileSystem, tables: Tables) -> None:
    write_run("memory://c/run", tables, provenance(), {}, csv=False)
    memory.pipe_file("/c/run/stops.parquet", b"nonsense")
    with pytest.raises(RunFolderError, match=r"stops\.parquet.*checksum"):
        read_run("memory://c/run").tables["stops"]
    memory.rm_file("/c/run/stops.parquet")
    with pytest.raises(RunFolderError, match=r"stops\.parquet is missing"):
        read_run("memory://c/run")


def test_windows_drives_and_plain_names_are_local(tmp_path: Path) -> None:
    assert not isinstance(place_of("C:/plans"), BucketPlace)
    assert not isinstance(place_of(tmp_path / "a:b"), BucketPlace)
