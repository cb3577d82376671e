"""Faster ways to drive a cell through time than the reference loop in ``ltcbench.models.scan``."""
