"""The order of the rooms: who may know whom."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "ltcbench"

# From the roof to the ground; a room may import from its own floor only itself, and from every floor below.
FLOORS = (
    ("__main__",),
    ("cli",),
    ("commands",),
    ("experiments",),
    ("bench",),
    ("reporting",),
    ("running",),
    ("training",),
    ("tasks", "paper"),
    ("data", "settings", "models", "memo"),
    ("plugins",),
    ("files", "terminal", "values"),
    ("places", "progress", "errors"),
    ("__init__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of every import of ours in a file, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.startswith("ltcbench"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ltcbench":
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def room(module: str) -> str:
    """``running`` for ``ltcbench.running.folder``; ``__init__`` for what the package itself says."""
    name = module.split(".")[1]
    return name if name in FLOOR else "__init__"


def climbs(root: Path) -> list[str]:
    """The lines that import from a floor above, or from a neighbour of the same floor."""
    wrong = []
    for path in sorted(root.rglob("*.py")):
        own = path.relative_to(root).parts[0].removesuffix(".py")
        for line, module in imports(path):
            other = room(module)
            if other != own and FLOOR[other] <= FLOOR[own]:
                wrong.append(f"{path.relative_to(root.parent)}:{line} imports {module}")
    return wrong


def test_every_arrow_runs_downwards() -> None:
    assert climbs(ROOT) == []


def test_no_module_imports_itself_round_a_corner() -> None:
    names = {".".join(path.relative_to(ROOT.parent).with_suffix("").parts): path for path in ROOT.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): path for name, path in names.items()}

    def targets(path: Path) -> set[str]:
        found = (module if module in modules else module.rpartition(".")[0] for _, module in imports(path))
        return {target for target in found if target in modules and modules[target] != path}

    graphlib.TopologicalSorter({name: targets(path) for name, path in modules.items()}).prepare()


def test_every_room_stands_on_a_floor() -> None:
    rooms = {path.name.removesuffix(".py") for path in ROOT.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__pycache__", "conf", "datasets"} == set(FLOOR)


@pytest.mark.parametrize("text", ["from ltcbench.running import run", "def f():\n    import ltcbench.commands.table\n"])
def test_an_arrow_upwards_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ltcbench" / "tasks" / "x.py"
    file.parent.mkdir(parents=True)
    file.write_text(f"import os\n{text}")
    (wrong,) = climbs(tmp_path / "ltcbench")
    assert wrong.startswith(f"ltcbench/tasks/x.py:{2 if text.startswith('from') else 3} imports ltcbench.")
