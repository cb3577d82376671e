"""The settings of the CfC paper's models, against the lists of their papers and scripts."""

import pytest

from ltcbench.settings import composition
from ltcbench.settings.job import Job

MODELS = ("cfc_s", "cfc", "cfc_nogate", "cfc_mm")
NAMED = {"lecun": "lecun_tanh", "SiLU": "silu", "ReLU": "relu", "tanh": "tanh", "GELU": "gelu"}
KERAS = {"decay_every": "step", "epsilon": 1e-7, "clip_by": "parameter", "weight_decay": 0.0}
TORCH = {"decay_every": "epoch", "epsilon": 1e-8, "clip_norm": None, "kernel_penalty": 0.0}

# A column for each of MODELS, as in the authors' scripts.
TABLES = {
    "xor": {
        **KERAS,
        "clip_norm": "5|1|10|10",
        "optimizer": "adam|rmsprop|rmsprop|rmsprop",
        "batch_size": "256|128|128|128",
        "hidden_size": "64|192|128|64",
        "epochs": "200|200|200|200",
        "learning_rate": ".005|.05|.005|.005",
        "decay": ".9|.95|.95|.95",
        "backbone_activation": "SiLU|ReLU|SiLU|ReLU",
        "backbone_dropout": "0|0|.3|0",
        "backbone_layers": "1|1|1|1",
        "backbone_units": "64|128|192|128",
        "kernel_penalty": "3e-5|3e-6|5e-6|2e-6",
        "flavour": "tf",
        "forget_bias": "-|-|-|.6",
    },
    "physionet": {
        **TORCH,
        "optimizer": "adamw",
        "batch_size": "128|128|128|128",
        "epochs": "116|57|58|65",
        "class_weights": "18.25|11.69|7.73|5.91",
        "hidden_size": "64|256|64|64",
        "learning_rate": ".003|.002|.003|.001",
        "decay": ".72|.9|.73|.9",
        "backbone_activation": "tanh|SiLU|ReLU|lecun",
        "backbone_layers": "3|2|2|2",
        "backbone_units": "64|64|192|64",
        "backbone_dropout": ".1|.2|0|.3",
        "weight_decay": "5e-5|4e-6|5e-5|4e-6",
        "gain": ".53|.5|.55|.6",
        "flavour": "torch",
        "forget_bias": "-|-|-|1",
    },
    "imdb": {
        **KERAS,
        "clip_norm": "1|10|5|10",
        "optimizer": "adam|rmsprop|rmsprop|rmsprop",
        "batch_size": "128|128|128|128",
        "hidden_size": "320|192|224|64",
        "embedding_size": "64|192|192|32",
        "embedding_dropout": "0|0|.2|.3",
        "epochs": "27|47|37|20",
        "learning_rate": "5e-4|5e-4|5e-4|5e-4",
        "decay": ".8|.7|.8|.8",
        "backbone_activation": "ReLU|SiLU|SiLU|lecun",
        "backbone_layers": "1|2|1|1",
        "backbone_units": "64|64|128|64",
        "backbone_dropout": "0|0|.1|0",
        "kernel_penalty": "4.8e-4|3.6e-5|2.7e-5|2.9e-4",
        "flavour": "tf",
        "forget_bias": "-|-|-|1",
        "elapsed_zero": "0|0|0|1",
    },
    "walker": {
        **KERAS,
        "optimizer": "adam",
        "clip_norm": "10|1|1|10",
        "batch_size": "128|256|128|128",
        "hidden_size": "256|64|256|128",
        "epochs": "50|50|50|50",
        "learning_rate": ".006|.02|.008|.005",
        "decay": ".95|.95|.95|.95",
        "backbone_activation": "SiLU|SiLU|lecun|lecun",
        "backbone_dropout": "0|.1|.1|.2",
        "backbone_layers": "1|1|1|2",
        "backbone_units": "192|256|128|128",
        "kernel_penalty": "1e-6|1e-6|3e-5|6e-6",
        "flavour": "tf",
        "forget_bias": "-|-|-|2.1",
    },
    "et_smnist": {
        **KERAS,
        "optimizer": "rmsprop",
        "clip_by": "global",
        "clip_norm": None,
        "decay_every": "epoch",
        "decay": "1|1|1|1",
        "learning_rate": "5e-4|5e-4|5e-4|5e-4",
        "batch_size": "128|128|128|128",
        "epochs": "200|200|200|200",
        "hidden_size": "64|64|64|64",
        "backbone_activation": "GELU|GELU|GELU|GELU",
        "backbone_layers": "1|1|1|1",
        "backbone_units": "128|128|128|128",
        "backbone_dropout": "0|0|0|0",
        "kernel_penalty": "0|0|0|0",
        "flavour": "tf",
        "forget_bias": "-|-|-|3",
    },
    "person_irregular": {
        **TORCH,
        "optimizer": "adam",
        "batch_size": "64|64|64|64",
        "epochs": "100|100|100|100",
        "hidden_size": "64|448|64|256",
        "learning_rate": ".004|.002|.005|.0005",
        "decay": ".97|.97|.97|.99",
        "backbone_activation": "GELU|SiLU|SiLU|GELU",
        "backbone_layers": "3|1|2|2",
        "backbone_units": "256|64|192|128",
        "backbone_dropout": ".4|0|.2|.5",
        "weight_decay": "3e-5|1e-4|2e-4|4e-5",
        "time_scale": ".1|10|.5|10",
        "gain": ".67|.84|.78|1.35",
        "flavour": "torch",
        "forget_bias": "-|-|-|1",
    },
}
TABLES["xor_dense"] = TABLES["xor"]
LTC = {
    "xor": (64, 0.005, 0.9, 256, 200, 5.0, "cfc_tf", 6),
    "xor_dense": (64, 0.005, 0.9, 256, 200, 5.0, "cfc_tf", 6),
    "physionet": (64, 0.05, 0.95, 64, 80, None, "cfc_torch", 6),
    "imdb": (128, 0.05, 0.95, 128, 50, 10.0, "cfc_tf", 3),
    "walker": (128, 0.05, 0.95, 128, 50, 10.0, "cfc_tf", 3),
}


def settings(job: Job) -> dict[str, object]:
    weights = job.trainer.class_weights
    return {
        **vars(job.trainer),
        **job.model_options,
        **job.task_options,
        **job.quirks,
        "hidden_size": job.hidden_size,
        "class_weights": weights[1] if weights else None,
    }


@pytest.mark.parametrize("task", TABLES)
@pytest.mark.parametrize(("place", "model"), list(enumerate(MODELS)))
def test_settings_of_cfc(task: str, place: int, model: str) -> None:
    job = composition.composed([f"task={task}", f"model={model}"])
    assert job.recipe == f"{task}-{model}"
    got = settings(job)
    for name, listed in TABLES[task].items():
        if isinstance(listed, str) and "|" in listed:
            text = listed.split("|")[place]
            if text == "-":
                continue
            wanted = NAMED.get(text) or (text if text.isalpha() else float(text))
        else:
            wanted = listed
        assert got[name] == wanted, name


@pytest.mark.parametrize("task", LTC)
def test_settings_of_ltc(task: str) -> None:
    job = composition.composed([f"task={task}", "model=ltc"])
    trainer = job.trainer
    assert job.recipe == f"{task}-ltc"
    assert LTC[task] == (
        job.hidden_size,
        trainer.learning_rate,
        trainer.decay,
        trainer.batch_size,
        trainer.epochs,
        trainer.clip_norm,
        job.model_options["flavour"],
        job.model_options["unfolds"],
    )


@pytest.mark.parametrize("task", ["et_smnist", "person_irregular"])
def test_ltc_has_a_recipe_where_the_authors_have_none(task: str) -> None:
    assert composition.composed([f"task={task}", "model=ltc"]).recipe == f"{task}-ltc"


def test_clean_gives_the_mixed_cell_its_time() -> None:
    for protocol, expected in (("paper", True), ("clean", False)):
        job = composition.composed(["task=imdb", "model=cfc_mm", f"protocol={protocol}"])
        assert job.quirks["elapsed_zero"] is expected
