"""Plays a plan against demand and lead times that it has not seen."""
