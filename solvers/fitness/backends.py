"""The one place that asks about devices: which fitness backend is usable, and which is chosen."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from solvers.fitness.chain_data import ChainProblem, Chains
from solvers.fitness.scan_data import MoveScan
from solvers.fitness.split_data import Fitness, SplitData

if TYPE_CHECKING:
    from solvers.stock.policies import PolicyPlayer

BackendName = Literal["auto", "cupy", "numba", "numpy"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backend:
    """One fitness backend on this machine; `reason` says why it is not usable, empty where it is."""

    name: str
    reason: str

    @property
    def usable(self) -> bool:
        """Whether a fitness of this backend can be made here."""
        return not self.reason


def available_backends() -> tuple[Backend, ...]:
    """Return every backend in order of preference, with the reason where it is not usable."""
    return tuple(Backend(name, probe()) for name, probe in _PROBES.items())


def make_fitness(data: SplitData, backend: BackendName = "auto") -> Fitness:
    """Return the fitness of the wanted backend, or of the first usable one of CuPy, Numba, NumPy.

    The log says (level INFO) what was chosen and what was passed over, and why.

    Raises
    ------
    ValueError
        There is no backend of that name.
    RuntimeError
        The backend asked for by name is not usable here; the message says why.
    """
    make: Callable[[SplitData], Fitness] = _chosen(backend, _SPLITS)
    return make(data)


def make_chains(problem: ChainProblem, backend: Literal["auto", "cupy", "numba"] = "auto") -> Chains:
    """Return what runs many chains of ruin and recreate at once, or of the first usable one of CuPy and Numba.

    Raises
    ------
    ValueError, RuntimeError
        As `make_fitness`.
    """
    make: Callable[[ChainProblem], Chains] = _chosen(backend, _CHAINS)
    return make(problem)


def make_scan(problem: ChainProblem, backend: BackendName = "auto") -> MoveScan:
    """Return what prices all moves of a solution at once, or of the first usable one of CuPy, Numba, NumPy.

    Raises
    ------
    ValueError, RuntimeError
        As `make_fitness`.
    """
    make: Callable[[ChainProblem], MoveScan] = _chosen(backend, _SCANS)
    return make(problem)


def make_player(backend: BackendName = "auto") -> PolicyPlayer:
    """Return what plays ordering policies, or the first usable one of Numba, NumPy.

    CuPy is taken by name only: demand is drawn on the host, which takes longer than to play it there.

    Raises
    ------
    ValueError, RuntimeError
        As `make_fitness`.
    """
    make: Callable[[], PolicyPlayer] = _chosen(backend, _PLAYERS)
    return make()


def _chosen(backend: str, makers: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    """Return the maker of the wanted backend, or of the first usable one."""
    if backend != "auto":
        if backend not in makers:
            raise ValueError(f"no fitness backend '{backend}'; there are auto, {', '.join(makers)}")
        if reason := _PROBES[backend]():
            raise RuntimeError(f"fitness backend '{backend}' is not usable here: {reason}")
        return makers[backend]
    passed_over: list[str] = []
    for name, make in makers.items():
        reason = _PROBES[name]()
        if not reason:
            _log.info("fitness backend %s%s", name, "".join(passed_over))
            return make
        passed_over.append(f"; passed over {name}: {reason}")
    raise RuntimeError(f"no fitness backend is usable here{''.join(passed_over)}")


def _probe_cupy() -> str:
    if importlib.util.find_spec("cupy") is None:
        return "the module cupy is not installed (extra gpu12 or gpu13)"
    try:
        import cupy  # noqa: PLC0415 - loads the CUDA libraries, only where they are asked for

        found = cupy.cuda.is_available()
    except Exception as error:  # a broken driver fails in many ways; each only means "not here"
        return f"cupy does not load: {error}"
    return "" if found else "cupy finds no CUDA device"


def _probe_numba() -> str:
    return "" if importlib.util.find_spec("numba") else "the module numba is not installed"


def _probe_numpy() -> str:
    return ""


def _make_cupy(data: SplitData) -> Fitness:
    from solvers.fitness.cuda_split import CudaSplit  # noqa: PLC0415

    return CudaSplit(data)


def _make_numba(data: SplitData) -> Fitness:
    from solvers.fitness.numba_split import NumbaSplit  # noqa: PLC0415 - loads Numba

    return NumbaSplit(data)


def _make_numpy(data: SplitData) -> Fitness:
    from solvers.fitness.array_split import ArraySplit  # noqa: PLC0415

    return ArraySplit(data)


def _make_cuda_chains(problem: ChainProblem) -> Chains:
    from solvers.fitness.cuda_chains import CudaChains  # noqa: PLC0415

    return CudaChains(problem)


def _make_numba_chains(problem: ChainProblem) -> Chains:
    from solvers.fitness.numba_chains import NumbaChains  # noqa: PLC0415 - loads Numba

    return NumbaChains(problem)


def _make_cuda_scan(problem: ChainProblem) -> MoveScan:
    from solvers.fitness.cuda_scan import CudaScan  # noqa: PLC0415

    return CudaScan(problem)


def _make_numba_scan(problem: ChainProblem) -> MoveScan:
    from solvers.fitness.numba_scan import NumbaScan  # noqa: PLC0415 - loads Numba

    return NumbaScan(problem)


def _make_array_scan(problem: ChainProblem) -> MoveScan:
    from solvers.fitness.array_scan import ArrayScan  # noqa: PLC0415

    return ArrayScan(problem)


def _make_cupy_player() -> PolicyPlayer:
    import cupy  # noqa: PLC0415 - loads the CUDA libraries

    from solvers.stock.policy_arrays import play_arrays  # noqa: PLC0415

    return partial(play_arrays, namespace=cupy)


def _make_compiled_player() -> PolicyPlayer:
    from solvers.stock.policies import play_compiled  # noqa: PLC0415 - loads Numba

    return play_compiled


def _make_array_player() -> PolicyPlayer:
    from solvers.stock.policy_arrays import play_arrays  # noqa: PLC0415

    return play_arrays


_PROBES: Mapping[str, Callable[[], str]] = {"cupy": _probe_cupy, "numba": _probe_numba, "numpy": _probe_numpy}
_SPLITS: Mapping[str, Callable[[SplitData], Fitness]] = {
    "cupy": _make_cupy,
    "numba": _make_numba,
    "numpy": _make_numpy,
}
_CHAINS: Mapping[str, Callable[[ChainProblem], Chains]] = {"cupy": _make_cuda_chains, "numba": _make_numba_chains}
_SCANS: Mapping[str, Callable[[ChainProblem], MoveScan]] = {
    "cupy": _make_cuda_scan,
    "numba": _make_numba_scan,
    "numpy": _make_array_scan,
}
_PLAYERS: Mapping[str, Callable[[], PolicyPlayer]] = {
    "numba": _make_compiled_player,
    "numpy": _make_array_player,
    "cupy": _make_cupy_player,
}
