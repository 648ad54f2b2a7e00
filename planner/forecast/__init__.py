"""History to a demand distribution per item, location and bucket."""
