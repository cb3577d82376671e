"""All engines give the same numbers and the same gradients as the reference loop."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.choice import IN_C, IN_TORCH
from ltcbench.models.engines import native
from tests.models.agreement import assert_engine, drawn

STEPS, BATCH, FEATURES, UNITS = 6, 4, 3, 8
KINDS = pytest.mark.parametrize("kind", ["whole", "holes"])


def built(name: str, dtype: torch.dtype = torch.float64, features: int = FEATURES, **options: Any) -> models.Network:
    torch.manual_seed(0)
    net = models.build(name, features, UNITS, 2, **options).to(dtype)
    for parameter in net.parameters():  # so that no gradient is zero by symmetry
        parameter.data += 0.1 * torch.rand_like(parameter)
    return net


FUSED_IN_PYTHON = [name for name, entry in models.MODELS.items() if entry.cell in IN_TORCH]
FAST = ["ltc", *(name for name, entry in models.MODELS.items() if entry.cell in {**IN_TORCH, **IN_C})]
SITUATIONS = {
    "whole": drawn(),
    "holes": drawn("holes"),
    "padding": drawn("ragged"),
    "same time": drawn(same_time=True),
    "batch 1": drawn(batch=1),
    "time 1": drawn(steps=1),
    "features 1": drawn(features=1),
    "no rows": drawn(batch=0),
    "no steps": drawn("none"),
}


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("name", FAST)
def test_every_cell_that_has_a_faster_engine_in_every_situation(name: str, situation: str) -> None:
    batch = SITUATIONS[situation]
    net = built(name, torch.float32, features=batch.x.shape[2])
    assert_engine(net, "auto", batch)
    eager = situation.startswith("no ") or (name, situation) == ("rnn", "holes")
    assert (net.ran == "eager") == eager


@KINDS
@pytest.mark.parametrize("name", FUSED_IN_PYTHON)
def test_fused(name: str, kind: str) -> None:
    net = built(name)
    assert_engine(net, "fused", drawn(kind), 1e-11)
    expected = "fused" if kind == "whole" or name.startswith(("cfc", "ctrnn", "node", "exprnn")) else "eager"
    assert net.ran == expected


@pytest.mark.parametrize("name", ["cfc", "cfc_nogate", "cfc_s", "cfc_mm"])
@pytest.mark.parametrize("flavour", ["torch", "tf"])
@pytest.mark.parametrize("layers", [0, 2])
@KINDS
def test_fused_cfc_with_the_same_time_between_all_steps(name: str, flavour: str, layers: int, kind: str) -> None:
    net = built(name, backbone_units=5, backbone_layers=layers, flavour=flavour)
    assert_engine(net, "fused", drawn(kind, same_time=True), 1e-11)


@pytest.mark.parametrize("name", ["cfc", "cfc_s", "cfc_mm"])
@pytest.mark.parametrize("batch", [1, 3])
def test_fused_cfc_without_gradients_and_with_half_of_them(name: str, batch: int) -> None:
    net = built(name, backbone_units=5)
    x = torch.randn(batch, STEPS, FEATURES, dtype=torch.float64)
    with torch.no_grad():
        y = [(setattr(net, "engine", engine), net(x)[0])[1] for engine in ("eager", "fused")]
    assert torch.allclose(*y, atol=1e-12)
    net.requires_grad_(False)
    weight = next(iter(net.cell.kernels())).requires_grad_()
    g = [torch.autograd.grad((setattr(net, "engine", e), net(x)[0].sum())[1], weight)[0] for e in ("eager", "fused")]
    assert torch.allclose(*g, atol=1e-11)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("activation", ["lecun_tanh", "tanh", "relu", "gelu", "silu", "softplus"])
@pytest.mark.parametrize("layers", [0, 1, 3])
@pytest.mark.parametrize("flavour", ["torch", "tf"])
@pytest.mark.parametrize("name", ["cfc", "cfc_nogate", "cfc_s", "cfc_mm"])
def test_fused_cfc_with_every_option(name: str, flavour: str, layers: int, activation: str, dropout: float) -> None:
    options = {"flavour": flavour, "backbone_layers": layers, "backbone_activation": activation}
    net = built(name, backbone_units=5, backbone_dropout=dropout, **options)
    assert_engine(net, "fused", drawn("holes"), 1e-11)
    assert net.ran == "fused"


@KINDS
@pytest.mark.parametrize("clip", [None, 0.3])
@pytest.mark.parametrize("step_size", [0.1, None, 0.9])
@pytest.mark.parametrize("solver", ["euler", "heun", "rk4"])
@pytest.mark.parametrize("flavour", ["ltc", "ode_lstm"])
@pytest.mark.parametrize("name", ["ctrnn", "node"])
def test_fused_explicit_solvers(
    name: str, flavour: str, solver: str, step_size: float | None, clip: float | None, kind: str
) -> None:
    net = built(name, flavour=flavour, solver=solver, step_size=step_size, clip=clip, unfolds=3)
    assert_engine(net, "fused", drawn(kind), 1e-11)  # with steps of up to 2.7 that leave the bounds
    assert net.ran == "fused"


@KINDS
@pytest.mark.parametrize("clip", [None, 0.3])
@pytest.mark.parametrize("step_size", [0.1, 0.6])
@pytest.mark.parametrize("solver", ["euler", "heun", "rk4"])
@pytest.mark.parametrize("flavour", ["ltc", "ode_lstm"])
@pytest.mark.parametrize("name", ["ctrnn", "node"])
def test_explicit_solvers_in_c(
    name: str, flavour: str, solver: str, step_size: float, clip: float | None, kind: str
) -> None:
    options = {"flavour": flavour, "solver": solver, "step_size": step_size, "clip": clip, "unfolds": 2}
    net = built(name, torch.float32, **options)
    assert_engine(net, "fused", drawn(kind))  # with steps of up to 1.8 that leave the bounds
    assert net.ran == "fused"


@KINDS
@pytest.mark.parametrize("solver", ["euler", "heun", "rk4"])
def test_ode_rnn_in_c(solver: str, kind: str) -> None:
    net = built("ode_rnn", torch.float32, solver=solver)
    assert_engine(net, "fused", drawn(kind))
    assert net.ran == "fused"


@pytest.mark.parametrize(("batch", "steps", "features", "units"), [(1, 1, 1, 1), (100, 3, 1, 19), (5, 7, 2, 33)])
@pytest.mark.parametrize("name", ["ltc", "ctrnn", "node", "ode_rnn"])
def test_loops_in_c_with_rows_of_every_length(name: str, batch: int, steps: int, features: int, units: int) -> None:
    torch.manual_seed(0)
    net = models.build(name, features, units, 2)
    assert_engine(net, "auto", drawn("ragged", batch, steps, features))
    assert net.ran == ("compiled" if name == "ltc" else "fused")


def test_gradients_of_a_state_that_does_not_decay() -> None:
    """The errors of a neural ODE's steps add up: one-sided ones, however small, would be seen here.

    They are too large for eager and C to agree to 1e-5; both have to be as near to float64.
    """
    torch.manual_seed(0)
    net = models.build("node", 1, 64, 2, flavour="ode_lstm", solver="rk4", unfolds=3, step_size=None)
    x = torch.randn(256, 32, 1)
    results = []
    for net.engine, dtype in (("fused", torch.float64), ("eager", torch.float32), ("fused", torch.float32)):
        net.to(dtype).zero_grad()
        y, _ = net(x.to(dtype))
        y.square().mean().backward()
        results.append([y.detach(), *(part.grad.clone() for part in net.parameters())])
    for exact, eager, in_c in zip(*results, strict=True):
        largest = exact.abs().max()
        assert (in_c - exact).abs().max() <= 3 * (eager - exact).abs().max() + 2e-6 * largest


@pytest.mark.parametrize("wiring", ["random", "ncp"])
def test_fused_cfc_with_a_wiring(wiring: str) -> None:
    assert_engine(built("cfc", backbone_layers=0, wiring=wiring), "fused", drawn(), 1e-11)


@KINDS
@pytest.mark.parametrize("wiring", ["full", "ncp"])
@pytest.mark.parametrize("constraint", ["projection", "softplus"])
@pytest.mark.parametrize("flavour", ["ltc", "cfc_torch", "cfc_tf", "ncps"])
def test_ltc_in_c(flavour: str, constraint: str, wiring: str, kind: str) -> None:
    net = built("ltc", torch.float32, flavour=flavour, constraint=constraint, wiring=wiring)
    assert_engine(net, "compiled", drawn(kind))
    assert net.ran == "compiled"


def test_ltc_in_c_far_outside_the_sigmoids_range_and_with_nan() -> None:
    net = built("ltc", torch.float32)
    for value in (1e30, -1e30, 50.0):
        y = [
            (setattr(net, "engine", engine), net(torch.full((2, 3, FEATURES), value))[0])[1]
            for engine in ("eager", "auto")
        ]
        assert torch.allclose(*y, atol=1e-6)
    assert net(torch.full((2, 3, FEATURES), float("nan")))[0].isnan().all()


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch's own, raised and hidden inside dynamo
@pytest.mark.filterwarnings("ignore:<class 'torch.autograd.function.Function'>")  # likewise
@pytest.mark.parametrize("name", [name for name in models.MODELS if name not in ("transformer", "ltc_ode")])
def test_compiled(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step is captured whole, but not turned into machine code, which would take minutes for all."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager", fullgraph=True))
    assert_engine(built(name), "compiled", drawn("holes"), 1e-10)


@pytest.mark.filterwarnings("ignore:The .grad attribute")
def test_a_step_is_compiled_once_for_any_number_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs: list[Any] = []

    def count(graph: Any, inputs: Any) -> Any:
        graphs.append(graph)
        return graph

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=count, fullgraph=True))
    net = built("ctgru")
    x, lengths = torch.randn(9, STEPS, FEATURES, dtype=torch.float64), torch.tensor([6, 5, 5, 4, 3, 3, 2, 2, 0])
    expected, _ = net(x, lengths=lengths)
    net.engine = "compiled"
    for rows in (9, 8, 9, 6, 3):
        y, _ = net(x[:rows], lengths=lengths[:rows])
        assert net.ran == "compiled"
        assert torch.allclose(y, expected[:rows], atol=1e-12)
    assert len(graphs) == 2  # with and without a gradient of the state, which the first one does not need


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch's own code, while it compiles
def test_compiled_to_machine_code() -> None:
    net = built("ctgru", torch.float32)
    assert_engine(net, "compiled", drawn(), 1e-5)
    assert net.ran == "compiled"
    with torch.no_grad():  # another batch size: as it is, no second compilation
        assert net(torch.randn(BATCH + 1, STEPS, FEATURES))[0].shape == (BATCH + 1, STEPS, 2)


def test_what_a_solver_decides_at_run_time_is_not_compiled() -> None:
    net = built("ltc_ode", torch.float32, engine="compiled", tolerance=1e-2)
    net(torch.randn(BATCH, STEPS, FEATURES))[0].sum().backward()
    assert net.ran == "eager"


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch's own, raised and hidden inside dynamo
def test_ten_networks_in_one_process_are_all_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = 0

    def count(graph: Any, inputs: Any) -> Any:
        nonlocal compiled
        compiled += 1
        return graph

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=count))
    graphs = []
    for units in range(3, 13):
        before = compiled
        models.build("ctgru", FEATURES, units, 2, engine="compiled")(torch.randn(BATCH, 2, FEATURES))
        graphs.append(compiled - before)
    assert graphs == [graphs[0]] * 10
    assert graphs[0] > 0


def test_auto_takes_the_fastest_that_needs_no_waiting() -> None:
    x, holes = torch.randn(BATCH, STEPS, FEATURES), torch.arange(STEPS).expand(BATCH, -1) != 2
    padding = torch.arange(STEPS) < torch.arange(BATCH).unsqueeze(1)
    for name, kind, plain, masked in (
        ("cfc", torch.float64, "fused", "fused"),
        ("lstm", torch.float32, "fused", "fused"),
        ("lstm", torch.float64, "fused", "eager"),
        ("ltc", torch.float32, "compiled", "compiled"),
        ("ltc", torch.float64, "eager", "eager"),
        ("ctrnn", torch.float32, "fused", "fused"),
        ("relu_gru", torch.float32, "eager", "eager"),
    ):
        net = built(name, kind)
        net(x.to(kind))
        assert net.ran == plain
        net(x.to(kind), mask=holes)
        assert net.ran == masked
        net(x.to(kind), mask=padding)
        assert net.ran == plain


def test_unknown_engines_are_refused() -> None:
    with pytest.raises(UserError, match="unknown engine 'fast'"):
        models.build("cfc", 2, 3, engine="fast")
    with pytest.raises(UserError, match="engine=fused does not exist for ReLUGRU"):
        models.build("relu_gru", 2, 3, engine="fused")
    net = models.build("ctrnn", 2, 3, engine="fused", solver="ode")
    net(torch.zeros(1, 1, 2))
    assert net.ran == "eager"


def test_without_a_compiler_the_eager_engine_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    native.library.cache_clear()
    with caplog.at_level("INFO", "ltcbench"):
        net = built("ltc", torch.float32)
        y, _ = net(torch.randn(BATCH, STEPS, FEATURES))
        net(torch.randn(BATCH, STEPS, FEATURES))
    native.library.cache_clear()
    assert net.ran == "eager"
    assert y.isfinite().all()
    assert [record.message for record in caplog.records] == [
        "no C compiler that works here (FileNotFoundError): a slower engine runs, ltcbench doctor says by how much."
    ]
    assert not list(tmp_path.rglob("*.so"))
