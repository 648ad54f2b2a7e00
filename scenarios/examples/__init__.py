"""Worked examples with real data, shipped in the wheel."""
