"""How much a network computes in one time step."""

import math
from typing import Any

import torch
from torch.fx import Node
from torch.fx.experimental.proxy_tensor import make_fx

from ltcbench.models.exporting import Step
from ltcbench.models.network import Network

# Operations that multiply or divide once for each number that they give.
EACH = ("aten.mul", "aten.div", "aten.addcmul", "aten.pow", "aten.reciprocal", "aten.remainder")
# Products of matrices, and which argument is the first factor.
PRODUCTS = {"aten.mm": 0, "aten.addmm": 1}
# What moves, compares or adds numbers, and functions of one number; none of these counts.
# fmt: off
FREE = frozenset((
    "getitem", "abs", "add", "alias", "amax", "amin", "arange", "cat", "clamp", "clone", "constant_pad_nd",
    "detach", "exp", "gt", "lt", "maximum", "minimum", "neg", "relu", "round", "rsub", "scalar_tensor", "sigmoid",
    "sign", "slice", "softmax", "softplus", "split", "sqrt", "sub", "sum", "t", "tanh", "unbind", "unsqueeze",
    "view", "where",
))
# fmt: on


def multiply_adds(network: Network) -> int:
    """Multiplications of one time step of one sequence, each with the addition after it.

    They are those of the reference form of the equations. What depends on weights alone is computed once and does not
    count, nor do additions by themselves and functions such as tanh.

    Raises:
        UserError: the network has no step of a fixed number of operations.
    """
    return sum(map(_of, _varying(network)))


def operations(network: Network) -> set[str]:
    """The names of all operations of a step that depend on inputs or state."""
    return {_name(node) for node in _varying(network)}


def _varying(network: Network) -> list[Node]:
    step = Step(network)
    with torch.no_grad():
        graph: Any = make_fx(lambda *tensors: step(*tensors))(*step.example(1)).graph
    varying: dict[Node, None] = {}
    for node in graph.nodes:
        if node.op == "placeholder" or any(given in varying for given in node.all_input_nodes):
            varying[node] = None
    return [node for node in varying if node.op == "call_function"]


def _name(node: Node) -> str:
    return str(getattr(node.target, "overloadpacket", "getitem"))


def _of(node: Node) -> int:
    name, size = _name(node), 0
    if name in EACH:
        size = math.prod(node.meta["tensor_meta"].shape)
    elif name in PRODUCTS:
        factor: Any = node.args[PRODUCTS[name]]
        size = math.prod(node.meta["tensor_meta"].shape) * factor.meta["tensor_meta"].shape[1]
    return size
