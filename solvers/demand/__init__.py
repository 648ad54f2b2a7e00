"""Array mathematics of demand: weighted empirical quantiles, fitted distributions and their inverses."""
