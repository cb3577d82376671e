"""Recurrent cells: one file a cell, mathematics only."""
