"""``ltcbench list models|tasks|tables|experiments``: what there is."""

import argparse
from collections.abc import Sequence

from ltcbench import memo, places
from ltcbench.errors import unknown
from ltcbench.plugins import registered
from ltcbench.settings import composition, groups
from ltcbench.terminal import table


def main(arguments: list[str]) -> int:
    """Print the models, the tasks, the tables or the experiments."""
    parser = argparse.ArgumentParser("ltcbench list", description=__doc__)
    parser.add_argument("what", metavar="models|tasks|tables|experiments")
    what = parser.parse_args(arguments).what
    if what not in LISTS:
        raise unknown("list", what, LISTS)
    print(LISTS[what]())
    return 0


def models_table() -> str:
    """Every model: family, parameters at its default size with 17 inputs, use of elapsed times, source."""
    rows = [*memo.remembered("models", lambda: _models(groups.names("model", places.conf()))), *_own_models()]
    return table(["model", "family", "parameters", "uses time", "what"], rows, right=(2,))


def _own_models() -> list[list[str]]:
    names = registered.names("model")
    return _models(names) if names else []


def _models(names: Sequence[str]) -> list[list[str]]:
    from ltcbench import models

    rows = []
    for name in (name for name in models.MODELS if name in names):
        about = models.about(name)
        settings = composition.defaults("model", name)
        del settings["name"]
        size = models.build(name, 17, settings.pop("hidden_size"), None, **settings).size()
        time = "yes" if about.uses_elapsed else "no"
        rows.append([name, about.family, f"{size:,}", time, about.source])
    return rows


def tasks_table() -> str:
    """Every task: metric, shapes, sizes of train, valid and test under the paper's protocol, dataset."""
    from ltcbench import tasks

    rows = []
    for name, task in tasks.TASKS.items():
        spec = task.SPEC
        if spec is None:
            rows.append([name, "as you say", "as you say", "yours", "split by id", "", "your own file"])
            continue
        shape = f"{spec.length} x {spec.features}"
        kind = f"{len(spec.labels)} classes" if spec.labels else "regression"
        sizes = " / ".join(f"{size:,}" for size in spec.sizes)
        dataset = task.DATASET or ("your own" if name in registered.names("task") else "generated")
        rows.append([name, spec.metric, kind, shape, sizes, "irregular" if spec.irregular else "", dataset])
    return table(["task", "metric", "target", "time x features", "train / valid / test", "steps", "dataset"], rows)


def tables_table() -> str:
    """Every table of the papers: tasks, models, its title and source."""
    from ltcbench.paper import claims, tables

    rows = []
    for name in tables.names():
        found = tables.table(name)
        tasks = dict.fromkeys(column.task for column in found.columns.values())
        rows.append([name, ", ".join(tasks), str(len(found.models)), found.title, found.source])
    for name in claims.names():
        claim = claims.claim(name)
        rows.append([name, f"experiment {claim.experiment}", "", claim.title, claim.source])
    return table(["table", "tasks", "models", "what", "source"], rows, right=(2,))


def experiments_table() -> str:
    """Every experiment: draws under its default settings, what it is."""
    from ltcbench.experiments.asked import asked
    from ltcbench.experiments.experiment import experiment, names

    rows = []
    for name in names():
        _, settings = asked(name, [])
        its = experiment(name)
        tables = ", ".join(its.TABLES)
        rows.append([name, f"{len(its.draws(settings)):,}", tables, groups.comment("experiment", name)])
    return table(["experiment", "draws", "tables", "what"], rows, right=(1,))


LISTS = {"models": models_table, "tasks": tasks_table, "tables": tables_table, "experiments": experiments_table}
