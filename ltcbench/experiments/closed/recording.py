"""A network of LTC neurons and its activity over time: a recording, or a surrogate for one.

The authors' script for figure 2 reads ``figure_1_data.mat``, which holds ``neurons1`` (T, 19) and ``sensory1`` (T, 32),
the activity; ``synapse_param_inter`` (34, 6) and ``synapse_param_sensory`` (219, 6) with the columns source, target,
sigma, mu, w and erev, numbered from 0; ``neuron_param`` (19, 3) with gleak, vleak and cm. So says the script; the file
itself was not to be had, so that this layout is unconfirmed.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError
from scipy.special import expit

from ltcbench.errors import UserError
from ltcbench.experiments.closed.neuron import Neuron
from ltcbench.experiments.closed.scalar import Array

# Of the surrogate, as the recording has them: neuron 0 is the motor neuron, then come commands, then inter neurons.
COMMANDS, INTERS, SENSORS, RECURRENT, SENSORY, MOTOR_SYNAPSES = 6, 12, 32, 34, 219, 4
SAMPLES, MEMORY = 400, 0.9  # of its inputs: x[t] = MEMORY x[t-1] + noise, of variance 1
FIRST_VALUES = ((0.001, 1.0), (-0.2, 0.2), (0.4, 0.6))  # of gleak, vleak, cm: ncps'
SUBSTEPS = 20  # of the solver within a sample
FIELDS = {"neurons1": None, "sensory1": None, "synapse_param_inter": 6, "synapse_param_sensory": 6, "neuron_param": 3}


@dataclass(frozen=True)
class Recording:
    """A network and its activity.

    Attributes:
        neurons: activity (T, N).
        sensory: inputs (T, S).
        recurrent: synapses between neurons (n, 6): source, target, sigma, mu, w, erev.
        inputs: synapses from inputs, likewise.
        parameters: gleak, vleak, cm of the neurons (N, 3).
    """

    neurons: Array
    sensory: Array
    recurrent: Array
    inputs: Array
    parameters: Array

    def neuron(self, number: int) -> tuple[Neuron, Array]:
        """A neuron, and the activity of the sources of its synapses (T, n)."""
        found = [(synapses[synapses[:, 1] == number], activity) for synapses, activity in self._both()]
        u = np.concatenate([activity[:, mine[:, 0].astype(int)] for mine, activity in found], axis=1)
        sigma, mu, w, a = np.concatenate([mine for mine, _ in found])[:, 2:].T
        gleak, vleak, cm = self.parameters[number]
        return Neuron(float(gleak), float(vleak), float(cm), sigma, mu, w, a), u

    def _both(self) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        return (self.recurrent, self.neurons), (self.inputs, self.sensory)


def read(path: Path) -> Recording:
    """The recording in a file of MATLAB.

    Raises:
        UserError: it cannot be read, or is not laid out as above.
    """
    try:
        found = loadmat(path, variable_names=list(FIELDS))
    except (OSError, ValueError, NotImplementedError, TypeError, MatReadError) as error:
        raise UserError(f"{path} cannot be read as a file of MATLAB up to version 7 ({error}).") from None
    arrays = {name: np.asarray(found[name]) for name in FIELDS if name in found}
    for name, width in FIELDS.items():
        array = arrays.get(name)
        if array is None or array.ndim != 2 or array.dtype.kind not in "fiu" or width not in (None, array.shape[1]):
            wanted = "columns of numbers" if width is None else f"{width} columns of numbers"
            got = "nothing" if array is None else f"an array {array.shape} of {array.dtype}"
            raise UserError(f"{path} holds {got} as {name}: expected a table with {wanted}, see ltcbench show.")
    made = Recording(*(arrays[name].astype(float) for name in FIELDS))
    _check(path, made)
    return made


def _check(path: Path, made: Recording) -> None:
    count = made.neurons.shape[1]
    if len(made.neurons) != len(made.sensory) or len(made.neurons) < 2:
        raise UserError(f"{path} holds {len(made.neurons)} samples of neurons and {len(made.sensory)} of inputs.")
    if len(made.parameters) != count:
        raise UserError(f"{path} holds {count} neurons, but parameters of {len(made.parameters)}.")
    for name, (synapses, activity) in zip(("inter", "sensory"), made._both(), strict=True):
        ends = ((0, activity.shape[1]), (1, count))
        if any((synapses[:, i] < 0).any() or (synapses[:, i] >= size).any() for i, size in ends):
            raise UserError(f"{path} has synapses in synapse_param_{name} from or to a neuron that is not there.")
    if not all(np.isfinite(array).all() for array in vars(made).values()):
        raise UserError(f"{path} holds numbers that are not finite.")
    if not (made.inputs[:, 1] == 0).any() and not (made.recurrent[:, 1] == 0).any():
        raise UserError(f"{path} has no synapse onto neuron 0, the output.")


def surrogate(rng: np.random.Generator, samples: int = SAMPLES) -> Recording:
    """A random network of the recording's size and kind, and the solution of its equations, from 0.

    Drawn in this order: sources of the motor neuron's synapses, commands without repetition; the other recurrent
    synapses without repetition out of (inter or command, command) and the sensory ones out of (input, inter); of both,
    recurrent first, w U(0.001, 1), mu U(0.3, 0.8), sigma U(3, 8), erev +1 where a uniform number is below 2/3, else -1
    (ncps' first values); gleak U(0.001, 1), vleak U(-0.2, 0.2), cm U(0.4, 0.6); the inputs' noise (T, 32).
    """
    commands = np.arange(1.0, 1 + COMMANDS)
    inters = np.arange(1.0 + COMMANDS, 1 + COMMANDS + INTERS)
    motor = np.stack([rng.choice(commands, MOTOR_SYNAPSES, replace=False), np.zeros(MOTOR_SYNAPSES)], axis=1)
    inner = _pairs(rng, np.concatenate([commands, inters]), commands, RECURRENT - MOTOR_SYNAPSES)
    outer = _pairs(rng, np.arange(float(SENSORS)), inters, SENSORY)
    recurrent, inputs = (_synapses(rng, ends) for ends in (np.concatenate([motor, inner]), outer))
    count = 1 + COMMANDS + INTERS
    parameters = np.stack([rng.uniform(*ends, count) for ends in FIRST_VALUES], axis=1)
    noise = rng.standard_normal((samples, SENSORS))
    sensory = np.empty_like(noise)
    sensory[0] = noise[0]
    for i in range(1, samples):
        sensory[i] = MEMORY * sensory[i - 1] + np.sqrt(1 - MEMORY**2) * noise[i]
    return Recording(solved(sensory, recurrent, inputs, parameters), sensory, recurrent, inputs, parameters)


def _pairs(rng: np.random.Generator, sources: Array, targets: Array, number: int) -> Array:
    chosen = rng.choice(len(sources) * len(targets), number, replace=False)
    return np.stack([sources[chosen // len(targets)], targets[chosen % len(targets)]], axis=1)


def _synapses(rng: np.random.Generator, ends: Array) -> Array:
    n = len(ends)
    w, mu, sigma = rng.uniform(0.001, 1, n), rng.uniform(0.3, 0.8, n), rng.uniform(3, 8, n)
    return np.column_stack([ends, sigma, mu, w, np.where(rng.random(n) < 2 / 3, 1.0, -1.0)])


def solved(sensory: Array, recurrent: Array, inputs: Array, parameters: Array, substeps: int = SUBSTEPS) -> Array:
    """Activity (T, N) at the end of each sample, in which the inputs (T, S) are constant; one unit of time a sample.

    A step is exact for conductances that stay as they are; it takes those of its middle: its error is of third order.
    """
    count = len(parameters)
    gleak, vleak, cm = parameters.T
    into = [_matrix(synapses, count) for synapses in (inputs, recurrent)]

    def sums(synapses: Array, target: Array, u: Array) -> tuple[Array, Array]:
        open_ = synapses[:, 4] * expit(synapses[:, 2] * (u[synapses[:, 0].astype(int)] - synapses[:, 3]))
        return target @ (open_ * synapses[:, 5]), target @ open_

    x, path = np.zeros(count), np.empty((len(sensory), count))
    for i, u in enumerate(sensory):
        inflow, outflow = sums(inputs, into[0], u)
        for _ in range(substeps):
            middle = x
            for duration in (0.5 / substeps, 1 / substeps):
                more, faster = sums(recurrent, into[1], middle)
                conductance = gleak + outflow + faster
                rest = (gleak * vleak + inflow + more) / conductance
                middle = rest + (x - rest) * np.exp(-conductance / cm * duration)
            x = middle
        path[i] = x
    return path


def _matrix(synapses: Array, count: int) -> Array:
    """(N, n), 1 where a synapse ends at a neuron."""
    return np.asarray(synapses[:, 1] == np.arange(count)[:, None], dtype=float)
