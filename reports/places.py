"""Places: where a run folder can stand, a local folder or any filesystem that fsspec knows (s3, gs, memory ...).

Both kinds take a folder that was prepared on the local disk and put it in place. A local folder is renamed, so that
it appears whole or not at all. A bucket knows no rename of folders: the files are sent to a prefix beside the target
first, moved into it one by one, and the marker file comes last. A folder without its marker is no run, so nobody
reads half a run; while an older run is being replaced there is a moment without one.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

_SQUEEZED = re.compile(r"^([A-Za-z][A-Za-z0-9+.:\-]+):/(?!/)")


class PlaceError(Exception):
    """A place that cannot be used: what, where and what to do."""


class Place(Protocol):
    """A folder that can be read, and replaced as a whole."""

    def exists(self) -> bool:
        """Return whether there is anything at the place."""
        ...

    def names(self) -> set[str]:
        """Return the names of the files in the folder; none where it is no folder."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of a file; an OSError where that fails."""
        ...

    def prepare(self) -> Path:
        """Return a new, empty local folder to fill."""
        ...

    def put(self, prepared: Path, marker: str) -> None:
        """Replace the folder by a prepared one; `marker` is the file that makes it a run."""
        ...


@dataclass(frozen=True, slots=True)
class LocalPlace:
    """A folder of the local filesystem."""

    path: Path

    @property
    def _found(self) -> Path:
        """Return the folder, or the older one that waits aside where a replacement was cut short."""
        return self.path if self.path.exists() else self._aside

    @property
    def _aside(self) -> Path:
        return self.path.with_name(f".{self.path.name}.old")

    def exists(self) -> bool:
        """Return whether there is anything at the place."""
        return self._found.exists()

    def names(self) -> set[str]:
        """Return the names of the files in the folder."""
        return {path.name for path in self._found.iterdir()} if self._found.is_dir() else set()

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return (self._found / name).read_bytes()

    def prepare(self) -> Path:
        """Return a new folder beside the target."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.new-", dir=self.path.parent))
        new.chmod(0o755)
        return new

    def put(self, prepared: Path, marker: str) -> None:
        """Rename `prepared` to the folder; at every moment one of old and new can be read."""
        old = self._aside
        if self.path.exists():
            shutil.rmtree(old, ignore_errors=True)
            self.path.rename(old)
        try:
            prepared.rename(self.path)
        except OSError:
            if old.exists():
                old.rename(self.path)
            raise
        shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """A folder of a filesystem behind a URL.

    Attributes
    ----------
    files : the fsspec filesystem.
    path : the folder in it.
    """

    files: Any
    path: str

    def exists(self) -> bool:
        """Return whether there is anything at the place; other writers are seen."""
        self.files.invalidate_cache()
        return bool(self.files.exists(self.path))

    def names(self) -> set[str]:
        """Return the names of the files in the folder."""
        self.files.invalidate_cache()
        try:
            if not self.files.isdir(self.path):
                return set()
            entries = self.files.ls(self.path, detail=False)
        except FileNotFoundError:
            return set()
        return {name for name in (str(entry).rstrip("/").rpartition("/")[2] for entry in entries) if name}

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return bytes(self.files.cat_file(f"{self.path}/{name}"))

    def prepare(self) -> Path:
        """Return a new folder on the local disk."""
        return Path(tempfile.mkdtemp(prefix="planner-run-"))

    def put(self, prepared: Path, marker: str) -> None:
        """Send the files to a prefix beside the target, then move them into it, the marker last."""
        above, _, name = self.path.rpartition("/")
        waiting = f"{above}/.{name}.new-{uuid.uuid4().hex[:8]}"
        names = sorted((path.name for path in prepared.iterdir()), key=lambda name: (name == marker, name))
        try:
            self.files.makedirs(waiting, exist_ok=True)
            for each in names:
                self.files.put_file(str(prepared / each), f"{waiting}/{each}")
            old = self.names()
            if marker in old:
                self.files.rm_file(f"{self.path}/{marker}")  # from here on the older run does not exist
            self.files.makedirs(self.path, exist_ok=True)
            for each in names:
                self.files.mv(f"{waiting}/{each}", f"{self.path}/{each}")
            for each in old - set(names):
                self.files.rm_file(f"{self.path}/{each}")
        finally:
            if self.files.exists(waiting):
                self.files.rm(waiting, recursive=True)
        shutil.rmtree(prepared, ignore_errors=True)


def place_of(folder: Path | str) -> Place:
    """Return the place that a path or URL names.

    A `Path` writes the two slashes of a URL as one; they are understood all the same.

    Raises
    ------
    PlaceError
        The kind of filesystem is unknown, or the library that opens it is not installed.
    """
    text = str(folder)
    if isinstance(folder, Path) and not folder.exists():
        text = _SQUEEZED.sub(r"\1://", text)
    if "://" not in text and "::" not in text:
        return LocalPlace(Path(folder))
    if text.startswith("file://"):
        return LocalPlace(Path("/" + text.removeprefix("file://").lstrip("/")))
    import fsspec  # noqa: PLC0415 - a local folder needs none of it

    try:
        files, path = fsspec.core.url_to_fs(text)
    except (ImportError, ValueError) as error:
        raise PlaceError(f"{text} cannot be opened: {error}. Install what it names, or name another folder.") from error
    return BucketPlace(files, str(path).rstrip("/"))
