"""A network: input handling, a cell driven through time, the cell's own head if it has one, a linear read-out."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from ltcbench.errors import UserError
from ltcbench.models.cells.affine import Dense
from ltcbench.models.cells.cell import Cell, State
from ltcbench.models.cells.head import Head
from ltcbench.models.cells.imputation import Imputation
from ltcbench.models.choice import checked, chosen, stepper
from ltcbench.models.inputs import Inputs
from ltcbench.models.packing import Packing, spread
from ltcbench.models.times import retimed


class Network(nn.Module):
    """A recurrent network that is called like ``nn.LSTM`` with ``batch_first=True``.

    Args:
        cell: the cell.
        output_size: width of the read-out; None gives the cell's outputs themselves, without its head.
        inputs: input handling; None: the inputs go to the cell as they are.
        feature_mask: whether a mask (B, T, F) may come with the inputs.
        engine: how the cell is driven through time, see ``ltcbench.models.choice.ENGINES``.

    Attributes:
        engine: as given; may be changed between calls.
        ran: the engine of the last call, empty before the first.

    Raises:
        UserError: the cell does not have this engine.
    """

    def __init__(
        self,
        cell: Cell,
        output_size: int | None,
        inputs: Inputs | None = None,
        feature_mask: bool = False,
        engine: str = "auto",
    ) -> None:
        super().__init__()
        self.inputs = Inputs(cell.input_size) if inputs is None else inputs
        self.cell = cell
        self.head = Head(cell.output_size) if output_size is None else cell.head()
        self.readout = None if output_size is None else Dense(self.head.output_size, output_size)
        self.feature_mask = feature_mask
        self.engine = checked(engine, cell)
        self.ran = ""
        # Where some parameter is: it tells dtype and device, and to look for one each time would take long.
        self._some = next(
            (module, name) for module in cell.modules() for name, _ in module.named_parameters(recurse=False)
        )

    def forward(
        self,
        x: Tensor,
        state: State | None = None,
        elapsed: Tensor | None = None,
        mask: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Outputs at every step.

        Args:
            x: inputs (B, T, F).
            state: as an earlier call returned it; None starts from zero.
            elapsed: time since the previous step (B, T); None: 1 everywhere.
            mask: bool or 0 and 1. (B, T): where it is False the state stays as it is and the last output is repeated.
                (B, T, F), for networks built with ``feature_mask``: which values were observed; a step without any
                changes the state, for time passes, but repeats the last output (CfC paper's PyTorch code). What x holds
                where the mask is False does not matter. Steps masked at the end change no output before them, and
                nothing is computed for them.
            lengths: how many steps of each sequence there are, whole numbers (B,) from 0 to T; the others are masked.
                None: all T.

        Returns:
            y (B, T, output_size), or the cell's outputs (B, T, H) without a read-out, and the state after the last
            step, a tuple of tensors (B, ...). Of a cell that gives one output for a whole sequence, y is the same at
            every step: the answer to all that was seen up to the last one.

        Raises:
            UserError: a shape does not fit; it is never broadcast.
        """
        x, elapsed, steps, features = self._time_first(x, elapsed, mask, lengths)
        state = self._initial_state(x) if state is None else state
        if self._retimes:
            known = torch.ones_like(elapsed, dtype=torch.bool) if steps is None else steps
            elapsed = torch.where(known, elapsed, 0)
            known = known if features is None else features.any(2)
            elapsed = retimed(elapsed, known, self.cell.union_times, self.cell.forward_time_bug)
        if self.cell.whole:
            return self._whole(x, state, elapsed, steps, features)
        packing = Packing.of(x.shape[0], x.shape[1], steps, ragged=not self.cell.at_once)
        longest = len(packing.sizes)
        if longest < len(x):
            x, elapsed = x[:longest], elapsed[:longest]
        if not self.feature_mask:
            inputs, _ = self.inputs(x, None, x[0])
            outputs, after = self._scan(inputs, state, elapsed, packing)
            y = packing.unpack(self._read(outputs), lambda: self._read(self.cell.output(state)))
            return y.transpose(0, 1), after
        *of_cell, last, shown = state
        features = torch.ones_like(x, dtype=torch.bool) if features is None else features[:longest]
        inputs, last = self.inputs(x, features, last)
        outputs, of_cell_after = self._scan(inputs, tuple(of_cell), elapsed, packing)
        if self.cell.at_once and self.cell.takes_mask:  # which sees for itself
            y = packing.unpack(self._read(outputs), lambda: self._read(shown))
            return y.transpose(0, 1), (*of_cell_after, last, outputs[-(len(outputs) // longest) :])
        outputs, places = torch.cat([outputs, shown]), packing.places(features.any(2))
        y = spread(self._read(outputs), places)
        return y.transpose(0, 1), (*of_cell_after, last, outputs.index_select(0, places[-1]))

    def _whole(
        self, x: Tensor, state: State, elapsed: Tensor, steps: Tensor | None, features: Tensor | None
    ) -> tuple[Tensor, State]:
        """As ``forward``, for a cell that gives one output for a whole sequence; arguments as of ``_time_first``."""
        if not self.feature_mask:
            features = None
        elif features is None:
            features = torch.ones_like(x, dtype=torch.bool)
        inputs, _ = self.inputs(x, features, x[0])
        self.ran = "eager"
        output, state = self.cell.sequence(inputs, state, elapsed, steps)
        return self._read(output).expand(len(x), -1, -1).transpose(0, 1), state

    def _scan(self, x: Tensor, state: State, elapsed: Tensor, packing: Packing) -> tuple[Tensor, State]:
        """Outputs (N, H) and the last state, the batch's rows in their own order."""
        x, elapsed, state = packing.pack(x), packing.pack(elapsed), packing.ordered(state)
        self.ran, sequence = chosen(self.engine, self.cell, x, elapsed, packing.mask, packing.sizes)
        outputs, state = sequence(self.cell, x, state, elapsed, packing.mask, packing.sizes)
        return outputs, packing.restored(state)

    def _read(self, outputs: Tensor) -> Tensor:
        """What the read-out makes of the cell's outputs (..., H)."""
        y: Tensor = outputs if self.readout is None else self.readout(self.head(outputs))
        return y

    def stepper(self) -> Callable[..., tuple[Tensor, State]]:
        """The trained network for one time step at a time: ``y, state = step(x, state, elapsed)``.

        The weights are prepared once, so a step takes a fraction of the time of ``forward``; after a change of the
        weights make a new stepper. A step has no gradients. It takes

            x: inputs (B, F);
            state: as the step before returned it; None starts from zero;
            elapsed: time since the previous step (B,); None: 1

        and returns y (B, output_size), or the cell's output (B, H) without a read-out, and the new state.

        Raises:
            UserError: the network needs the whole sequence at once or has a feature mask; of a step: a shape does not
                fit.
        """
        if self.cell.at_once or self._retimes or self.feature_mask:
            why = "has a feature mask" if self.feature_mask else "sees the whole sequence at once"
            raise UserError(f"a network that {why} takes no single steps: call it with x (batch, time, features).")
        like, features, words = self._like(), self.inputs.features, self.inputs.embedding is not None
        advance = stepper(self.cell, like)

        @torch.no_grad()
        def step(x: Tensor, state: State | None = None, elapsed: Tensor | None = None) -> tuple[Tensor, State]:
            batch = len(x)
            if x.shape != (batch, features):
                raise UserError(f"x has shape {tuple(x.shape)}, expected (batch, {features}).")
            if elapsed is not None and elapsed.shape != (batch,):
                raise UserError(f"elapsed has shape {tuple(elapsed.shape)}, expected (batch,) = ({batch},).")
            if words:
                x = self.inputs(x.unsqueeze(0), None, x)[0][0]
            duration = like.new_ones(batch, 1) if elapsed is None else elapsed.to(like.dtype).unsqueeze(1)
            state = self.cell.initial_state(batch, like) if state is None else state
            state = advance(x, state, duration)
            return self._read(self.cell.output(state)), state

        return step

    def time_constants(self, x: Tensor, state: State | None = None, elapsed: Tensor | None = None) -> Tensor:
        """The liquid time constants tau_sys (B, T, H) at the end of every step, for models of the LTC family.

        Args and errors as of ``forward``; in the unit of ``elapsed``.
        """
        x, elapsed, _, _ = self._time_first(x, elapsed, None, None)
        state = self._initial_state(x) if state is None else state
        features = torch.ones_like(x, dtype=torch.bool) if self.feature_mask else None
        inputs, _ = self.inputs(x, features, x[0])
        return self.cell.time_constants(inputs, state[:1], elapsed).transpose(0, 1)

    def _initial_state(self, x: Tensor) -> State:
        """The cell's, and with a feature mask the last observed values (B, F) and the last output (B, H).

        A cell that gives one output for a whole sequence has nothing to carry forward.
        """
        batch, like = x.shape[1], self._like()
        state = self.cell.initial_state(batch, like)
        if self.feature_mask and not self.cell.whole:
            state = (*state, torch.zeros_like(x[0]), like.new_zeros(batch, self.cell.output_size))
        return state

    def _time_first(
        self, x: Tensor, elapsed: Tensor | None, mask: Tensor | None, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """Inputs (T, B, F) without what the mask hides, elapsed (T, B), step mask (T, B), feature mask (T, B, F)."""
        features = self.inputs.features
        if x.dim() != 3 or x.shape[2] != features or x.shape[1] == 0:
            raise UserError(f"x has shape {tuple(x.shape)}, expected (batch, time, {features}) with at least one step.")
        batch_time = tuple(x.shape[:2])
        if elapsed is not None and tuple(elapsed.shape) != batch_time:
            raise UserError(f"elapsed has shape {tuple(elapsed.shape)}, expected (batch, time) = {batch_time}.")
        x, like = x.transpose(0, 1).contiguous(), self._like()
        elapsed = like.new_ones(x.shape[:2]) if elapsed is None else elapsed.to(like.dtype).t().contiguous()
        steps, values = self._masks(x, mask, lengths)
        return x if values is None else x.masked_fill(~values, 0), elapsed, steps, values

    def _masks(self, x: Tensor, mask: Tensor | None, lengths: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        """Which steps (T, B) of x (T, B, F) there are, and which of its values (T, B, F); None: all."""
        time, batch, features = x.shape
        steps = None
        if lengths is not None:
            if lengths.shape != (batch,) or lengths.is_floating_point() or ((lengths < 0) | (lengths > time)).any():
                raise UserError(
                    f"lengths have shape {tuple(lengths.shape)} and type {lengths.dtype}, "
                    f"expected {batch} whole numbers from 0 to {time}."
                )
            steps = torch.arange(time, device=x.device).unsqueeze(1) < lengths.to(x.device)
        if mask is not None and mask.shape == (batch, time):
            mask = mask.bool().t().contiguous()
            steps = mask if steps is None else mask & steps
        elif mask is not None and mask.shape == (batch, time, features) and self.feature_mask:
            mask = mask.bool().transpose(0, 1).contiguous()
            return steps, mask if steps is None else mask & steps.unsqueeze(2)
        elif mask is not None:
            expected = f"(batch, time) = {(batch, time)}"
            more = f" or {(batch, time, features)}" if self.feature_mask else "; build with feature_mask=True for more"
            raise UserError(f"mask has shape {tuple(mask.shape)}, expected {expected}{more}.")
        return steps, None if steps is None else steps.unsqueeze(2).expand_as(x)

    @property
    def _retimes(self) -> bool:
        return self.cell.union_times or self.cell.forward_time_bug

    def _like(self) -> Tensor:
        """A tensor with the dtype and device of the weights."""
        found: Tensor = getattr(*self._some)
        return found

    def auxiliary(self, state: State, epoch: int) -> Tensor | None:
        """The cell's own loss after a batch in training, a number; None where it has none.

        Args:
            state: as ``forward`` returned it.
            epoch: epochs done before.
        """
        carries = self.feature_mask and not self.cell.whole
        return self.cell.auxiliary(state[:-2] if carries else state, epoch)

    def project_(self) -> None:
        """Put the cell's parameters back into their allowed ranges; call it after every optimiser step."""
        self.cell.project_()

    @torch.no_grad()
    def calibrate_(self, x: Tensor, mask: Tensor | None, elapsed: Tensor) -> None:
        """Tell the cell what it has to know of the training data: the features' means, how long sequences last.

        Args:
            x: training inputs (N, T, F).
            mask: of steps (N, T) or of features (N, T, F), or None.
            elapsed: time since the previous step (N, T).
        """
        mean = None
        if mask is not None and mask.dim() == 3:
            seen = mask.to(x.dtype)
            mean = (x.masked_fill(~mask.bool(), 0)).sum((0, 1)) / seen.sum((0, 1)).clamp(min=1)
            for module in self.modules():
                if isinstance(module, Imputation):
                    module.mean.copy_(mean)
        times = (elapsed if mask is None or mask.dim() == 3 else elapsed * mask).cumsum(1).flatten()
        self.cell.calibrate_(mean, times[times.abs().argmax()])

    @property
    def hidden_size(self) -> int:
        """H, number of units."""
        return self.cell.hidden_size

    def kernels(self) -> Iterable[Tensor]:
        """The weight matrices that an L2 penalty applies to (Keras' kernel_regularizer)."""
        return self.cell.kernels()

    def parameters_by_rate(self) -> dict[float, list[nn.Parameter]]:
        """The trainable parameters by what their learning rate is in multiples of the trainer's."""
        rates = {id(self.cell.get_parameter(name)): rate for name, rate in self.cell.rates.items()}
        groups: dict[float, list[nn.Parameter]] = {}
        for parameter in self.parameters():
            if parameter.requires_grad:
                groups.setdefault(rates.get(id(parameter), 1.0), []).append(parameter)
        return groups

    def size(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)
