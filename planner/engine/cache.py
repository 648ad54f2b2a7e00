"""StageCache: results of stages on disk, by the content they were made from.

One file per result: `STAGE/KEY`, where the key is the fingerprint of everything that decides the result (see
`planner.engine.fingerprint`). A file is written beside its place and renamed, so that other processes see it whole
or not at all; nothing is ever changed in place, so nobody has to lock. The first 32 bytes are the sha256 of
the rest: what does not match, or cannot be read back, is computed anew and replaced.

The cache trusts what it reads (pickle), and therefore only files that belong to the user and that nobody else can
write.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import re
import stat
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from planner.engine.fingerprint import stage_fingerprint
from planner.fingerprint import fingerprint

Result = TypeVar("Result")

LIMIT_BYTES = 2 * 1024**3
"""Default size of the folder."""

_DIGEST_BYTES = 32
_UNFINISHED = ".part-"
_LOOK_AGAIN = 0.02
"""Share of the limit that may be written until the size of the folder is looked at again."""
_STALE_SECONDS = 3600.0
"""An unfinished file as old as this was left by a process that was killed."""


def default_folder() -> Path:
    """Return PLANNER_CACHE_DIR, else supply-planner/stages in the user's cache folder."""
    chosen = os.environ.get("PLANNER_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "supply-planner" / "stages"


@dataclass(frozen=True, slots=True)
class StageUse:
    """How often results of one stage were found and computed by one `StageCache`."""

    recalled: int
    computed: int


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """What a cache folder holds.

    Attributes
    ----------
    size, limit : bytes.
    stages : stage -> (results, bytes).
    oldest, newest : seconds since 1970 of the last use, None without results.
    """

    folder: Path
    entries: int
    size: int
    limit: int
    stages: Mapping[str, tuple[int, int]]
    oldest: float | None
    newest: float | None


class StageCache:
    """Results of stages in a folder; several processes and threads may use one folder at once.

    Parameters
    ----------
    folder : None: `default_folder`. It is made when the first result is kept.
    limit_bytes : size of the folder above which the results that were not used for longest are removed.

    Attributes
    ----------
    notes : why results could not be kept; a cache that cannot be used is no error.
    """

    def __init__(self, folder: Path | None = None, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = default_folder() if folder is None else Path(folder)
        self.limit_bytes = limit_bytes
        self.notes: list[str] = []
        self._uses: Counter[tuple[str, bool]] = Counter()
        self._unlooked: int | None = None  # bytes written since the size was looked at; None: never looked
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[StageCache], tuple[Path, int]]:
        """Go to another process as a folder: each counts its own uses."""
        return type(self), (self.folder, self.limit_bytes)

    def recall(
        self,
        stage: str,
        compute: Callable[..., Result],
        *inputs: object,
        keep: bool | Callable[[Result], bool] = True,
        **means: Any,
    ) -> Result:
        """Return `compute(*inputs, **means)`, from the folder where it is known; see `planner.recall.Recall`."""
        code = stage_fingerprint(compute.__module__)
        if code is None:
            self._count(stage, recalled=False)
            return compute(*inputs, **means)
        key = fingerprint(stage, f"{compute.__module__}.{compute.__qualname__}", code, *inputs)
        path = self.folder / stage / key
        known = _load(path)
        self._count(stage, known is not None)
        if known is not None:
            result: Result = known[0]
            return result
        result = compute(*inputs, **means)
        if keep is True or (callable(keep) and keep(result)):
            self._keep(path, result)
        return result

    def uses(self, since: Mapping[str, StageUse] | None = None) -> dict[str, StageUse]:
        """Return by stage how many results were recalled and computed: so far, or `since` an earlier answer."""
        with self._lock:
            counted = dict(self._uses)
        out = {}
        for stage in dict.fromkeys(stage for stage, _ in counted):
            known = (since or {}).get(stage, StageUse(0, 0))
            use = StageUse(
                counted.get((stage, True), 0) - known.recalled, counted.get((stage, False), 0) - known.computed
            )
            if use != StageUse(0, 0):
                out[stage] = use
        return out

    def status(self) -> CacheStatus:
        """Look at the folder."""
        found = list(_entries(self.folder))
        stages: dict[str, tuple[int, int]] = {}
        for entry in sorted(found, key=lambda entry: entry.path):
            results, size = stages.get(entry.path.parent.name, (0, 0))
            stages[entry.path.parent.name] = (results + 1, size + entry.size)
        used = [entry.used for entry in found]
        return CacheStatus(
            folder=self.folder,
            entries=len(found),
            size=sum(entry.size for entry in found),
            limit=self.limit_bytes,
            stages=stages,
            oldest=min(used, default=None),
            newest=max(used, default=None),
        )

    def clear(self) -> CacheStatus:
        """Remove every result; return what there was. Nothing else in the folder is touched.

        Raises
        ------
        OSError
            A result cannot be removed.
        """
        before = self.status()
        for entry in _entries(self.folder):
            entry.path.unlink(missing_ok=True)
        _remove_unfinished(self.folder, older_than=0.0)
        for stage in before.stages:
            with contextlib.suppress(OSError):  # another process may just have written there
                (self.folder / stage).rmdir()
        return before

    def _count(self, stage: str, recalled: bool) -> None:
        with self._lock:
            self._uses[stage, recalled] += 1

    def _keep(self, path: Path, result: object) -> None:
        """Write a result; where that is impossible, say so once and go on without."""
        if self.notes:
            return
        content = _pack(result)
        try:
            _write(path, content)
        except OSError as error:
            with self._lock:
                self.notes = [
                    f"Results of stages are not kept: {self.folder} cannot be written ({error.strerror or error})."
                ]
            return
        with self._lock:
            looked, self._unlooked = self._unlooked is not None, (self._unlooked or 0) + len(content)
            due = not looked or self._unlooked > _LOOK_AGAIN * self.limit_bytes
            if due:
                self._unlooked = 0
        if due:
            _trim(self.folder, self.limit_bytes)


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Path
    size: int
    used: float


def _entries(folder: Path) -> Iterator[_Entry]:
    """Yield every result; what disappears meanwhile is left out."""
    for path in _files(folder):
        if re.fullmatch("[0-9a-f]{64}", path.name):
            with contextlib.suppress(OSError):
                about = path.stat()
                yield _Entry(path, about.st_size, about.st_mtime)


def _files(folder: Path) -> Iterator[Path]:
    try:
        stages = [stage for stage in folder.iterdir() if stage.is_dir()]
    except OSError:
        return
    for stage in stages:
        with contextlib.suppress(OSError):
            yield from stage.iterdir()


def _trim(folder: Path, limit_bytes: int) -> None:
    """Remove the results that were not used for longest until the rest is below nine tenths of the limit."""
    found = sorted(_entries(folder), key=lambda entry: entry.used)
    size = sum(entry.size for entry in found)
    if size > limit_bytes:
        for entry in found:
            if size <= 0.9 * limit_bytes:
                break
            with contextlib.suppress(OSError):
                entry.path.unlink(missing_ok=True)
            size -= entry.size
    _remove_unfinished(folder, _STALE_SECONDS)


def _remove_unfinished(folder: Path, older_than: float) -> None:
    """Remove what processes left that were killed while they wrote."""
    for path in _files(folder):
        if path.name.startswith(_UNFINISHED):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime >= older_than:
                    path.unlink()


def _pack(result: object) -> bytes:
    content = zlib.compress(pickle.dumps(result, protocol=5), level=1)
    return hashlib.sha256(content).digest() + content


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _load(path: Path) -> tuple[Any] | None:
    """Return the result in a file, None where there is none or it is not what was written."""
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if hasattr(os, "getuid") and (about.st_uid != os.getuid() or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
                return None
            content = file.read()
    except OSError:
        return None
    if hashlib.sha256(content[_DIGEST_BYTES:]).digest() != content[:_DIGEST_BYTES]:
        return None
    try:
        result = pickle.loads(zlib.decompress(content[_DIGEST_BYTES:]))
    except Exception:
        return None  # written by other versions of libraries, whose keys should differ: computed anew
    with contextlib.suppress(OSError):
        os.utime(path)
    return (result,)
