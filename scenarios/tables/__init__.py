"""Input tables: schemas with units, loading, cleaning, checks."""
