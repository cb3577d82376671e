"""Runs on workers of Dask: a small cluster on this machine, and SLURM where there is one."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ltcbench import places
from ltcbench.errors import UserError
from ltcbench.running import grid
from ltcbench.running.executors import cluster, node
from ltcbench.running.executors.cluster import Address, Slurm
from ltcbench.running.executors.local import Local
from ltcbench.running.folder import RunFolder, fingerprint
from ltcbench.running.grid import Ended
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Job

pytest.importorskip("distributed")
pytest.importorskip("dask_jobqueue")

slurm = pytest.mark.skipif(
    not shutil.which("sbatch") or subprocess.run(["timeout", "10", "sinfo"], capture_output=True).returncode != 0,
    reason="needs SLURM: there is no sbatch, or no controller that answers",
)

SERVER = """
import sys, time
from distributed import LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(n_workers=2, threads_per_worker=int(sys.argv[1]), dashboard_address=None)
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()
"""


def serve(threads: int, folder: Path) -> Iterator[str]:
    """The address of a cluster in a process of its own."""
    script = folder / "server.py"
    script.write_text(SERVER)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", script, str(threads)], stdin=-1, stdout=-1, stderr=-3, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.communicate("", timeout=60)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serve(1, tmp_path_factory.mktemp("server"))


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    return tmp_path / "runs"


def job(seed: int, epochs: int, tracker: str = "none") -> Job:
    small = ["model.hidden_size=4", f"trainer.epochs={epochs}", f"tracker={tracker}", f"seed={seed}"]
    return composed(["task=cheetah", "task.source=synthetic", "model=lstm", *small])


def folder(one: Job) -> RunFolder:
    return RunFolder.of(one, fingerprint(one, {}))


def without_seconds(one: Job) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in folder(one).metrics()]


def undisturbed(jobs: list[Job], elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[dict[str, float]]]:
    with monkeypatch.context() as patch, closing(Local(2)) as executor:
        patch.setenv("LTCBENCH_RUNS", str(elsewhere))
        grid.run_jobs(jobs, executor, lambda ended: None)
        return [without_seconds(one) for one in jobs]


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


def test_an_address_that_nobody_answers_is_told_soon() -> None:
    began = time.monotonic()
    with pytest.raises(UserError, match=r"no scheduler of Dask answers at executor.address=tcp://127.0.0.1:1:"):
        Address("tcp://127.0.0.1:1", 0)
    assert time.monotonic() - began < 10
    with pytest.raises(UserError, match=r"no scheduler of Dask answers at executor\.address=nonsense"):
        Address("nonsense", 0)


def test_what_a_worker_does_not_see_is_told(tmp_path: Path) -> None:
    assert node.unseen([__file__]) == ""
    assert f"does not see the files in {tmp_path}" in node.unseen([__file__, str(tmp_path / "token")])


@pytest.mark.slow
def test_numbers_are_those_of_this_machine_and_the_client_mirrors(
    address: str, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [job(seed, 2, "mlflow") for seed in range(4)]
    ends: list[Ended] = []
    with closing(Address(address, 0)) as executor:
        assert executor.slots == 2
        grid.run_jobs(jobs, executor, ends.append)
    assert [end.status for end in ends] == ["finished"] * 4
    assert not [*runs.glob(".shared*"), *places.datasets().glob(".shared*")]
    expected = undisturbed([job(seed, 2) for seed in range(4)], tmp_path / "else", monkeypatch)
    assert [without_seconds(one) for one in jobs] == expected  # each worker's second run as well as its first
    from ltcbench.running import tracking

    store = tracking.Store(tracking.default_uri())
    assert len(store.client.search_runs([store.experiment("cheetah")])) == 4


@pytest.mark.slow
@pytest.mark.usefixtures("runs")
def test_a_run_whose_worker_is_killed_goes_on_elsewhere(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = job(0, 40)
    with closing(Address(address, 0)) as executor:
        handle = executor.begin(one)
        wait_for(lambda: len(folder(one).metrics()) > 3)
        (worker,) = (who for who, keys in executor.client.processing().items() if keys)
        (pid,) = executor.client.run(os.getpid, workers=[worker]).values()
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: bool(executor.wait([handle], 1)))
        assert handle.outcome()[0] == "finished"
    assert [without_seconds(one)] == undisturbed([one], tmp_path / "else", monkeypatch)
    assert folder(one).log.read_text().count("parameters,") == 2


@pytest.mark.slow
@pytest.mark.usefixtures("runs")
def test_what_is_interrupted_from_outside_is_begun_again_and_what_is_stopped_is_not(address: str) -> None:
    one, other = job(1, 40), job(2, 100_000)
    with closing(Address(address, 1)) as executor:
        handle, endless = executor.begin(one), executor.begin(other)
        wait_for(lambda: bool(folder(one).metrics() and folder(other).metrics()))
        executor.client.run(node.stop, handle.key)
        while handle not in executor.wait([handle, endless], 1):
            pass
        assert handle.outcome()[0] == "finished"
        waiting = [executor.begin(job(seed, 100_000)) for seed in (3, 4)]
        for stopped in (endless, *waiting):
            stopped.stop()
        assert endless.outcome()[0] == "interrupted"
        assert {stopped.outcome()[0] for stopped in waiting} == {"interrupted"}
    assert (folder(other).result() or {})["status"] == "interrupted"


@pytest.mark.slow
@pytest.mark.usefixtures("runs")
def test_what_is_done_over_again_is_cleared_once(address: str) -> None:
    done = job(5, 2)
    with closing(Address(address, 0)) as executor:
        grid.run_jobs([done], executor, lambda ended: None)
        first = folder(done).checkpoint.stat().st_mtime_ns
        grid.run_jobs([dataclasses.replace(done, force=True)], executor, lambda ended: None)
    assert folder(done).checkpoint.stat().st_mtime_ns > first


@pytest.mark.slow
@pytest.mark.usefixtures("runs")
def test_a_worker_that_sees_other_folders_or_does_several_runs_at_once_is_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "_token", lambda folder: tmp_path / "absent")
        with pytest.raises(UserError, match="runs and data have to lie on a file system that all machines share"):
            Address(address, 0)
    for both in serve(2, tmp_path):
        with pytest.raises(UserError, match="does 2 runs at once: start workers with `dask worker --nthreads 1`"):
            Address(both, 0)


def queue() -> list[str]:
    return subprocess.run(["squeue", "--noheader", "--format=%A"], capture_output=True, text=True).stdout.split()


def workers() -> list[str]:
    """Processes of workers in SLURM's jobs, whatever the queue says of them."""
    listed = subprocess.run(
        ["pgrep", "--full", "distributed.cli.dask_worker .*--name SLURMCluster"], capture_output=True
    )
    return listed.stdout.decode().split()


def small_slurm(**options: object) -> Slurm:
    usual = {"jobs": 2, "cpus": 1, "gpus": 0, "memory": "500MB", "walltime": "10m", "partition": None, "deaths": 20}
    return Slurm(**{**usual, "extra": [], **options})


@slurm
@pytest.mark.slurm
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"partition": "nosuch"}, r"SLURM takes no such jobs \(invalid partition specified: nosuch"),
        ({"memory": "lots"}, "executor.memory=lots is no size"),
        ({"walltime": "2x"}, "executor.walltime 2x is no duration"),
        ({"extra": ["--nosuch"]}, "SLURM takes no such jobs"),
    ],
)
def test_jobs_that_slurm_does_not_take(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        small_slurm(**options)
    assert queue() == []


@slurm
@pytest.mark.slurm
@pytest.mark.slow
def test_ctrl_c_names_the_runs_and_leaves_no_job_in_the_queue(runs: Path) -> None:
    asked = ["ltc-6", "--only", "model=lstm", "--seeds", "3", "task.source=synthetic", "trainer.epochs=100000"]
    options = ["tracker=none", "executor=slurm", "executor.jobs=2", "executor.memory=500MB", "executor.walltime=10m"]
    client = subprocess.Popen(
        [sys.executable, "-m", "ltcbench", "reproduce", *asked, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # not ignored as in the background
    )
    wait_for(lambda: len([*runs.glob("*/*/*/metrics.csv")]) == 2)
    os.killpg(client.pid, signal.SIGINT)  # as the terminal does
    output, error = client.communicate(timeout=60)
    assert client.returncode == 130 and "the same command goes on" in error
    assert output.count("interrupted after") == 2
    wait_for(lambda: queue() == [] and workers() == [])


@slurm
@pytest.mark.slurm
@pytest.mark.slow
@pytest.mark.usefixtures("runs")
def test_a_run_outlives_its_job_and_the_queue_is_left_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = job(0, 60), job(1, 100_000)
    with closing(small_slurm()) as executor:
        handle, endless = executor.begin(one), executor.begin(other)
        wait_for(lambda: len(folder(one).metrics()) > 3 and len(folder(other).metrics()) > 3)
        subprocess.run(["scancel", *queue()], check=True)
        wait_for(lambda: bool(executor.wait([handle, endless], 1)))
        assert handle.outcome()[0] == "finished"
        endless.stop()
        assert endless.outcome()[0] == "interrupted"
    wait_for(lambda: queue() == [] and workers() == [])
    assert [without_seconds(one)] == undisturbed([one], tmp_path / "else", monkeypatch)
