"""The check of a plan: played, unchanged, against demand and lead times that it has not seen."""

from planner.simulation.simulate import Simulation, simulate

__all__ = ["Simulation", "simulate"]
