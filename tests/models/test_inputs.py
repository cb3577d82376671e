"""Input handling: missing values, word numbers, means."""

import pytest
import torch
from torch import Tensor

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.inputs import Inputs, carry_forward


def test_carry_forward_step_by_step() -> None:
    torch.manual_seed(0)
    values, known, before = torch.randn(6, 3, 2), torch.rand(6, 3, 2) < 0.4, torch.randn(3, 2)
    expected, last = [], before
    for value, here in zip(values, known, strict=True):
        last = torch.where(here, value, last)
        expected.append(last)
    assert torch.equal(carry_forward(values, known, before), torch.stack(expected))
    assert torch.equal(
        carry_forward(values, known[..., :1], before)[0], torch.where(known[0, :, :1], values[0], before)
    )


def test_the_cell_sees_the_last_observed_values_and_the_mask() -> None:
    inputs = Inputs(2, feature_mask=True)
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])[:, None]
    mask = torch.tensor([[1, 0], [0, 1], [0, 0]]).bool()[:, None]
    seen, last = inputs(x, mask, torch.tensor([[7.0, 8.0]]))
    assert inputs.width == 4
    assert seen[:, 0].tolist() == [[1, 8, 1, 0], [1, 4, 0, 1], [1, 4, 0, 0]]
    assert last.tolist() == [[1, 4]]


def test_a_feature_mask_needs_a_network_built_for_it() -> None:
    net = models.build("cfc", 3, 4)
    with pytest.raises(UserError, match="build with feature_mask=True"):
        net(torch.zeros(2, 5, 3), mask=torch.ones(2, 5, 3))
    net = models.build("cfc", 3, 4, feature_mask=True)
    for shape in ((2, 5, 2), (2, 4, 3), (5,)):
        with pytest.raises(UserError, match="mask has shape"):
            net(torch.zeros(2, 5, 3), mask=torch.ones(*shape) if len(shape) > 1 else torch.ones(2, 5, 1))


def test_outputs_before_the_first_observation_are_those_of_a_zero_state() -> None:
    net = models.build("cfc", 3, 4, 2, feature_mask=True)
    y, _ = net(torch.randn(1, 2, 3), mask=torch.zeros(1, 2, 3))
    assert net.readout is not None
    torch.testing.assert_close(y[0], net.readout.bias.expand(2, 2))


@pytest.mark.parametrize("name", ["cfc", "ltc", "transformer"])
def test_words_pass_an_embedding(name: str) -> None:
    torch.manual_seed(0)
    net = models.build(name, 1, 4, 2, vocabulary=50, embedding_size=6).eval()
    assert net.inputs.embedding is not None
    table = net.inputs.embedding.weight
    assert table.shape == (50, 6)
    assert table.abs().max() <= 0.05 < 1.1 * table.abs().max()
    words = torch.randint(50, (3, 5, 1))
    y, state = net(words)
    assert y.shape == (3, 5, 2)
    assert torch.equal(net(words.float())[0], y)
    first, state = net(words[:, :2])
    torch.testing.assert_close(torch.cat([first, net(words[:, 2:], state)[0]], 1), y)
    y.square().sum().backward()
    assert table.grad is not None


def test_embedding_dropout_acts_in_training_only() -> None:
    net = models.build("cfc", 1, 4, vocabulary=50, embedding_dropout=0.5)
    words = torch.randint(50, (2, 5, 1))

    def outputs() -> Tensor:
        return net(words)[0]

    assert not torch.equal(outputs(), outputs())
    net.eval()
    assert torch.equal(outputs(), outputs())


def test_word_numbers_outside_the_vocabulary_are_refused() -> None:
    net = models.build("cfc", 1, 4, vocabulary=50)
    for word in (-1, 50):
        with pytest.raises(UserError, match="expected 0 to 49"):
            net(torch.full((1, 1, 1), word))
    for arguments in ({"vocabulary": -1}, {"embedding_size": 0}, {"embedding_dropout": 1.0}):
        with pytest.raises(UserError, match="out of range"):
            models.build("cfc", 1, 4, **arguments)
    with pytest.raises(UserError, match="vocabulary"):
        models.build("cfc", 2, 4, vocabulary=50)
    with pytest.raises(UserError, match="vocabulary"):
        models.build("cfc", 1, 4, vocabulary=50, feature_mask=True)


@pytest.mark.parametrize("name", ["gru_d", "rnn_impute"])
def test_calibration_takes_the_mean_of_what_was_observed(name: str) -> None:
    net = models.build(name, 2, 3, feature_mask=True)
    x = torch.tensor([[[1.0, torch.nan], [3.0, 4.0]], [[torch.nan, torch.nan], [5.0, 8.0]]])
    mask = ~x.isnan()
    before = net(x, mask=mask)[0]
    net.calibrate_(x, mask, torch.ones(mask.shape[:2]))
    (mean,) = (value for key, value in net.state_dict().items() if key.endswith("mean"))
    assert mean.tolist() == [3.0, 6.0]
    assert not torch.equal(net(x, mask=mask)[0], before)


def test_calibration_leaves_other_models_as_they_are() -> None:
    net = models.build("cfc", 2, 3, feature_mask=True)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    net.calibrate_(torch.randn(2, 4, 2), torch.ones(2, 4, 2), torch.ones(2, 4))
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
