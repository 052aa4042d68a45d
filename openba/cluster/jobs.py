"""Jobs of a cluster, through Ray's Jobs API."""

from __future__ import annotations

import logging
import secrets
import shlex
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import requests
from ray.exceptions import AuthenticationError
from ray.job_submission import JobSubmissionClient

from manifests.errors import UserError
from openba.cluster.dashboard import TOKEN_HELP, headers, ray_version

_CHATTY = ("dashboard.modules.dashboard_sdk", "dashboard.modules.job.sdk", "_private.runtime_env.packaging")
PACKAGES = ("openba", "manifests", "pipeline", "curriculum", "trainer")

T = TypeVar("T")


@dataclass(frozen=True)
class JobState:
    """``status``: in Ray's words, such as RUNNING; ``code``: the command's exit code, where it has one;
    ``message``: what Ray says about it."""

    status: str
    ended: bool
    code: int | None
    message: str


class Jobs:
    """Those of the cluster whose dashboard is at ``address``.

    Raises (when it is made):
        UserError: nothing answers there, or it does not let us in.
    """

    def __init__(self, address: str, token: str | None) -> None:
        for name in _CHATTY:
            logging.getLogger(f"ray.{name}").setLevel(logging.WARNING)
        self.address = _with_scheme(address)
        self.ray_version = ray_version(self.address, headers(token))
        self._client = JobSubmissionClient(self.address, headers=headers(token))

    def submit(self, arguments: Sequence[str], python: str | None, folder: Path) -> str:
        """Starts ``openba`` with arguments on the cluster; the number of the job.

        Args:
            python: of the environment on the head, where the command runs; by default as it is called here.
            folder: where it runs there.
        """
        command = shlex.join([python or sys.executable, "-m", "openba.cluster.job_entry", *arguments])
        with tempfile.TemporaryDirectory(prefix="openba-code-") as code:
            _copy_packages(Path(code))
            job: str = self._asked(
                lambda: self._client.submit_job(
                    entrypoint=f"cd {shlex.quote(str(folder))} && exec {command}",
                    submission_id=f"{arguments[0]}-{secrets.token_hex(4)}",
                    runtime_env={"working_dir": code},
                )
            )
            return job

    def state(self, job: str) -> JobState:
        """What has become of a job.

        Raises:
            UserError: the cluster knows no such job.
        """
        info = self._asked(lambda: self._client.get_job_info(job), job)
        message = " ".join((info.message or "").split())
        return JobState(info.status.value, info.status.is_terminal(), info.driver_exit_code, message)

    def running(self) -> list[str]:
        """The jobs that have not ended."""
        jobs = self._asked(self._client.list_jobs)
        return [job.submission_id for job in jobs if job.submission_id and not job.status.is_terminal()]

    def stop(self, job: str) -> None:
        """Asks a job to end, as Ctrl-C would."""
        self._asked(lambda: self._client.stop_job(job), job)

    def log(self, job: str) -> AsyncIterator[str]:
        """What the job writes, from its beginning, in pieces as they come; ends with the job, or where the
        connection does."""
        pieces: AsyncIterator[str] = self._client.tail_job_logs(job)
        return pieces

    def _asked(self, ask: Callable[[], T], job: str = "") -> T:
        try:
            return ask()
        except AuthenticationError:
            raise UserError("the cluster refuses our token", where=self.address, fix=TOKEN_HELP) from None
        except (requests.RequestException, ConnectionError) as error:
            raise UserError(f"the cluster is gone ({type(error).__name__})", where=self.address) from None
        except RuntimeError as error:
            if job and "404" in str(error):
                running = ", ".join(self.running()) or "none"
                raise UserError(f"no job {job} (running: {running})", where=self.address) from None
            raise UserError(" ".join(str(error).split())[:500], where=self.address) from None


def _copy_packages(folder: Path) -> None:
    """Our code as it is here, so that the cluster runs no other."""
    root = Path(__file__).parents[2]
    for name in PACKAGES:
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


def _with_scheme(address: str) -> str:
    return (address if "://" in address else f"http://{address}").rstrip("/")
