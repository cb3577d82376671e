"""How a job's network is built."""

import pytest
import torch

from ltcbench import tasks
from ltcbench.models.engines import native
from ltcbench.running.run import built
from ltcbench.settings.composition import composed


@pytest.mark.parametrize(
    ("model", "epochs", "engine"),
    [("ctgru", 1, "auto"), ("ctgru", 100_000, "compiled"), ("lstm", 100_000, "auto"), ("cfc", 100_000, "auto")],
)
def test_a_long_training_is_compiled_if_its_cell_has_nothing_faster(
    model: str, epochs: int, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = composed([f"model={model}", "task=gesture", "task.source=synthetic", f"trainer.epochs={epochs}"])
    data = tasks.load(job.task, job.protocol, job.source, job.quirks, job.mirror, **job.task_options)
    monkeypatch.setattr(native, "library", lambda *_: None)
    assert built(job, data, torch.device("cpu")).engine == engine
