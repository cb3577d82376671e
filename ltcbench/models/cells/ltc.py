"""Liquid time-constant cell (LTC paper, arXiv 2006.04439, equations 1 to 3, algorithm 1).

    cm dv/dt = gleak (vleak - v) + sum_j w_j s_j (erev_j - v),    s_j = sigmoid(sigma_j (u_j - mu_j))

The sum runs over the synapses from the inputs (u = x) and from all units (u = v). The liquid time constant
tau_sys = cm / (gleak + sum_j w_j s_j) lies between cm / (gleak + sum_j w_j) and cm / gleak (theorem 1); v stays between
the smallest and the largest of vleak, erev and its first value (theorem 2).

One time step takes ``unfolds`` steps of length h of one of these solvers:

    ltc        fused: v <- (cm v + h (gleak vleak + sum w s erev)) / (cm + h (gleak + sum w s))
    ltc_euler  v <- v + h dv/dt
    ltc_rk4    classical Runge-Kutta
    ltc_ode    adaptive Dormand-Prince over the elapsed time, without unfolds

h and the first values depend on ``flavour``, see ltcbench/models/cells/ltc_flavours.py.

Symbols:
    - v: state, the paper's x.
    - `cm`, `gleak`: capacity and leak conductance, 1/tau = gleak/cm; `vleak`: leak potential.
    - `sensory`, `recurrent`: the synapses from the inputs and from the units, each with weight w (f = w s / cm),
      reversal potential erev (the paper's A), slope sigma and centre mu.
    - `input_w`, `input_b`: affine map of the inputs, authors' code only; `output_w`, `output_b`: of the output, only in
      the flavours that have one.

Deviations:
    - The paper writes one shared layer f; the authors' code has a sigmoid and a reversal potential for each synapse.
    - The LTC paper's code knows no elapsed time: each of its 6 fused steps has h = 1, so that cm stands for C/h; its
      Euler and RK4 steps have h = 0.1. Here h is multiplied by the elapsed time.
    - w, gleak and cm are kept positive by clipping after every update (authors), or as softplus of the parameter.
    - Ours: ``bounded`` puts v back into the interval of theorem 2 after each step of ltc_euler and ltc_rk4. Without it,
      as in the authors' code, they diverge where h (gleak + sum w s) > 2 cm: with many inputs from the start, else when
      training has made w large.
    - Ours: ``wiring`` leaves synapses out, as ncps does (the LTC paper's code has a random mask, unused in its tables).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.ltc_flavours import FLAVOURS
from ltcbench.models.cells.synapses import Synapses, uniform
from ltcbench.models.options import STEPS, choice, whole
from ltcbench.models.solvers import SOLVERS, Solver, fused
from ltcbench.models.wirings import wire

EPSILON = 1e-8  # in the denominator of the fused step (CfC code, ncps); invisible in float32
CONSTRAINTS = ("projection", "softplus")
EXPLICIT_STEP = 0.1  # h of Euler and RK4 in flavour ltc (ltc_model.py)


class LTC(Cell):
    """LTC cell; the state is (v,).

    Args:
        input_size: F.
        hidden_size: H.
        solver: ``fused``, ``euler``, ``rk4`` or ``ode``.
        flavour: one of ``FLAVOURS``.
        unfolds: solver steps in one time step.
        tolerance: of ``ode``, relative and absolute.
        constraint: ``projection`` (``project_`` clips) or ``softplus``.
        bounded: whether Euler and RK4 are kept within the bounds of theorem 2.
        wiring, sparsity, motors, wiring_seed: see ``ltcbench.models.wirings.wire``; the output has ``motors`` units.

    Raises:
        UserError: an option is unknown or out of range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        solver: str = "fused",
        flavour: str = "ltc",
        unfolds: int = 6,
        tolerance: float = 1e-6,
        constraint: str = "projection",
        bounded: bool = True,
        wiring: str = "full",
        sparsity: float = 0.5,
        motors: int | None = None,
        wiring_seed: int = 22222,
    ) -> None:
        super().__init__(input_size, hidden_size)
        choice("solver", solver, ("fused", *SOLVERS))
        choice("flavour", flavour, FLAVOURS)
        choice("constraint", constraint, CONSTRAINTS)
        whole("unfolds", unfolds, STEPS)
        self.flavour = row = FLAVOURS[flavour]
        self.unfolds = unfolds
        self.softplus = constraint == "softplus"
        self.bounded = bounded
        step_size = None if row.divided else EXPLICIT_STEP
        self.solver = None if solver == "fused" else Solver(solver, unfolds, step_size, tolerance)

        wires = wire(wiring, input_size, hidden_size, sparsity, motors, wiring_seed)
        self.output_size = wires.motors
        self.sensory = Synapses(wires.sensory, row.w, row.excitatory)
        self.recurrent = Synapses(wires.recurrent, row.w, row.excitatory)
        self.vleak = uniform(hidden_size, between=(-0.2, 0.2))
        self.gleak = uniform(hidden_size, between=row.gleak)
        self.cm = uniform(hidden_size, between=row.cm)
        self.input_w = nn.Parameter(torch.ones(input_size))
        self.input_b = nn.Parameter(torch.zeros(input_size))
        if row.output_map:
            self.output_w = nn.Parameter(torch.ones(wires.motors))
            self.output_b = nn.Parameter(torch.zeros(wires.motors))
        if self.softplus:
            with torch.no_grad():
                for positive in (self.sensory.w, self.recurrent.w, self.gleak, self.cm):
                    positive.copy_(torch.log(torch.expm1(positive)))

    def drive(self, x: Tensor) -> Drive:
        """Sensory synapses and leak: sums of conductances times potentials and of conductances, each (T, B, H)."""
        return self.leaky(*self.sensory(self.mapped(x), self.weight(self.sensory)))

    def mapped(self, x: Tensor) -> Tensor:
        """The inputs behind their affine map."""
        return x * self.input_w + self.input_b

    def leaky(self, reversal: Tensor, conductance: Tensor) -> Drive:
        """Sums over synapses with the leak added."""
        gleak = self.positive(self.gleak)
        return reversal + gleak * self.vleak, conductance + gleak

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step of the solver over ``elapsed`` (B, 1)."""
        (v,) = state
        w, cm = self.weight(self.recurrent), self.positive(self.cm)

        def sums(v: Tensor) -> tuple[Tensor, Tensor]:
            reversal, conductance = self.recurrent(v, w)
            return drive[0] + reversal, drive[1] + conductance

        def slope(v: Tensor) -> Tensor:
            reversal, conductance = sums(v)
            return (reversal - conductance * v) / cm

        if self.solver is None:
            return (fused(sums, cm, v, self.step_size(elapsed), self.unfolds, EPSILON),)
        duration = elapsed + self.flavour.shift
        return (self.solver(slope, v, duration, self._bounds(v) if self.bounded else None),)

    def step_size(self, elapsed: Tensor) -> Tensor:
        """H of the fused solver."""
        duration = elapsed + self.flavour.shift
        return duration / self.unfolds if self.flavour.divided else duration

    def output(self, state: State) -> Tensor:
        """The motor neurons' potentials, in some flavours after a trainable affine map; (B, output_size)."""
        v = state[0][:, : self.output_size]
        return v * self.output_w + self.output_b if self.flavour.output_map else v

    def time_constants(self, x: Tensor, state: State, elapsed: Tensor) -> Tensor:
        """tau_sys (T, B, H) at the end of each step, of inputs (T, B, F) and elapsed times (T, B)."""
        taus = []
        w, cm = self.weight(self.recurrent), self.positive(self.cm)
        for reversal, conductance, duration in zip(*self.drive(x), elapsed.unsqueeze(-1), strict=True):
            state = self.step(state, (reversal, conductance), duration)
            taus.append(cm / (conductance + self.recurrent(state[0], w)[1]))
        return torch.stack(taus)

    @torch.no_grad()
    def project_(self) -> None:
        """Clip conductances and capacities to the flavour's range."""
        if not self.softplus:
            w, gleak, cm = self.flavour.smallest
            for parameter, smallest in ((self.sensory.w, w), (self.recurrent.w, w), (self.gleak, gleak), (self.cm, cm)):
                parameter.clamp_(smallest, self.flavour.largest)

    @property
    def nfe(self) -> int:
        """How often the adaptive solver has evaluated the equation, over all batches; see ``Solver.evaluations``."""
        return self.solver.evaluations if self.solver else 0

    def positive(self, parameter: Tensor) -> Tensor:
        """A parameter that is kept positive, as the equations take it."""
        return F.softplus(parameter) if self.softplus else parameter

    def weight(self, synapses: Synapses) -> Tensor:
        """W of the synapses, 0 where there is none."""
        w = self.positive(synapses.w)
        return w if synapses.mask is None else w * synapses.mask

    @torch.no_grad()
    def _bounds(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """The interval of theorem 2, each (B, H)."""
        sources = torch.cat([self.vleak[:, None], self.sensory.erev, self.recurrent.erev], dim=1)
        return torch.minimum(v, sources.amin(1)), torch.maximum(v, sources.amax(1))
