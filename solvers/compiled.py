"""The one door to Numba: compiled kernels with a cache folder that can be written.

`numba` with `cache=True` raises at import where no cache folder is writable, for example in a
read-only installation. The folder is therefore chosen before Numba loads. Numba looks only at the file of the
kernel that is called: where a helper in another file changed it would load the old code. So the folder's name holds
a digest of all kernels' sources.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, cast

_Function = TypeVar("_Function", bound=Callable[..., Any])


_KEPT_FOLDERS = 3
_MOMENT_S = 0.08
_NAME_OF_SOURCES = (
    *(
        "*kernels.py",
        "*instance.py",
        "fleet.py",
        "plan.py",
        "problem.py",
        "region.py",
        "solution.py",
        "*_data.py",
        "*state.py",
    ),
)
"""Files whose text compiled code depends on: the kernels, and the constants and tuples they take."""


def _sources_digest() -> str:
    """Return a short digest of Numba's version and of the sources of all kernels."""
    root = Path(__file__).parent
    digest = hashlib.blake2b(version("numba").encode(), digest_size=8)
    for path in sorted(path for pattern in _NAME_OF_SOURCES for path in root.glob(f"*/{pattern}")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _choose_cache_folder() -> None:
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    candidates = (
        Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "supply-planner" / "numba",
        Path(tempfile.gettempdir()) / f"supply-planner-numba-{os.getuid() if hasattr(os, 'getuid') else 'user'}",
    )
    name = _sources_digest()
    for parent in candidates:
        folder = parent / name
        try:
            new = not folder.is_dir()
            folder.mkdir(parents=True, exist_ok=True)
            os.utime(folder)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            os.environ["NUMBA_CACHE_DIR"] = str(folder)
            if new:
                _remove_old_folders(parent)
            return


def _remove_old_folders(parent: Path) -> None:
    """Keep the caches used last; one that another process still reads is compiled anew there when needed."""
    try:
        folders = sorted((path for path in parent.iterdir() if path.is_dir()), key=lambda path: -path.stat().st_mtime)
    except OSError:
        return
    for folder in folders[_KEPT_FOLDERS:]:
        shutil.rmtree(folder, ignore_errors=True)


_choose_cache_folder()

numba: Any = import_module("numba")  # only after the cache folder is chosen; its stubs know no private options

prange = numba.prange
_codegen: Any = import_module("numba.core.codegen")
_compiler: Any = import_module("numba.core.compiler")


class _NoEnvironment:
    """Stands for the machine code of a helper, which has none of its own."""

    @staticmethod
    def set_env(_name: str, _environment: object) -> None:
        """Do nothing: only code that raises needs an environment."""


class _LinkedCode(_codegen.JITCodeLibrary):  # type: ignore[misc]
    """A helper's code as it is linked into kernels: optimised and made machine code as a part of them only.

    Numba does both for every function together with all that it calls, so what stands deep in a kernel is compiled once
    for each level above it.
    """

    codegen = _NoEnvironment()

    def get_pointer_to_function(self, _name: str) -> int:
        """Return that Python cannot call it."""
        return 0

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class _HelperCompiler(_compiler.CompilerBase):  # type: ignore[misc]
    """Numba's usual compiler, but what it makes is linked only."""

    def define_pipelines(self) -> list[Any]:
        self.state.library = _LinkedCode(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        return [_compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)]


def njit(
    *,
    parallel: bool = False,
    fastmath: bool = False,
    inline: bool = False,
    allocates: bool = True,
    helper: bool = False,
    called: bool = False,
) -> Callable[[_Function], _Function]:
    """Return a decorator that compiles a function with Numba, cached on disk, without the GIL.

    `fastmath` stays off by default: sums must not depend on how the compiler reorders them. A kernel that creates no
    array says `allocates=False` and is spared all counting of references, which is what makes it cheap to hand
    named tuples of arrays to small functions in a hot loop. A `helper` allocates nothing either and is called by
    other kernels only: without its own wrapper and cache entry it compiles in half the time. It is inlined wherever it
    is used unless it is to be `called`, which a large helper with several callers should be.
    """

    def compile_(function: _Function) -> _Function:
        compiled: Any = numba.njit(
            cache=not helper,
            nogil=True,
            parallel=parallel,
            fastmath=fastmath,
            error_model="numpy",
            inline="always" if inline else "never",
            _nrt=allocates and not helper,
            no_cpython_wrapper=helper,
            forceinline=helper and not called,
            no_cfunc_wrapper=helper,
            pipeline_class=_HelperCompiler if helper else _compiler.Compiler,
        )(function)
        return cast("_Function", compiled)

    return compile_


def _launched() -> int:
    """Return the number of threads Numba was launched with, its upper limit."""
    return int(getattr(numba.config, "NUMBA_NUM_THREADS", 1))


def set_threads(threads: int) -> int:
    """Use `threads` threads in parallel kernels from now on; return how many are really used."""
    used = max(1, min(threads, _launched()))
    numba.set_num_threads(used)
    return used


def is_compiled(module: str) -> bool:
    """Return whether kernels of a module (its last name) were compiled on this machine before."""
    folder = os.environ.get("NUMBA_CACHE_DIR")
    return folder is not None and any(Path(folder).glob(f"**/{module}.*.nbi"))


def pin_to_cores(cores: int) -> None:
    """Let this process run on `cores` cores at most, whatever library uses threads, and Numba's kernels likewise.

    Idle cores come first, so that processes side by side do not end up on the same one.
    """
    set_threads(cores)
    if hasattr(os, "sched_setaffinity"):
        usable = sorted(os.sched_getaffinity(0))
        turn = {core: (place + os.getpid()) % len(usable) for place, core in enumerate(usable)}
        busy = _busy_cores() if cores < len(usable) else set()
        os.sched_setaffinity(0, sorted(usable, key=lambda core: (core in busy, turn[core]))[:cores])


def _busy_cores() -> set[int]:
    """Return the cores that others kept busy for most of a moment; none where the system does not tell."""
    try:
        first = _idle_ticks()
        time.sleep(_MOMENT_S)
        later = _idle_ticks()
    except (OSError, ValueError, IndexError):
        return set()
    ticks = os.sysconf("SC_CLK_TCK") * _MOMENT_S
    return {core for core, idle in later.items() if idle - first.get(core, idle) < 0.5 * ticks}


def _idle_ticks() -> dict[int, int]:
    """Return by core how long it has been idle, in ticks."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    rows = [line.split() for line in lines if line.startswith("cpu") and line[3].isdigit()]
    return {int(row[0][3:]): int(row[4]) + int(row[5]) for row in rows}
