"""Work that is evaluated by the thousand, behind one interface: NumPy (the reference), Numba and CuPy, chosen once.

The cost of giant tours (`make_fitness`), chains of ruin and recreate side by side (`make_chains`), all moves of a
solution (`make_scan`), ordering policies in many futures (`make_player`). Host arrays go in and out; algorithms never
see a device.
"""

from solvers.fitness.backends import (
    Backend,
    BackendName,
    available_backends,
    make_chains,
    make_fitness,
    make_player,
    make_scan,
)
from solvers.fitness.chain_data import ChainProblem, Chains, ChainStates, Schedule
from solvers.fitness.scan_data import MoveScan, Tours
from solvers.fitness.split_data import Fitness, SplitData

__all__ = [
    "Backend",
    "BackendName",
    "ChainProblem",
    "ChainStates",
    "Chains",
    "Fitness",
    "MoveScan",
    "Schedule",
    "SplitData",
    "Tours",
    "available_backends",
    "make_chains",
    "make_fitness",
    "make_player",
    "make_scan",
]
