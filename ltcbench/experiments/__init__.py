"""The claims of the two abstracts as experiments: what the papers measured, how, and what comes out.

An experiment is a module here and its settings in ``conf/experiment/<name>.yaml``. It names its draws, computes one of
them, and makes values, a table and a picture of all; see ``experiment.py``. The rest is the same for all: ``asked.py``
checks settings, ``running.py`` computes in the processes of ``workers.py`` what is not there yet, ``folder.py`` keeps
it, ``tables.py`` puts it into the papers' tables.

Pure functions, of weights and states as numpy arrays, without files or settings:

    networks.drawn(seed, width, layers, spread, quirks, reversal=None) -> Weights: a draw of ``default_rng(seed)``
    networks.right_hand_side(model, weights, activation, quirks) -> F(t, x): dx/dt
    ode45.ode45(f, end, x, relative, absolute, ...) -> Solution: accepted and failed steps, points, states
    latent.trajectory(model, weights, activation, quirks, ...) -> Solution: a network driven once round the circle
    latent.length(solution, weights), latent.depth(solution, ...): of the trajectory, as the released script takes them
    curves.length(states), curves.relative_length(states), curves.turning(states): of any states, (points, units)
    theorems.base(k, sw2), theorems.paper(...), theorems.script(...): the lower bounds of theorems 4 and 5
"""
