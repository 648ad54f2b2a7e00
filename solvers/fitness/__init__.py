"""Batch evaluation of giant tours on NumPy, Numba or CuPy, chosen once."""
