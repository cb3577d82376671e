"""What a recurrent cell is.

A cell is driven through time by ``ltcbench.models.scan``: ``drive`` once for the whole sequence, then ``step`` for
each time step. Everything is time first here, (T, B, ...); only the network's door is batch first.

A cell's module docstring has three parts, which ``ltcbench.models.about`` reads: title and equations; ``Symbols:``,
the paper's symbols and the parameters that hold them; ``Deviations:``, where the cell differs from the paper.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType

from torch import Tensor, nn

from ltcbench.errors import UserError
from ltcbench.models.cells.head import Head
from ltcbench.models.solvers import Solver

State = tuple[Tensor, ...]
Drive = tuple[Tensor, ...]


class Cell(nn.Module):
    """Base of all cells.

    Attributes:
        input_size: F, number of input features.
        hidden_size: H, number of units.
        output_size: width of the output, H unless a cell says otherwise.
        uses_elapsed: False where the cell has no notion of time and ignores ``elapsed``.
        takes_mask: True where the cell treats missing values itself. Its constructor then has a parameter ``masked``;
            if that is set, its inputs are the values (0 where missing) and behind them their mask, (T, B, 2 F).
        union_times, forward_time_bug: how the elapsed times are changed first, see ``ltcbench.models.times.retimed``.
        at_once: True where the cell handles a whole sequence in ``sequence`` and has no ``drive`` and ``step``.
        whole: True where it gives one output for a whole sequence, (1, B, output_size), which every step enters.
        rates: by name, parameters whose learning rate is the trainer's times this.
    """

    uses_elapsed = True
    takes_mask = False
    at_once = False
    union_times = False
    forward_time_bug = False
    whole = False
    rates: Mapping[str, float] = MappingProxyType({})

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = hidden_size

    @cached_property
    def adaptive(self) -> bool:
        """Whether a solver decides at run time how often to evaluate its equation, which torch cannot compile."""
        values = (value for module in self.modules() for value in vars(module).values())
        return any(isinstance(value, Solver) and value.name == "ode" for value in values)

    def initial_state(self, batch: int, like: Tensor) -> State:
        """The state before the first step, each part (B, width); dtype and device of ``like``."""
        return (like.new_zeros(batch, self.hidden_size),)

    def drive(self, x: Tensor) -> Drive:
        """Everything that does not depend on the state: ``x`` (T, B, F) -> tensors (T, B, ...)."""
        raise NotImplementedError

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """The next state, from one step of the drive, each (B, ...), and the elapsed time (B, 1)."""
        raise NotImplementedError

    def output(self, state: State) -> Tensor:
        """What the cell shows of its state, (B, output_size)."""
        return state[0]

    def sequence(self, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
        """Instead of ``drive``, ``step`` and ``output`` where ``at_once`` is set; as ``ltcbench.models.scan.scan``."""
        raise NotImplementedError

    def auxiliary(self, state: State, epoch: int) -> Tensor | None:
        """A loss of the model's own, e.g. a reconstruction, which is added to the task's; None where there is none.

        Args:
            state: the state after a batch in training; it holds what the loss is made of, sequence by sequence.
            epoch: epochs done before, for weights that depend on them.
        """
        return None

    def head(self) -> Head:
        """Layers between the output and the read-out, freshly drawn; none unless a cell says otherwise."""
        return Head(self.output_size)

    def time_constants(self, x: Tensor, state: State, elapsed: Tensor) -> Tensor:
        """The liquid time constants (T, B, H) of inputs (T, B, F) and elapsed times (T, B), if the cell has any."""
        raise UserError("this model has no liquid time constants: expected one of ltc, ltc_euler, ltc_rk4, ltc_ode.")

    def project_(self) -> None:
        """Put the parameters back into their allowed ranges; called after every optimiser step."""

    def calibrate_(self, mean: Tensor | None, span: Tensor) -> None:
        """Take in what has to be known of the training data.

        Args:
            mean: of the observed values of each feature (F,), None without a feature mask.
            span: time at the end of the sequence that lasts longest, ().
        """

    def kernels(self) -> Iterable[Tensor]:
        """The weight matrices that an L2 penalty applies to."""
        return ()
