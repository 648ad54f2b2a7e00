"""Mixed-integer programmes: one array problem, several backends, one judge."""
