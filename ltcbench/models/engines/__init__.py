"""Faster ways to drive a cell through time than the loop in ``scan``; ``choice`` decides between them."""
