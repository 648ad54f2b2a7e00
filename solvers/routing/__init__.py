"""Vehicle routing: one problem type, several solvers, one judge."""
