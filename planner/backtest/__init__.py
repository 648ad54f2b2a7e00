"""Backtest: ordering rules played week by week on real sales that they have not seen."""
