"""JAX: our cells' equations in ``jax.lax.scan``, what is timed compiled as a whole by ``jax.jit``, on the CPU."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ltcbench.bench.actions import ADAM
from ltcbench.bench.rivals.rival import NotThere, Rival, version
from ltcbench.bench.timing import Action
from ltcbench.models import Network

if TYPE_CHECKING:
    from ltcbench.bench.rivals.jax_cells import Equations


def jax(network: Network) -> Rival:
    """The network's cell in JAX."""
    installed = version("jax")
    if next(network.parameters()).device.type != "cpu":
        raise NotThere("JAX is timed on the CPU alone and left out here.")
    _as_many_threads()
    try:
        from ltcbench.bench.rivals.jax_cells import equations
    except ImportError:
        raise NotThere("JAX cannot be imported and is left out: pip install 'ltcbench[bench]'.") from None
    module = InJax(network, equations(network.cell))
    return Rival("JAX", installed, module, network, module.actions)


def _as_many_threads() -> None:
    """Have JAX take as many threads as torch; it reads this once, when it is first imported."""
    threads = torch.get_num_threads()
    os.environ.setdefault("NPROC", str(threads))
    if threads == 1:
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    os.environ.setdefault("JAX_CPU_ENABLE_ASYNC_DISPATCH", "false")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")


class InJax(nn.Module):
    """A cell in JAX, called with torch's tensors; without gradients for torch.

    Args:
        network: of ours, without a read-out, whose weights it takes.
        equations: its cell's.

    Attributes:
        weights: the cell's parameters by name.
    """

    def __init__(self, network: Network, equations: "Equations") -> None:
        import jax
        import jax.numpy as jnp

        super().__init__()
        self.units = network.hidden_size
        self.states = equations.states
        self.weights = {
            name: jnp.array(value.detach().numpy())
            for name, value in network.cell.named_parameters()
            if value.requires_grad
        }

        def sequence(p: Any, x: Any, state: Any) -> Any:
            """Y (B, T, H) and the last state, of x (B, T, F)."""

            def step(state: Any, drive: Any) -> Any:
                state = equations.step(p, state, drive)
                return state, state[0]

            state, outputs = jax.lax.scan(step, state, equations.drive(p, x.swapaxes(0, 1)))
            return equations.output(p, outputs).swapaxes(0, 1), state

        def loss(p: Any, x: Any, state: Any) -> Any:
            return jnp.square(sequence(p, x, state)[0]).mean()

        self.sequence = jax.jit(sequence)
        self.gradients = jax.jit(jax.value_and_grad(loss))
        self.actions: dict[str, Callable[[Tensor], Action]] = {
            "step": self.training_step,
            "update": self.update,
            "inference": self.inference,
        }

    def start(self, batch: int) -> Any:
        """The state before the first step."""
        import jax.numpy as jnp

        return (jnp.zeros((batch, self.units)),) * self.states

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Outputs (B, T, H) and state, which is JAX's, of x (B, T, F)."""
        y, state = self.sequence(self.weights, x.numpy(), self.start(len(x)) if state is None else state)
        return torch.tensor(y.tolist()).reshape(y.shape), state

    def training_step(self, x: Tensor) -> Action:
        """Forward and backward, as ``ltcbench.bench.actions.training_step``."""
        import jax

        arguments = jax.device_put((self.weights, x.numpy(), self.start(len(x))))
        return lambda: jax.block_until_ready(self.gradients(*arguments))

    def update(self, x: Tensor) -> Action:
        """The same and a step of Adam, in one function, as ``ltcbench.bench.actions.update``."""
        import jax
        import jax.numpy as jnp

        def change(p: Any, m: Any, v: Any, t: Any, x: Any, state: Any) -> Any:
            _, gradient = self.gradients(p, x, state)
            m = jax.tree.map(lambda m, g: ADAM.beta1 * m + (1 - ADAM.beta1) * g, m, gradient)
            v = jax.tree.map(lambda v, g: ADAM.beta2 * v + (1 - ADAM.beta2) * g * g, v, gradient)
            rate, scale = ADAM.learning_rate / (1 - ADAM.beta1**t), 1 / (1 - ADAM.beta2**t)
            p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v * scale) + ADAM.epsilon), p, m, v)
            return p, m, v, t + 1

        compiled = jax.jit(change)
        zeros = jax.tree.map(jnp.zeros_like, self.weights)
        kept = [(self.weights, zeros, zeros, jnp.float32(1))]
        x_, state = jax.device_put((x.numpy(), self.start(len(x))))

        def act() -> None:
            kept[0] = jax.block_until_ready(compiled(*kept[0], x_, state))

        return act

    def inference(self, x: Tensor) -> Action:
        """The first sequence of x, a call for every time step, as ``ltcbench.bench.actions.inference``."""
        import jax

        weights, steps = jax.device_put((self.weights, [part.numpy() for part in x[:1].split(1, dim=1)]))
        start = jax.device_put(self.start(1))

        def run() -> None:
            state = start
            for part in steps:
                y, state = self.sequence(weights, part, state)
            jax.block_until_ready(y)

        return run
