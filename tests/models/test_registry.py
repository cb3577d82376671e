"""What must hold for every model; a new one is tested by being in the registry."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.choice import IN_TORCH

every_model = pytest.mark.parametrize("name", models.MODELS)
MASKED = ("steps", "features")
TOLERANCE = 1e-9  # of adaptive solvers, wherever two results are compared
STRAIGHT_THROUGH = ("skip_lstm",)  # the gradient of its gate is that of another function: see its own tests
STIFF = {"ltc_ode": (20, 5.0)}  # steps and longest time: an explicit adaptive solver would take hours over long ones


def build(name: str, features: int = 3, units: int = 4, seed: int = 0, **options: Any) -> models.Network:
    """A network in float64, ready for evaluation."""
    if "tolerance" in models.options_of(name):
        options = {"tolerance": TOLERANCE} | options
    torch.manual_seed(seed)
    return models.build(name, features, units, 2, **options).double().eval()


def inputs(batch: int, steps: int, features: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    """x (B, T, F) and elapsed (B, T), different everywhere."""
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, steps, features, generator=random, dtype=torch.float64)
    return x, 0.02 + 0.5 * torch.rand(batch, steps, generator=random, dtype=torch.float64)


def gaps(kind: str, batch: int, steps: int, features: int = 3) -> Tensor:
    """A mask of steps or of features in which the first step is observed and a later one is empty."""
    random = torch.Generator().manual_seed(5)
    mask = torch.rand(batch, steps, features, generator=random) < 0.6
    mask[:, 0, 0], mask[:, 2] = True, False
    return mask.any(2) if kind == "steps" else mask


def same(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-7)


@every_model
@pytest.mark.parametrize(
    ("batch", "steps", "features", "units"), [(1, 1, 1, 1), (1, 1, 1, 3), (1, 4, 2, 3), (3, 1, 1, 3), (4, 5, 3, 4)]
)
def test_shapes_and_gradients(name: str, batch: int, steps: int, features: int, units: int) -> None:
    net = build(name, features, units)
    x, elapsed = inputs(batch, steps, features)
    y, state = net(x, elapsed=elapsed)
    assert y.shape == (batch, steps, 2)
    assert all(len(part) == batch for part in state)
    y.square().mean().backward()
    for parameter in net.parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all()


@every_model
@pytest.mark.parametrize("engine", ["eager", "auto", "compiled"])
@pytest.mark.parametrize("masked", [None, *MASKED])
def test_an_empty_batch_gives_an_empty_output(name: str, engine: str, masked: str | None) -> None:
    net = build(name, engine=engine, feature_mask=masked == "features").train()
    x, elapsed = inputs(0, 5)
    mask = None if masked is None else gaps(masked, 0, 5)
    y, state = net(x.requires_grad_(), elapsed=elapsed, mask=mask)
    again, after = net(x, state, elapsed, mask)
    assert y.shape == again.shape == (0, 5, 2)
    assert all(len(part) == 0 for part in (*state, *after))
    (y.sum() + again.sum()).backward()
    for parameter in net.parameters():
        assert parameter.grad is None or not parameter.grad.any()
    assert net.readout is not None and net.readout.weight.grad is not None
    with torch.no_grad():
        assert net.eval()(x)[0].shape == (0, 5, 2)


VARIETIES: list[tuple[str, dict[str, Any]]] = [
    *((name, {"engine": "fused"}) for name in models.MODELS if type(build(name).cell) in IN_TORCH),
    ("cfc_mm", {"flavour": "tf"}),
    ("ctgru", {"per_scale": False}),
    ("ctrnn", {"solver": "ode"}),
    ("ltc", {"wiring": "ncp", "hidden_size": 8}),
    ("lstm", {"vocabulary": 5, "input_size": 1}),
    ("ode_rnn", {"flavour": "latent_ode"}),
    ("phased_lstm", {"flavour": "paper"}),
    ("rnn_decay", {"flavour": "latent_ode"}),
]


@pytest.mark.parametrize(("name", "options"), VARIETIES)
def test_an_empty_batch_for_other_options_and_engines(name: str, options: dict[str, Any]) -> None:
    net = models.build(name, **{"input_size": 3, "hidden_size": 4, "output_size": 2} | options)
    x = torch.zeros(0, 5, net.inputs.features)
    y, _ = net(x, elapsed=torch.ones(0, 5), mask=torch.ones(0, 5))
    assert y.shape == (0, 5, 2)
    y.sum().backward()
    step = net.stepper()
    y, state = step(x[:, 0])
    assert step(x[:, 0], state, torch.ones(0))[0].shape == y.shape == (0, 2)


def test_an_empty_batch_is_not_what_a_step_is_compiled_for() -> None:
    net = models.build("lstm", 3, 4, 2, engine="compiled")
    net(torch.zeros(0, 5, 3))
    assert net.ran == "eager" and "compiled_steps" not in net.cell.__dict__


@every_model
def test_without_read_out_the_cells_outputs_come_back(name: str) -> None:
    net = models.build(name, 3, 4).eval()
    y, _ = net(torch.zeros(2, 3, 3))
    assert y.shape == (2, 3, net.cell.output_size)


@every_model
@pytest.mark.parametrize("masked", [None, *MASKED])
def test_a_batch_is_its_samples(name: str, masked: str | None) -> None:
    net = build(name, feature_mask=masked == "features")
    x, elapsed = inputs(4, 5)
    mask = None if masked is None else gaps(masked, 4, 5)
    y, _ = net(x, elapsed=elapsed, mask=mask)
    for i in range(4):
        one = slice(i, i + 1)
        same(y[one], net(x[one], elapsed=elapsed[one], mask=None if mask is None else mask[one])[0])


@every_model
@pytest.mark.parametrize("masked", [None, *MASKED])
def test_a_state_passed_on_continues_the_sequence(name: str, masked: str | None) -> None:
    net = build(name, feature_mask=masked == "features")
    x, elapsed = inputs(3, 7)
    mask = None if masked is None else gaps(masked, 3, 7)
    whole, last = net(x, elapsed=elapsed, mask=mask)
    parts, state = [], None
    for cut in (slice(0, 1), slice(1, 4), slice(4, 7)):
        y, state = net(x[:, cut], state, elapsed[:, cut], None if mask is None else mask[:, cut])
        parts.append(y)
    first = -1 if net.cell.whole else 0  # what sees a whole sequence knows more at its end
    same(torch.cat(parts, 1)[:, first:], whole[:, first:])
    for a, b in zip(state, last, strict=True):
        same(a, b)


@every_model
@pytest.mark.parametrize("masked", MASKED)
def test_padding_at_the_end_changes_nothing(name: str, masked: str) -> None:
    net = build(name, feature_mask=masked == "features")
    x, elapsed = inputs(3, 4)
    mask = gaps(masked, 3, 4)
    y, state = net(x, elapsed=elapsed, mask=mask)
    padding, more = torch.full((3, 2, 3), torch.nan, dtype=torch.float64), torch.full((3, 2), 7.0)
    nothing = torch.zeros(3, 2, *mask.shape[2:], dtype=torch.bool)
    padded, after = net(
        torch.cat([x, padding], 1), elapsed=torch.cat([elapsed, more], 1), mask=torch.cat([mask, nothing], 1)
    )
    same(padded[:, :4], y)
    same(padded[:, 4:], y[:, 3:].expand(3, 2, 2))
    if masked == "steps" and not net.cell.at_once:
        for a, b in zip(after, state, strict=True):
            same(a, b)


@every_model
def test_what_a_feature_mask_hides_does_not_matter(name: str) -> None:
    net = build(name, feature_mask=True)
    x, elapsed = inputs(2, 5)
    mask = gaps("features", 2, 5)
    y, _ = net(x, elapsed=elapsed, mask=mask)
    same(net(torch.where(mask, x, torch.nan), elapsed=elapsed, mask=mask)[0], y)
    observed, _ = net(x, elapsed=elapsed, mask=torch.ones_like(mask))
    same(net(x, elapsed=elapsed)[0], observed)
    assert (observed - y).abs().max() > 1e-6


@every_model
def test_an_unobserved_step_repeats_the_output_and_changes_the_state(name: str) -> None:
    net = build(name, feature_mask=True)
    x, elapsed = inputs(2, 2)
    mask = torch.tensor([True, False]).view(1, 2, 1).expand(2, 2, 3)
    y, state = net(x, elapsed=elapsed, mask=mask)
    same(y[:, 1], y[:, 0])
    _, before = net(x[:, :1], elapsed=elapsed[:, :1], mask=mask[:, :1])
    assert any(a.shape != b.shape or (a - b).abs().max() > 1e-6 for a, b in zip(state, before, strict=True))


@every_model
def test_elapsed_time_matters_where_the_model_says_so(name: str) -> None:
    net = build(name)
    x, elapsed = inputs(2, 4)
    y, _ = net(x, elapsed=elapsed)
    other, _ = net(x, elapsed=2 * elapsed)
    assert ((y - other).abs().max() > 1e-6) == models.about(name).uses_elapsed
    same(net(x)[0], net(x, elapsed=torch.ones_like(elapsed))[0])


@pytest.mark.parametrize("name", [name for name in models.MODELS if name not in STRAIGHT_THROUGH])
@pytest.mark.parametrize("feature_mask", [False, True])
def test_gradients(name: str, feature_mask: bool) -> None:
    net = build(name, 2, 3, feature_mask=feature_mask)
    x, elapsed = inputs(2, 3, 2)
    mask = gaps("features", 2, 3, 2) if feature_mask else None
    parameters = {key: value.detach().requires_grad_() for key, value in net.named_parameters() if value.requires_grad}
    tensors = [x.requires_grad_(), elapsed.requires_grad_(), *parameters.values()]

    def outputs(x: Tensor, elapsed: Tensor, *values: Tensor) -> Tensor:
        keywords = {"elapsed": elapsed, "mask": mask}
        y, _ = functional_call(net, dict(zip(parameters, values, strict=True)), (x,), keywords)
        return y

    eps = 1e-4 if name in STIFF else 1e-6  # an adaptive solver is exact to TOLERANCE: smaller differences are its noise
    assert torch.autograd.gradcheck(outputs, tensors, eps=eps, atol=1e-5, fast_mode=True, check_undefined_grad=False)


@every_model
def test_seed_decides_the_weights(name: str) -> None:
    def weights(seed: int) -> Tensor:
        return torch.cat([p.flatten() for p in build(name, seed=seed).parameters()])

    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))


@every_model
def test_saves_and_loads(name: str, tmp_path: Path) -> None:
    net, other = build(name, seed=1), build(name, seed=2)
    torch.save(net.state_dict(), tmp_path / "weights.pt")
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    x, elapsed = inputs(2, 3)
    assert torch.equal(net(x, elapsed=elapsed)[0], other(x, elapsed=elapsed)[0])


@every_model
def test_moves_dtype(name: str) -> None:
    net = build(name, feature_mask=True)
    x, elapsed = inputs(2, 3)
    mask = gaps("features", 2, 3)
    y, _ = net(x, elapsed=elapsed, mask=mask)
    single = copy.deepcopy(net).float()
    y32, state = single(x.float(), elapsed=elapsed, mask=mask)
    assert y32.dtype == torch.float32
    assert {part.dtype for part in state} == {torch.float32}
    torch.testing.assert_close(y32.double(), y, rtol=1e-3, atol=1e-3)


@every_model
def test_stays_finite_over_a_thousand_steps(name: str) -> None:
    steps, longest = STIFF.get(name, (1000, 1e3))
    net = build(name, **({"tolerance": 1e-3} if name in STIFF else {})).float()
    x, _ = inputs(2, steps)
    elapsed = longest * torch.rand(2, steps, generator=torch.Generator().manual_seed(0))
    elapsed[0, ::3] = 0
    elapsed[1, ::5] = longest
    with torch.no_grad():
        y, _ = net(x.float(), elapsed=elapsed)
    assert torch.isfinite(y).all()


@every_model
def test_constraints_hold_after_an_optimiser_step(name: str) -> None:
    net = build(name)
    optimiser = torch.optim.SGD(net.parameters(), lr=100.0)
    x, elapsed = inputs(3, 4)
    net(x, elapsed=elapsed)[0].square().mean().backward()
    optimiser.step()
    net.project_()
    before = copy.deepcopy(net.state_dict())
    net.project_()
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert torch.isfinite(net(x, elapsed=elapsed)[0]).all()


@every_model
def test_wrong_shapes_are_refused(name: str) -> None:
    net = build(name)
    x, elapsed = inputs(2, 3)
    wrong: list[tuple[Tensor, Tensor | None, Tensor | None]] = [
        (x[0], None, None),
        (x[:, :0], None, None),
        (x[..., :2], None, None),
        (x, elapsed[:, :2], None),
        (x, elapsed[..., None], None),
        (x, elapsed, elapsed[:1] > 0),
        (x, elapsed, x > 0),
    ]
    for x, elapsed_, mask in wrong:
        with pytest.raises(UserError, match="has shape"):
            net(x, elapsed=elapsed_, mask=mask)


@every_model
def test_size_and_kernels(name: str) -> None:
    net = build(name)
    assert net.size() == sum(p.numel() for p in net.parameters() if p.requires_grad) > 0
    addresses = {p.data_ptr() for p in net.cell.parameters()}
    assert all(kernel.dim() == 2 and kernel.data_ptr() in addresses for kernel in net.kernels())


@every_model
def test_about_says_everything(name: str) -> None:
    text = models.about(name)
    assert text.name == name
    assert text.source and "\n" not in text.source
    assert text.equation and text.symbols and text.deviations
    symbols = " ".join(text.symbols)
    parts = {key.split(".")[0] for key in build(name).cell.state_dict()}
    assert not {part for part in parts if f"`{part}`" not in symbols}


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean cfc"):
        models.build("cfx", 3, 4)
    with pytest.raises(UserError, match="did you mean unfolds"):
        models.build("ltc", 3, 4, unfold=3)
    with pytest.raises(UserError, match="solver"):
        models.build("ltc", 3, 4, solver="rk4")  # has a model of its own
    with pytest.raises(UserError, match="unknown model"):
        models.about("nothing")
    for sizes in ((0, 4), (3, 0), (3, 4, 0)):
        with pytest.raises(UserError, match="expected at least 1"):
            models.build("ltc", *sizes)
