"""Timing: models and engines against other implementations and against what the machine can do."""
