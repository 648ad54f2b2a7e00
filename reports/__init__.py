"""What is answered: published tables, KPIs, pages and files for people."""
