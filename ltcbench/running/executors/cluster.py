"""Dask: workers on other machines that share a file system with this one.

The run folder is the truth: what a worker sends home is one line, and a run whose worker is gone goes on from its
checkpoint wherever there is another. Data are fetched here before, and a run is mirrored into MLflow from here when it
has ended.
"""

import logging
import shlex
import signal
import subprocess
import sys
import uuid
from collections.abc import Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ltcbench import places, tasks, values
from ltcbench.errors import Failure, UserError
from ltcbench.files import writing
from ltcbench.plugins import named
from ltcbench.running.executors import Handle, node
from ltcbench.running.folder import RunFolder, fingerprint
from ltcbench.running.tracking import Tracker
from ltcbench.settings.job import Job

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster
    from distributed import Client, Future

_ANSWER = 4.0  # seconds in which a scheduler has to answer
_LOOK = 5.0  # seconds between two looks at workers that come and go
_STOPPING = 60.0  # seconds in which a run that was stopped has to end


class _Dask:
    """Jobs as tasks of a Dask scheduler.

    Args:
        client: connected to the scheduler.
        deaths: how often a job is begun again that was interrupted from outside.
    """

    def __init__(self, client: "Client", deaths: int) -> None:
        self.client = client
        self.deaths = deaths
        self.tasks: list[_Task] = []
        self.tokens = [_token(folder) for folder in (places.runs(), places.datasets())]

    def begin(self, job: Job) -> "_Task":
        """Begin a job; what it would do over again is cleared away here, so that it can go on after a death."""
        if job.force:
            folder = _folder(job)
            with folder.lock(f"{job.task}/{job.model}: another process works on this run; waiting for it."):
                folder.clear()
        task = _Task(self, job)
        self.tasks.append(task)
        return task

    def wait(self, handles: Sequence[Handle], timeout: float | None) -> list[Handle]:
        """Those that ended, none after some seconds in which workers may have come."""
        from distributed import TimeoutError as Nothing
        from distributed import wait

        by_future = {task.future: task for task in cast(Sequence[_Task], handles)}
        try:
            done = wait(list(by_future), _LOOK if timeout is None else min(timeout, _LOOK), "FIRST_COMPLETED").done
        except Nothing:
            return []
        except CancelledError:
            raise Failure("the scheduler of Dask is gone: the same command goes on.") from None
        return [by_future[future] for future in done if by_future[future].ended()]

    def close(self) -> None:
        """Stop what is still going on, and leave the scheduler."""
        for task in self.tasks:
            if not task.future.done():
                task.stop()
        self.client.close()
        for token in self.tokens:
            token.unlink(missing_ok=True)


class _Task:
    """A job that is done, or waits to be done, by a worker."""

    def __init__(self, executor: _Dask, job: Job) -> None:
        self.executor = executor
        self.job = job
        self.key = f"{job.task}-{job.model}-{job.seed}-{uuid.uuid4().hex}"
        self.deaths_left = executor.deaths
        self.stopped = False
        self.future = self._submitted()

    def _submitted(self) -> "Future":
        where = {"LTCBENCH_RUNS": str(places.runs()), "LTCBENCH_DATASETS": str(places.datasets())}
        where |= named.environment()
        job = replace(self.job, force=False, tracker="none")
        tokens = [str(token) for token in self.executor.tokens]
        return self.executor.client.submit(node.do, job, self.key, tokens, where, pure=False)

    def ended(self) -> bool:
        """Whether there is an outcome; a job that was interrupted from outside is begun again."""
        interrupted = self.future.status == "finished" and self.future.result()[0] == "interrupted"
        if interrupted and not self.stopped and self.deaths_left:
            self.deaths_left -= 1
            self.future = self._submitted()
        return bool(self.future.done())

    def stop(self, now: bool = False) -> None:
        """Have the worker stop the run, or kill its process ``now``; one that has not begun is cancelled."""
        self.stopped = True
        told: dict[str, Any] = {}
        with suppress(OSError):  # the scheduler is gone
            told = self.executor.client.run(node.stop, self.key, now, on_error="ignore")
        if True not in told.values():
            self.future.cancel()

    def outcome(self) -> tuple[str, str]:
        """How the job ended; its run is mirrored into MLflow.

        Raises:
            UserError: the worker does not see the folders of runs and data.
        """
        from distributed import KilledWorker
        from distributed import TimeoutError as Nothing

        name = f"{self.job.task}/{self.job.model} seed {self.job.seed}"
        try:
            status, line = self.future.result(timeout=_STOPPING if self.stopped else None)
        except CancelledError:
            return "interrupted", f"{name} had not begun."
        except Nothing:
            return "interrupted", f"{name} does not stop and goes on, on its worker."
        except KilledWorker as error:
            return "died", f"it lost its worker too often, at last {error.last_worker.address}."
        if status == "blind":
            raise UserError(f"{line}: runs and data have to lie on a file system that all machines share.")
        if self.job.tracker == "mlflow":
            _mirror(self.job)
        return status, line


class Address(_Dask):
    """Workers of a scheduler that is running already.

    Args:
        address: of the scheduler.
        deaths: how often a job is begun again that was interrupted from outside.

    Raises:
        UserError: nobody answers, or a worker is not fit for runs.
    """

    def __init__(self, address: str, deaths: int) -> None:
        _needs("distributed")
        from distributed import Client

        try:
            client = Client(address, timeout=_ANSWER)
        except Exception:  # who is no scheduler may answer anything
            raise UserError(
                f"no scheduler of Dask answers at executor.address={address}: start one with `dask scheduler`, which "
                "prints its address, e.g. tcp://host:8786."
            ) from None
        super().__init__(client, deaths)
        try:
            self._check()
        except UserError:
            self.close()
            raise

    def _check(self) -> None:
        for address, threads in self.client.nthreads().items():
            if threads > 1:
                raise UserError(
                    f"the worker {address} does {threads} runs at once: start workers with `dask worker --nthreads 1`."
                )
        for missing in self.client.run(node.unseen, [str(token) for token in self.tokens]).values():
            if missing:
                raise UserError(f"{missing}: runs and data have to lie on a file system that all machines share.")

    @property
    def slots(self) -> int:
        """As many as there are workers now; where there is none yet, one job waits for it."""
        return max(1, len(self.client.nthreads()))


class Slurm(_Dask):
    """Jobs of SLURM, submitted when there is something to do; the options are those of ``conf/executor/slurm.yaml``.

    Raises:
        UserError: there is no SLURM here, or it does not take such jobs.
    """

    def __init__(
        self,
        jobs: int,
        cpus: int,
        gpus: int,
        memory: str,
        walltime: str,
        partition: str | None,
        deaths: int,
        extra: Sequence[str],
    ) -> None:
        _needs("distributed", "dask_jobqueue")
        import dask
        from distributed import Client

        self.slots = jobs
        self.name = f"ltcbench-{uuid.uuid4().hex[:8]}"
        dask.config.set({"distributed.scheduler.allowed-failures": deaths})
        self.cluster = _slurm_cluster(self.name, cpus, gpus, memory, walltime, partition, extra)
        try:
            _check_job(self.cluster)
        except UserError:
            self.cluster.close()
            raise
        super().__init__(Client(self.cluster), deaths)

    def begin(self, job: Job) -> "_Task":
        """Begin a job, with one more job of SLURM if there may be."""
        task = super().begin(job)
        self._fill()
        return task

    def wait(self, handles: Sequence[Handle], timeout: float | None) -> list[Handle]:
        """Those that ended; jobs that left the queue are replaced."""
        ended = super().wait(handles, timeout)
        if not ended:
            self._fill()
        return ended

    def close(self) -> None:
        """Leave no job in the queue."""
        super().close()
        for now in (["--full", "--signal=KILL"], []):  # what goes on, its runs being stopped; what waits
            subprocess.run(["scancel", *now, "--name", self.name], capture_output=True)
        self.cluster.close()
        subprocess.run(["scancel", "--name", self.name], capture_output=True)  # what was just being submitted

    def _fill(self) -> None:
        """As many jobs in the queue as there are runs to do, up to the number of slots."""
        self.cluster.sync(self._forget_those_gone)
        going = sum(not task.future.done() for task in self.tasks)
        self.cluster.scale(max(len(self.cluster.worker_spec), min(self.slots, going)))

    async def _forget_those_gone(self) -> None:
        """Jobs that were killed or cancelled, or whose time ended, are not in the queue any more."""
        queue = subprocess.run(
            ["squeue", "--noheader", "--format=%A", "--name", self.name], capture_output=True, text=True
        )
        if queue.returncode:  # SLURM is busy; the next look tells
            return
        queued = set(queue.stdout.split())
        for name, job in list(self.cluster.workers.items()):
            if job.job_id not in queued:
                del self.cluster.workers[name], self.cluster.worker_spec[name]


def _slurm_cluster(
    name: str, cpus: int, gpus: int, memory: str, walltime: str, partition: str | None, extra: Sequence[str]
) -> "SLURMCluster":
    from dask.utils import parse_bytes

    before = signal.getsignal(signal.SIGINT)
    from dask_jobqueue import SLURMCluster

    signal.signal(signal.SIGINT, before)  # the import has it end the program without a word
    minutes, seconds = divmod(int(values.seconds("executor.walltime", walltime)), 60)
    try:
        parse_bytes(memory)
    except ValueError:
        raise UserError(f"executor.memory={memory} is no size: expected e.g. 8GB.") from None
    return SLURMCluster(
        cores=1,
        processes=1,
        job_cpu=cpus,
        memory=memory,
        walltime=f"{minutes}:{seconds:02}",
        queue=partition,
        job_name=name,
        job_extra_directives=[*([f"--gres=gpu:{gpus}"] if gpus else []), *extra],
        nanny=False,  # a worker that ends ends its job, and is replaced
        python=f"exec {shlex.quote(sys.executable)}",  # the worker is the job itself, so SLURM ends one that hangs
        log_directory=str(places.runs() / ".slurm"),
        scheduler_options={"dashboard": False, "dashboard_address": ":0"},
    )


def _check_job(cluster: "SLURMCluster") -> None:
    """Ask SLURM whether it would take such a job.

    Raises:
        UserError: it would not, or is not here.
    """
    try:
        asked = subprocess.run(
            ["sbatch", "--test-only"], input=cluster.job_script(), capture_output=True, text=True, timeout=60
        )
    except FileNotFoundError:
        raise UserError("executor=slurm needs SLURM's sbatch, which is not here: use a machine that has it.") from None
    except subprocess.TimeoutExpired:
        raise UserError("SLURM does not answer within a minute: see what `sinfo` says.") from None
    if asked.returncode:
        said = "; ".join(line.rpartition("error: ")[2] for line in asked.stderr.splitlines() if line.strip())
        raise UserError(f"SLURM takes no such jobs ({said}): change executor.partition or what else executor says.")


def _needs(*modules: str) -> None:
    for module in modules:
        if find_spec(module) is None:
            raise UserError(f"this executor needs {module}: install it with pip install 'ltcbench[cluster]'.")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # a worker that is lost is no news


def _token(folder: Path) -> Path:
    """A new file in a folder."""
    token = folder / f".shared-{uuid.uuid4().hex}"
    with writing(token):
        folder.mkdir(parents=True, exist_ok=True)
        token.touch()
    return token


def _folder(job: Job) -> RunFolder:
    return RunFolder.of(job, fingerprint(job, tasks.checksums(job.task, job.source, job.mirror, **job.task_options)))


def _mirror(job: Job) -> None:
    folder = _folder(job)
    result = folder.result()
    if result:
        Tracker(folder, job.tracking_uri, enabled=True).end(result)
