"""The CfC family over a whole sequence, its backward pass derived by hand.

``layers`` and, for mixed memory, ``memory`` hold what a step consists of; here they are driven through time. A gated
cell's state h is kept as q, h = p q + r (see ``squash``). What is left of each step of the backward pass are products
with the weights, whose own gradients are one product each at the end.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.cfc import CfC
from ltcbench.models.cells.cfc_mm import MixedCfC
from ltcbench.models.engines.layers import Layers, Plan
from ltcbench.models.engines.mixed_memory import OF_M, Memory, rows
from ltcbench.models.engines.squash import IDENTITY, Product, carried_back
from ltcbench.models.packing import Sizes, completed, earlier, last, steps


def sequence(
    cell: CfC | MixedCfC, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state; arguments as of ``ltcbench.models.scan.scan``."""
    cfc = cell.cfc if isinstance(cell, MixedCfC) else cell
    plan = Plan.of(cfc, elapsed)
    alive = [part[: sizes[0]] for part in state]
    solution = (cfc.A, cfc.w_tau) if cfc.variant == "solution" else ()
    memory = (*rows(cell), 2 * alive[1]) if isinstance(cell, MixedCfC) else ()

    time = elapsed.unsqueeze(-1) if plan.same is None else None
    weights, biases = zip(*cfc.layers(), strict=True)
    _, _, p, r = plan.squashes[-1]
    keep = None if mask is None else mask.unsqueeze(-1)
    start = alive[0] if solution else (alive[0] - r) / p
    q, *c = _Sequence.apply(plan, x, start, time, keep, sizes, *weights, *biases, *solution, *memory)  # type: ignore[no-untyped-call]
    h = q if solution else torch.add(q.new_tensor(r), q, alpha=p)
    return h[:, : cell.output_size], completed((last(h, sizes), *(part / 2 for part in c)), state)


def _first(plan: Plan, weight: Tensor, mixed: bool) -> dict[str, Product]:
    """The parts of the first layer: of the inputs x, of the LSTM's output m, of the state q."""
    names = ("x", "q") if not mixed else ("m", "q") if plan.cell.tf else ("x", "m")
    size, k = plan.cell.hidden_size, plan.squashes[0].k
    below = {"x": IDENTITY, "m": OF_M, "q": plan.squashes[-1]}
    columns = weight.split([weight.shape[1] - size, size], dim=1)
    return {name: Product(part, below[name], k) for name, part in zip(names, columns, strict=True)}


def stepper(cell: CfC) -> Callable[[Tensor, State, Tensor], State]:
    """``cell`` for one step at a time without gradients, with the weights as they are now.

    The function returned takes inputs (B, F), state and elapsed (B, 1).
    """
    plan = Plan.of(cell)
    solution = (cell.A, cell.w_tau) if cell.variant == "solution" else ()
    (weight, bias), *later = [*cell.layers()[:-1], tuple(map(plan.heads, cell.layers()[-1]))]
    first = Product(weight, IDENTITY, plan.squashes[0].k)  # of x and of h itself: nothing is carried on as q
    constant, (_, _, p, r) = bias * plan.squashes[0].k, plan.squashes[-1]
    shift = weight.new_tensor(r)
    rooms: dict[int, Layers] = {}

    def room(batch: int) -> Layers:
        time, a = weight.new_empty(batch, 1), weight.new_empty(batch, len(weight))
        layers = Layers.fresh(plan, solution, [w for w, _ in later], (batch,), time, a)
        layers.begin([b for _, b in later])
        return layers

    def step(x: Tensor, state: State, elapsed: Tensor) -> State:
        (h,) = state
        layers = rooms.get(len(x)) or rooms.setdefault(len(x), room(len(x)))
        layers.time_t[0].copy_(elapsed)
        torch.addmm(constant, torch.cat([x, h], 1), first.transposed, out=layers.a_t[0][0])
        new = torch.empty_like(h)
        layers.forward(0, new)
        return (new if solution else torch.add(shift, new, alpha=p),)

    return step


class _Sequence(torch.autograd.Function):
    """x (N, F), start (B, H), time (N, 1) or None, keep (N, 1) or None, sizes, parameters -> q (N, H) and last C.

    The parameters are the weights of all layers, their biases, of cfc_s A and w_tau; of mixed memory ``rows`` and C
    before the first step.
    """

    @staticmethod
    def forward(ctx: Any, plan: Plan, x: Tensor, start: Tensor, time: Tensor | None, keep: Tensor | None,
                sizes: Sizes, *parameters: Tensor) -> tuple[Tensor, ...]:  # fmt: skip
        n = len(plan.squashes)
        weights, biases, others = list(parameters[:n]), list(parameters[n : 2 * n]), parameters[2 * n :]
        weights[-1], biases[-1] = plan.heads(weights[-1]), plan.heads(biases[-1])
        solution, of_memory = (others, ()) if plan.cell.variant == "solution" else ((), others)
        first = _first(plan, weights[0], bool(of_memory))
        constant = plan.squashes[0].k * biases[0]
        for product in first.values():
            constant = constant + product.constant()
        a = constant.expand(len(x), -1).contiguous()
        if "x" in first:
            a.addmm_(x, first["x"].transposed)
        layers = Layers.fresh(plan, solution, weights[1:], sizes, time, a)
        layers.begin(biases[1:])
        states = start.new_empty(len(start) + len(x), start.shape[1])
        states[: len(start)] = start
        carried = [steps(states, sizes)]
        memory = None
        if of_memory:
            by_x, by_h, bias, c = of_memory
            memory = Memory.fresh(plan.squashes[-1], x, by_x, by_h, c, sizes)
            memory.begin(x, bias)
            carried.append((memory.c_before, memory.c_after))

        before, after = carried[0]
        a_t, keep_t = layers.a_t[0], None if keep is None else keep.split(sizes)
        by_q = first["q"].transposed if "q" in first else None
        for t in range(len(sizes)):
            if memory is not None:
                a_t[t].addmm_(memory.forward(t, before[t]), first["m"].transposed)
            if by_q is not None:
                a_t[t].addmm_(before[t], by_q)
            layers.forward(t, after[t])
            if keep_t is not None:
                for old, new in carried:
                    torch.where(keep_t[t], new[t], old[t], out=new[t])

        ctx.plan, ctx.sizes = plan, sizes
        kept = (*of_memory[:2], *memory.tensors) if memory else solution
        ctx.save_for_backward(x, keep, states, *weights, time, *layers.a, *layers.z, *layers.noise, layers.e, *kept)
        q = states[sizes[0] :]
        return (q,) if memory is None else (q, last(memory.c[sizes[0] :], sizes))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_states: Tensor, *g_c: Tensor) -> tuple[Tensor | None, ...]:
        plan: Plan = ctx.plan
        sizes: Sizes = ctx.sizes
        n = len(plan.squashes)
        x, keep, states, *saved = ctx.saved_tensors
        weights, (time, *saved) = saved[:n], saved[n:]
        a, z, noise, (e, *others) = saved[:n], saved[n : 2 * n - 1], saved[2 * n - 1 : 3 * n - 2], saved[3 * n - 2 :]
        solution, of_memory = (others, ()) if plan.cell.variant == "solution" else ((), others)
        layers = Layers(plan, solution, weights[1:], sizes, time, a, z, noise, e)
        layers.derive(keep)
        memory = None
        if of_memory:
            by_x, by_h, *kept = of_memory
            memory = Memory(plan.squashes[-1], by_x, by_h, sizes, *kept)
            memory.derive(keep, *g_c)
        first = _first(plan, weights[0], memory is not None)

        out = (torch.zeros_like(states[: sizes[0]]), *g_states.split(sizes))
        passed = None if keep is None else (~keep).to(states.dtype).split(sizes)  # a masked step hands its gradient on
        g = [out[-1]]  # of q after each step, the last one's first
        by_q = first["q"].by_z if "q" in first else None
        for t in reversed(range(len(sizes))):
            g_first, g_new = layers.backward(t, g[-1]), out[t]
            if memory is not None:
                g_new = memory.backward(t, g_first @ first["m"].by_z, g_new)
            if by_q is not None:
                g_new = carried_back(g_new, g_first, by_q)
            g.append(g_new if passed is None else torch.addcmul(g_new, g[-1], passed[t]))

        g_first, before = layers.g[0], earlier(states, sizes)
        total = g_first.sum(0)
        inputs = {"x": x, "m": memory.m if memory else None, "q": before}
        g_weight = torch.cat([product.gradient(g_first, inputs[name], total) for name, product in first.items()], dim=1)
        later_weights, later_biases = layers.gradients()
        g_weights, g_biases = [g_weight, *later_weights], [total * plan.squashes[0].k, *later_biases]
        g_weights[-1], g_biases[-1] = plan.of_heads(g_weights[-1]), plan.of_heads(g_biases[-1])
        g_x: Tensor | None = None
        if ctx.needs_input_grad[1]:
            g_x = g_first @ first["x"].by_z if "x" in first else torch.zeros_like(x)
        g_others: tuple[Tensor, ...] = ()
        if solution:
            g_q = torch.cat(g[-2::-1])
            g_others = layers.gradients_of_solution(g_q if keep is None else g_q * keep)
        if memory is not None:
            g_others = memory.gradients(x, before)
            if g_x is not None:
                g_x += memory.g @ memory.by_x.by_z
        return None, g_x, g[-1], None, None, None, *g_weights, *g_biases, *g_others
