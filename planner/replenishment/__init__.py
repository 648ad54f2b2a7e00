"""Stock, targets and lanes to replenishment orders."""
