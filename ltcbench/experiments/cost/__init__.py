"""What solvers and the closed form cost: local errors, evaluations, growth with length and width, parameters.

Pure functions that take weights: ``local_error.errors`` and ``local_error.order``, ``evaluations.evaluations``,
``field.field``; weights as in ``stability``.
"""
