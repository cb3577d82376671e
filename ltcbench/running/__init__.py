"""How a job is run: its folder, its result, its mirror in MLflow, many of them side by side."""
