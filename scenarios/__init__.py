"""What is asked: input tables, settings and scenarios."""
