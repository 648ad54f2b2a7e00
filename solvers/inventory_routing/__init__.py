"""Inventory routing: who is visited on which day, with how much, on which route, all at once."""
