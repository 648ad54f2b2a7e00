"""How it is found: arrays in, arrays out."""
