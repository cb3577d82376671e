"""Theorems 1 and 2 of the LTC paper, as they can be checked: random networks, and whether their states stay inside.

Pure functions that take weights: ``escape.escape`` (largest excess of a cell's states and time constants, solver by
solver), ``escape.interval``, ``equation_one.bounds`` (equation 1 with any activation). ``weights.drawn`` and
``equation_one.drawn`` say in which order numpy's generator gives the weights of a seed.
"""
