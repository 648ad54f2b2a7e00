"""BacktestError: what a user can put right before a backtest runs."""


class BacktestError(Exception):
    """The backtest cannot be played as asked; the text says what to change."""
