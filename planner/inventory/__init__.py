"""Demand distribution to safety stock, reorder point, order-up-to level and classes."""
