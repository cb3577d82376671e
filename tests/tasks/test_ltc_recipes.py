"""The settings of the LTC paper's tasks, as the authors' scripts have them."""

import pytest

from ltcbench.settings import composition, groups

RATE_OF_LTC = {
    "har": 0.01,
    "gesture": 0.01,
    "occupancy": 0.005,
    "smnist": 0.005,
    "traffic": 0.01,
    "power": 0.01,
    "ozone": 0.01,
    "person": 0.01,
    "cheetah": 0.01,
}


@pytest.mark.parametrize("task", RATE_OF_LTC)
def test_settings(task: str) -> None:
    for model in ("lstm", "ltc", "ltc_euler", "ltc_rk4"):
        job = composition.composed([f"task={task}", f"model={model}"])
        trainer, rate = job.trainer, 0.001 if model == "lstm" else RATE_OF_LTC[task]
        assert (trainer.optimizer, trainer.learning_rate, trainer.epochs) == ("adam", rate, 200)
        assert (trainer.batch_size, trainer.drop_last) == (64 if task == "person" else 16, True)
        assert (trainer.decay, trainer.clip_norm, trainer.weight_decay) == (1.0, None, 0.0)
        assert job.hidden_size == 32
        assert job.quirks["last_epoch_ignored"]


@pytest.mark.parametrize("task", RATE_OF_LTC)
def test_the_state_of_the_neural_ode_is_clipped_on_two_tasks(task: str) -> None:
    job = composition.composed([f"task={task}", "model=node"])
    assert job.model_options["clip"] == (10 if task in ("power", "traffic") else None)


@pytest.mark.parametrize("task", RATE_OF_LTC)
def test_the_read_out_begins_with_a_normal_distribution_on_two_tasks(task: str) -> None:
    for model in ("lstm", "ltc"):
        job = composition.composed([f"task={task}", f"model={model}"])
        assert job.model_options.get("readout_std") == (0.05 if task in ("power", "traffic") else None)


@pytest.mark.parametrize("task", RATE_OF_LTC)
def test_every_switch_says_what_it_does(task: str) -> None:
    paper, clean = groups.quirks(task, "paper"), groups.quirks(task, "clean")
    assert set(groups.quirk_notes(task)) == set(paper)
    assert not any(clean.values())
    assert all(on for name, on in paper.items() if (task, name) != ("traffic", "transposed_windows"))
