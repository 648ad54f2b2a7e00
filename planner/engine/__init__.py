"""Runs scenarios and writes run folders."""
