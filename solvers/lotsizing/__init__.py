"""Batched lot sizing: single-item dynamic programme, price decomposition, repair, bounds."""
