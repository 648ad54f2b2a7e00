"""Stock over time: a fixed plan played against sampled demand and lead times."""

from solvers.stock.futures import StockOutcome, StockProblem, play

__all__ = ["StockOutcome", "StockProblem", "play"]
