"""What ends a training from outside: signals, a second training, a full or read-only disk, a reader that went
away. Real processes, signals and file systems."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from manifests.border.logs import read_metrics
from manifests.run_lock import run_lock
from manifests.stop_signals import Stopped
from tests.trainer.disturbed import KillAt, Killed, command, copy, outcome
from tests.trainer.processes import ROOT, ended, started
from trainer.checkpoint.checkpoint import newest
from trainer.run import TrainingRun
from trainer.train import train

pytestmark = pytest.mark.slow


class SignalAt(KillAt):
    """Sends this process signals after a step."""

    def __init__(self, step: int, *numbers: int) -> None:
        super().__init__(step)
        self._numbers = numbers

    def stop(self) -> None:
        for number in self._numbers:
            os.kill(os.getpid(), number)


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    """A finished run that nobody disturbed; not to be changed."""
    run = copy(prepared, tmp_path_factory.mktemp("undisturbed"))
    assert train(run, quiet=True)
    return run


def long(run: TrainingRun) -> TrainingRun:
    """The same run with a stage that takes minutes, and a checkpoint every three steps."""
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text())
    data["stages"] = [data["stages"][0] | {"tokens": 20_000 * 8 * 24, "max_epochs": {"en": 9999, "zh": 9999}}]
    (run.folder / "curriculum.yaml").write_text(yaml.safe_dump(data))
    return TrainingRun.open(run.folder / "curriculum.yaml", run.folder)


def wait_until_one_is_saved(run: TrainingRun, process: subprocess.Popen[str]) -> None:
    """Returns when the run has a checkpoint."""
    while not list(run.checkpoints.glob("step-*")):
        assert process.poll() is None, process.communicate()[1]
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)


def errors(text: str) -> list[str]:
    """The lines on standard error that are no warnings about the curriculum, without ``error:``."""
    return [line.removeprefix("error: ") for line in text.splitlines() if ": warning: " not in line]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_training_after_its_step_with_a_checkpoint(
    prepared: Path, undisturbed: TrainingRun, tmp_path: Path, number: int, code: int
) -> None:
    run = copy(prepared, tmp_path)
    before = signal.getsignal(number)
    message = "^stopped after step 7; a checkpoint was written; run the same command to go on$"
    with pytest.raises(Stopped, match=message) as stopped:
        train(run, [SignalAt(7, number)], quiet=True)
    assert stopped.value.exit_code == code
    assert signal.getsignal(number) == before
    found = newest(run.checkpoints)
    assert found is not None
    assert found.progress.step == 7
    assert train(run, quiet=True)
    assert outcome(run) == outcome(undisturbed)


def test_a_signal_in_the_last_step_lets_the_training_finish(
    prepared: Path, undisturbed: TrainingRun, tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    assert train(run, [SignalAt(12, signal.SIGTERM)], quiet=True)
    assert outcome(run) == outcome(undisturbed)


def test_a_second_signal_ends_the_training_at_once(prepared: Path, tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Stopped, match="at once") as stopped:
        train(run, [SignalAt(7, signal.SIGINT, signal.SIGTERM)], quiet=True)
    assert stopped.value.exit_code == 143
    assert "step-000000007" not in {folder.name for folder in run.checkpoints.iterdir()}


def test_all_processes_stop_at_the_step_in_which_one_of_them_got_a_signal(
    prepared: Path, tmp_path: Path
) -> None:
    run = long(copy(prepared, tmp_path))
    processes = started([[*command(run), "--quiet"]] * 2)
    wait_until_one_is_saved(run, processes[0])
    processes[1].send_signal(signal.SIGTERM)  # process 0, which writes, gets none
    told = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [143, 143], told
    found = newest(run.checkpoints)
    assert found is not None
    line = (
        f"stopped after step {found.progress.step}; a checkpoint was written; run the same command to go on"
    )
    assert [errors(one)[-1] for one in told] == [line, line]
    assert not any("Traceback" in one for one in told)
    assert len(read_metrics(run.metrics_file)) == found.progress.step


def test_each_process_of_a_training_that_one_of_them_cannot_go_on_with_says_so_in_a_line(
    prepared: Path, tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    with run_lock(run.folder, "openba import"):
        processes = ended([[*command(run), "--quiet"]] * 2)
    assert [process.returncode for process in processes] == [1, 1]
    first, second = (errors(process.stderr) for process in processes)
    assert "is in use by `openba import`" in first[-1]
    assert second[-1].startswith("another process of this training has ended; see its message")
    assert not any("Traceback" in line for line in first + second)


class SecondTraining(KillAt):
    """Starts a training in the same folder after a step, beside a checkpoint that is being written."""

    def __init__(self, step: int, run: TrainingRun) -> None:
        super().__init__(step)
        self._run = run
        self.refused: subprocess.CompletedProcess[str] | None = None
        self.half = run.checkpoints / ".step-000000099.tmp"

    def stop(self) -> None:
        self.half.mkdir()
        self.refused = subprocess.run(
            command(self._run), cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert self.half.exists(), "a training that is refused touches nothing"


def test_a_second_training_in_a_run_folder_is_refused_and_the_first_unharmed(
    prepared: Path, undisturbed: TrainingRun, tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    second = SecondTraining(7, run)
    assert train(run, [second], quiet=True)
    assert outcome(run) == outcome(undisturbed)
    assert second.refused is not None
    assert second.refused.returncode == 1
    assert "is in use by `openba train`" in second.refused.stderr
    assert f"pid {os.getpid()}" in second.refused.stderr
    assert "Traceback" not in second.refused.stderr


def test_what_a_broken_off_save_has_left_is_removed_at_the_next_start(prepared: Path, tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(4)], quiet=True)
    half = run.checkpoints / ".step-000000099.tmp"
    half.mkdir()
    (half / "weights-00000-of-00001.safetensors").write_bytes(b"half of them")
    (run.train_folder / ".metrics.jsonl.0123456789abcdef.tmp").write_bytes(b"")
    assert train(run, quiet=True)
    assert {path.name for path in run.checkpoints.iterdir()} == {"step-000000009", "step-000000012"}
    assert not list(run.train_folder.glob(".*"))


def mounted(mount: str, line: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs a command where file systems were mounted for it alone."""
    namespace = ["unshare", "--map-root-user", "--mount"] if os.geteuid() else ["unshare", "--mount"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here, and needed for a disk that is full or read-only")
    script = f'{mount} && exec "$@"'
    return subprocess.run(
        [*namespace, "bash", "-c", script, "bash", *line],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("size", "what"),
    [
        ("200k", "the checkpoint could not be written: No space left on device (at least "),
        ("12k", "No space left on device ("),
    ],
    ids=["checkpoint", "metrics and TensorBoard"],
)
def test_a_full_disk_ends_the_training_with_one_line(
    prepared: Path, tmp_path: Path, size: str, what: str
) -> None:
    run = copy(prepared, tmp_path)
    run.train_folder.mkdir()
    done = mounted(f"mount -t tmpfs -o size={size} tmpfs {run.train_folder}", [*command(run), "--quiet"])
    assert done.returncode == 1, done.stderr
    (line,) = errors(done.stderr)
    assert line.startswith(str(run.train_folder))
    assert what in line
    assert "bytes free); free some space there" in line


def test_a_read_only_folder_ends_training_and_export_with_one_line(
    undisturbed: TrainingRun, prepared: Path, tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    done = mounted(f"mount --bind -o ro {run.folder} {run.folder}", [*command(run), "--quiet"])
    assert done.returncode == 1, done.stderr
    (line,) = errors(done.stderr)
    assert line.startswith(str(run.folder))
    assert line.endswith("Read-only file system; name a folder that can be written to")
    export = [word if word != "train" else "export" for word in command(undisturbed)]
    done = mounted(f"mount --bind -o ro {tmp_path} {tmp_path}", [*export, "--to", str(tmp_path / "out")])
    assert done.returncode == 1, done.stderr
    (said,) = errors(done.stderr)
    assert said.startswith(str(tmp_path / "out"))
    assert said.endswith(line.partition(": ")[2])


def test_a_reader_that_goes_away_does_not_end_the_training(
    prepared: Path, undisturbed: TrainingRun, tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    process = subprocess.Popen(
        command(run), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert "held-out" in process.stdout.readline()
    process.stdout.close()  # as `head -1` does
    error = process.stderr.read()
    assert process.wait() == 0, error
    assert errors(error) == []
    assert outcome(run) == outcome(undisturbed)
    again = subprocess.run(command(run), cwd=ROOT, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stderr) == (0, "")
    assert "finished already" in again.stdout


def test_an_export_says_where_there_is_no_room(undisturbed: TrainingRun, tmp_path: Path) -> None:
    export = [word if word != "train" else "export" for word in command(undisturbed)]
    full = tmp_path / "full"
    full.mkdir()
    done = mounted(f"mount -t tmpfs -o size=40k tmpfs {full}", [*export, "--to", str(full / "out")])
    assert done.returncode == 1, done.stderr
    (line,) = errors(done.stderr)
    assert line.startswith(f"{full / 'out'}")
    assert "No space left on device (" in line
