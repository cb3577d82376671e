"""Where the jobs of a grid are done."""
