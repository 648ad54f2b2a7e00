"""Ordering: the rule that prices each unit on sampled demand paths, and the stock ledger it is judged on."""
