"""Networks of finished runs as files for other programs, each read again and compared before it is kept."""

import importlib.util
import io
import json
import logging
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ltcbench.errors import Failure, UserError
from ltcbench.files import write
from ltcbench.models.exporting import Step, step_program, whole_program
from ltcbench.running.trained import Trained
from ltcbench.settings.job import tree

FORMATS = {"torch": ".pt2", "onnx": ".onnx", "safetensors": ".safetensors"}
TOLERANCE = 1e-5  # of the largest output

Function = Callable[[Sequence[Tensor]], Sequence[Tensor]]


def exported(trained: Trained, kind: str, form: str, path: Path) -> float:
    """Write the network into a file.

    Args:
        trained: the run.
        kind: a key of ``FORMATS``: a program of torch, an ONNX graph, or the weights alone.
        form: ``sequence`` or ``step``, see ``ltcbench.models.exporting``; weights have none.
        path: the file.

    Returns:
        by how much the file's outputs differ from the network's at most, in units of the largest; 0 for weights.

    Raises:
        UserError: the network cannot be exported, or what this kind needs is not installed.
        Failure: the file cannot be written, or says something else than the network.
    """
    about = json.dumps(
        {"config": tree(trained.job), "spec": asdict(trained.spec), "fingerprint": trained.result["fingerprint"]}
    )
    if kind == "safetensors":
        see_that_it_is_there("safetensors")
        from safetensors.torch import save

        write(path, save(dict(trained.network.state_dict()), {"ltcbench": about}))
        return 0.0
    if kind == "onnx":
        for package in ("onnx", "onnxscript", "onnxruntime"):
            see_that_it_is_there(package)
    program = (whole_program if form == "sequence" else step_program)(trained.network.cpu())
    content, function = (_torch if kind == "torch" else _onnx)(program, about)
    difference = _difference(trained, form, function)
    if not difference <= TOLERANCE:
        raise Failure(f"{path} would say something else than the network (by {difference:.1g}): it was not written.")
    write(path, content)
    return difference


def see_that_it_is_there(package: str) -> None:
    """What writes and reads the formats of others is an extra.

    Raises:
        UserError: it is not there.
    """
    if not importlib.util.find_spec(package):
        raise UserError(f"ltcbench export needs {package}: pip install 'ltcbench[export]'.")


def _torch(program: torch.export.ExportedProgram, about: str) -> tuple[bytes, Function]:
    content = io.BytesIO()
    torch.export.save(program, content, extra_files={"ltcbench.json": about})
    module = torch.export.load(io.BytesIO(content.getvalue())).module()
    return content.getvalue(), lambda given: _several(module(*given))


def _onnx(program: torch.export.ExportedProgram, about: str) -> tuple[bytes, Function]:
    from onnxruntime import InferenceSession
    from onnxscript.optimizer import remove_unused_nodes

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # that torchvision is not there
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside torch and onnxscript are not the user's business
        graph: Any = torch.onnx.export(program, dynamo=True, verbose=False)
    remove_unused_nodes(graph.model)  # torch leaves constants behind, of which every reader would warn
    graph.model.metadata_props["ltcbench"] = about
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        graph.save(str(file), external_data=False)
        content = file.read_bytes()
    session = InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]

    def function(given: Sequence[Tensor]) -> Sequence[Tensor]:
        found = session.run(None, dict(zip(names, (part.numpy() for part in given), strict=True)))
        return [torch.as_tensor(np.asarray(part)) for part in found]

    return content, function


def _several(outputs: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    return [outputs] if isinstance(outputs, Tensor) else outputs


@torch.no_grad()
def _difference(trained: Trained, form: str, function: Function) -> float:
    """Of what the file says of some random inputs, of another size than those it was made with."""
    net, (batch, time) = trained.network, (3, 5)
    draw = torch.Generator().manual_seed(0)
    features = net.inputs.features
    x = torch.randn(batch, time, features, generator=draw)
    if trained.spec.vocabulary:
        x = torch.randint(trained.spec.vocabulary, x.shape, generator=draw).float()
    elapsed = torch.rand(batch, time, generator=draw)
    observed = torch.rand(x.shape, generator=draw) > 0.3 if net.feature_mask else None
    given = [x, elapsed] if observed is None else [x, elapsed, observed]
    ours = net(x, elapsed=elapsed, mask=observed)[0]
    if form == "sequence":
        theirs = function(given)[0]
    else:
        state: Sequence[Tensor] = Step(net).state(batch)
        said = []
        for t in range(time):
            *state, y = function([*state, *(part[:, t].contiguous() for part in given)])
            said.append(y)
        theirs = torch.stack(said, dim=1)
    return float((theirs - ours).abs().max() / ours.abs().max().clamp(min=1e-30))
