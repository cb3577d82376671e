"""``python -m ltcbench``."""

from ltcbench.cli import main

main()
