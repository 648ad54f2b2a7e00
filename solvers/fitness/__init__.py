"""Cost of giant tours behind one interface: NumPy (the reference), Numba and CuPy, chosen once.

Host arrays go in and out; algorithms never see a device.
"""

from solvers.fitness.backends import Backend, BackendName, available_backends, make_fitness
from solvers.fitness.split_data import Fitness, SplitData

__all__ = ["Backend", "BackendName", "Fitness", "SplitData", "available_backends", "make_fitness"]
