"""Theorems 1 and 2 of the LTC paper, as they can be checked: random networks, and whether their states stay inside."""
