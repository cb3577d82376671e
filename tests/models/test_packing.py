"""Packed sequences give what a loop over all steps with a mask gives, whatever drives them."""

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.cells.cell import State
from ltcbench.models.packing import Packing
from tests.models.agreement import Batch, assert_agree, drawn, numbers

WAYS = [("eager", torch.float64), ("auto", torch.float64), ("auto", torch.float32)]
STIFF = "ltc_ode"  # its adaptive steps, which all rows share, depend on the batch

every_model = pytest.mark.parametrize("name", models.MODELS)
few = settings(
    max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, int, list[int]]:
    """Time, features and lengths."""
    time = draw(st.integers(1, 6))
    return time, draw(st.integers(1, 3)), draw(st.lists(st.integers(0, time), max_size=6))


def built(name: str, features: int, dtype: torch.dtype = torch.float64, **options: Any) -> models.Network:
    torch.manual_seed(0)
    if "tolerance" in models.options_of(name):
        options = {"tolerance": 1e-8} | options
    net = models.build(name, features, 5, 2, **options).to(dtype).eval()
    for parameter in net.parameters():  # so that no unit is just where its activation has a kink
        parameter.data += 0.1 * torch.rand_like(parameter)
    return net


def masked_loop(
    net: models.Network, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None
) -> tuple[Tensor, State]:
    """The definition, for cells that are not at once: every step for every row, kept where the mask says so."""
    assert net.readout is not None and mask is not None
    drive, outputs = net.cell.drive(x.transpose(0, 1)), []
    for t in range(x.shape[1]):
        new = net.cell.step(state, tuple(part[t] for part in drive), elapsed[:, t, None])
        state = tuple(torch.where(mask[:, t, None], a, b) for a, b in zip(new, state, strict=True))
        outputs.append(net.cell.output(state))
    return net.readout(torch.stack(outputs, 1)), state


@pytest.mark.parametrize(("engine", "dtype"), WAYS, ids=["eager", "auto", "auto-float32"])
@pytest.mark.parametrize("name", [name for name, entry in models.MODELS.items() if not entry.cell.at_once])
@few
@given(batch=batches())
def test_packed_rows_are_those_of_the_masked_loop(
    name: str, engine: str, dtype: torch.dtype, batch: tuple[int, int, list[int]]
) -> None:
    if name == STIFF and dtype == torch.float32:
        pytest.skip("its tolerance is below float32")
    time, features, lengths = batch
    whole = drawn("whole", len(lengths), time, features)
    packed = whole._replace(mask=torch.arange(time) < torch.tensor(lengths, dtype=torch.int64).unsqueeze(1))
    net = built(name, features)
    exact = numbers(net, packed, masked_loop)
    net.to(dtype).engine = engine
    reference = numbers(net, packed, masked_loop) if dtype == torch.float32 else exact
    tolerance = 1e-5 if dtype == torch.float32 or name == STIFF else 1e-10
    assert_agree(numbers(net, packed), reference, tolerance, exact)


@every_model
def test_an_evaluation_does_not_depend_on_the_order_of_its_rows(name: str) -> None:
    options = {"tolerance": 1e-4} if name == STIFF else {}
    net, whole = built(name, 3, torch.float32, **options), drawn("ragged", batch=40)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        y, other = (
            net(part.x, None, part.elapsed, part.mask)[0] for part in (whole, Batch(*(p[order] for p in whole)))
        )
    tolerance = 1e-5 if name == STIFF else 1e-6
    assert (other - y[order]).abs().max() <= tolerance * max(1.0, y.abs().max().item())


@every_model
@pytest.mark.parametrize("feature_mask", [False, True], ids=["steps", "features"])
def test_the_order_of_a_batch_does_not_matter(name: str, feature_mask: bool) -> None:
    net = built(name, 2, feature_mask=feature_mask)
    random = torch.Generator().manual_seed(2)
    x = torch.randn(7, 5, 2, generator=random, dtype=torch.float64)
    elapsed = torch.rand(7, 5, generator=random, dtype=torch.float64)
    seen = torch.rand(7, 5, 2, generator=random) < 0.6 if feature_mask else None
    lengths, order = torch.tensor([2, 5, 0, 5, 1, 3, 2]), torch.tensor([3, 0, 6, 2, 5, 1, 4])
    y, state = net(x, elapsed=elapsed, mask=seen, lengths=lengths)
    mask = None if seen is None else seen[order]
    other, after = net(x[order], elapsed=elapsed[order], mask=mask, lengths=lengths[order])
    for a, b in zip((y, *state), (other, *after), strict=True):
        torch.testing.assert_close(a[order], b, rtol=1e-7, atol=1e-7)


@every_model
def test_lengths_cut_what_no_output_needs(name: str) -> None:
    """With a feature mask time passes behind the last observation; whoever gives lengths does without."""
    net = built(name, 2, feature_mask=True)
    random = torch.Generator().manual_seed(3)
    x = torch.randn(4, 6, 2, generator=random, dtype=torch.float64)
    elapsed = torch.rand(4, 6, generator=random, dtype=torch.float64)
    lengths = torch.tensor([3, 5, 0, 1])
    seen = torch.rand(4, 6, 2, generator=random) < 0.5
    seen[torch.arange(4), lengths - 1] = True
    seen &= (torch.arange(6) < lengths.unsqueeze(1)).unsqueeze(2)
    whole, _ = net(x, elapsed=elapsed, mask=seen)
    cut, state = net(x, elapsed=elapsed, mask=seen, lengths=lengths)
    torch.testing.assert_close(cut, whole, rtol=1e-6, atol=1e-6)
    if not net.cell.at_once:
        _, after = net(x[:1, :3], elapsed=elapsed[:1, :3], mask=seen[:1, :3])
        for a, b in zip(after, state, strict=True):
            torch.testing.assert_close(a, b[:1], rtol=1e-6, atol=1e-6)
    net.zero_grad()
    cut[:, -1].sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in net.parameters())


def test_lengths_are_a_mask_at_the_end_and_meet_other_masks() -> None:
    net = built("cfc", 2)
    x, lengths = torch.randn(3, 4, 2, dtype=torch.float64), torch.tensor([4, 1, 2])
    end = torch.arange(4) < lengths.unsqueeze(1)
    holes = torch.tensor([[1, 0, 1, 1], [0, 1, 1, 1], [1, 1, 1, 0]])
    assert torch.equal(net(x, lengths=lengths)[0], net(x, mask=end)[0])
    assert torch.equal(net(x, lengths=lengths, mask=holes)[0], net(x, mask=holes * end)[0])


@pytest.mark.parametrize("lengths", [[1, 2], [1, 2, 5], [-1, 2, 3], [1.0, 2.0, 3.0], [[1], [2], [3]]])
def test_lengths_that_do_not_fit_are_refused(lengths: list[Any]) -> None:
    with pytest.raises(UserError, match="expected 3 whole numbers from 0 to 4"):
        built("rnn", 2)(torch.zeros(3, 4, 2, dtype=torch.float64), lengths=torch.tensor(lengths))


@few
@given(st.lists(st.integers(1, 6), min_size=1, max_size=8))
def test_the_layout_is_that_of_torch(lengths: list[int]) -> None:
    time, batch = max(lengths), len(lengths)
    x = torch.arange(time * batch * 2.0).view(time, batch, 2)
    packing = Packing.of(time, batch, torch.arange(time).unsqueeze(1) < torch.tensor(lengths))
    theirs = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
    assert packing.sizes == tuple(theirs.batch_sizes.tolist())
    # Rows of the same length stand in the order of the batch; torch's sort promises none.
    assert torch.equal(packing.pack(x).sum(0), theirs.data.sum(0))
    ours, sizes = packing.pack(x), packing.sizes
    assert torch.equal(ours[: sizes[0]], x[0, sorted(range(batch), key=lambda row: -lengths[row])])


def test_a_batch_without_padding_is_not_copied() -> None:
    x = torch.randn(4, 3, 2)
    for mask in (None, torch.ones(4, 3, dtype=torch.bool)):
        packing = Packing.of(4, 3, mask)
        assert packing.sizes == (3, 3, 3, 3) and packing.mask is None
        assert packing.pack(x).data_ptr() == x.data_ptr()
        assert packing.unpack(packing.pack(x), lambda: x[0]).data_ptr() == x.data_ptr()
