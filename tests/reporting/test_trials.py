import re
import shlex
import xml.etree.ElementTree as ET

from ltcbench.reporting import trials
from ltcbench.running.tuning.search import Trial
from ltcbench.running.tuning.space import Choices, Interval
from ltcbench.settings.composition import composed

SPACE = {
    "trainer.learning_rate": Interval(1e-4, 1.0, log=True),
    "model.backbone_layers": Interval(1, 3),
    "model.backbone_activation": Choices(("relu", "tanh")),
}


def trial(number: int, value: float | None, status: str = "finished", line: str = "") -> Trial:
    settings = {"trainer.learning_rate": 0.01 * (number + 1), "model.backbone_layers": 1 + number % 3}
    settings["model.backbone_activation"] = ("relu", "tanh")[number % 2]
    return Trial(number, settings, status, value, None if value is None else 3, f"{number:012x}", line)


ENDED = [trial(1, 0.9), trial(0, 0.5), trial(2, 0.4, "stopped"), trial(3, None, "failed", "no memory.")]


def test_the_table_holds_every_trial() -> None:
    lines = trials.table(ENDED).splitlines()[2:]
    assert [line.split()[0] for line in lines] == ["2", "1", "3", "4"]
    assert lines[0].split() == ["2", "0.02", "2", "tanh", "0.9000", "3", "finished", "000000000001"]
    assert trials.counts(ENDED) == "2 finished, 1 stopped, 1 failed"
    assert trials.line(ENDED[3], 9).startswith("trial 4 of 9: failed (no memory), trainer.learning_rate=0.04 ")
    assert trials.line(ENDED[0], 9).startswith("trial 2 of 9: finished, validation 0.9000 at epoch 3, ")


def test_the_line_to_type_makes_the_best_trial() -> None:
    given = ["model=cfc", "task=gesture", "seed=4", "trainer.class_weights=[1, 2, 3, 4, 5]"]
    words = shlex.split(trials.command(given, ENDED[0]))
    assert words[:3] == ["ltcbench", "train", "-m"] and words[-1] == "seed=0,1,2"
    job = composed(words[3:-1])
    assert (job.trainer.learning_rate, job.model_options["backbone_activation"]) == (0.02, "tanh")
    assert job.trainer.class_weights == (1, 2, 3, 4, 5)


def test_the_picture_has_a_point_a_trial_in_every_panel_and_the_best_so_far() -> None:
    drawn = trials.picture(ENDED, SPACE, "accuracy", "max")
    root = ET.fromstring(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(re.findall('class="dot"', drawn)) == 2 * 4 and len(re.findall('class="less"', drawn)) == 4
    assert len(re.findall('class="line"', drawn)) == 1
    assert [name in drawn for name in ("relu", "tanh", "model.backbone_layers", "validation accuracy")] == [True] * 4
    assert ET.fromstring(trials.picture(ENDED[:1], SPACE, "mse", "min")) is not None


def test_importance_is_told_if_there_is_any() -> None:
    assert "a 75%, b 25%" in trials.importance({"a": 0.75, "b": 0.25})
    assert "not told" in trials.importance({})
