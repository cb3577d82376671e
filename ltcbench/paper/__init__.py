"""The papers' numbers, and what of them is asked for."""
