"""The closed form of the CfC paper against the differential equation that it is to solve.

Pure functions that take weights: ``scalar.solutions`` (every formula of one unit over time), ``scalar.bracket`` and
``scalar.lemma`` (lemma 1), ``stepwise.after``, ``neuron.closed_form``, ``neuron.fit``, ``recording.solved``.
``scalar.drawn``, ``signals.SIGNALS`` and ``recording.surrogate`` say in which order numpy's generator gives the draws
of a seed.
"""
