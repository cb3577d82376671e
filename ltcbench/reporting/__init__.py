"""Ours beside the papers': statistics, tables in several formats, a page with pictures."""
