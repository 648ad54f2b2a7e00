"""Supply-chain planner: the root that knows scenarios, solvers and reports."""
