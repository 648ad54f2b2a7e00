"""One warehouse and the retailers of Iowa: real deliveries, stated assumptions."""
