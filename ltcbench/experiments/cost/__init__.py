"""What solvers and the closed form cost: local errors, evaluations, growth with length and width, parameters."""
