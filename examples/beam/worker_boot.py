"""Starts an SDK worker of a pool on the package that was staged with the job; give it to Beam's pool:

    python -m apache_beam.runners.worker.worker_pool_main --service_port 50000 --container_executable BOOT

where BOOT is this file, executable, or a script that calls it. Without it the pool ignores what jobs stage,
and its workers import what lies on the pool's own PYTHONPATH. It needs apache-beam and nothing of ours. This
is Beam's container contract (https://s.apache.org/beam-fn-api-container-contract) as far as a pool needs it.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import grpc
from apache_beam.portability.api import (
    beam_artifact_api_pb2,
    beam_artifact_api_pb2_grpc,
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
    beam_runner_api_pb2,
    endpoints_pb2,
)
from google.protobuf import json_format, text_format


def main() -> None:
    """Asks what belongs to the job, unpacks its wheels, and becomes the worker."""
    given = arguments()
    with channel(given.provision_endpoint, given.id) as provision:
        stub = beam_provision_api_pb2_grpc.ProvisionServiceStub(provision)
        info = stub.GetProvisionInfo(beam_provision_api_pb2.GetProvisionInfoRequest()).info
    with channel(given.artifact_endpoint, given.id) as artifacts:
        staged = [fetched(artifacts, artifact) for artifact in info.dependencies]
    wheels = [unpacked(content) for name, content in staged if name.endswith(".whl")]
    environment = {
        **os.environ,
        "WORKER_ID": given.id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "CONTROL_API_SERVICE_DESCRIPTOR": described(given.control_endpoint),
        "LOGGING_API_SERVICE_DESCRIPTOR": described(given.logging_endpoint),
        "PYTHONPATH": os.pathsep.join([*map(str, wheels), os.environ.get("PYTHONPATH", "")]),
    }
    os.dup2(2, 1)  # the pool gives its workers a pipe that nobody reads
    module = "apache_beam.runners.worker.sdk_worker_main"
    os.execve(sys.executable, [sys.executable, "-m", module], environment)


def arguments() -> argparse.Namespace:
    """What the pool says: the worker's number, and where to ask."""
    parser = argparse.ArgumentParser()
    for name in ("id", "logging_endpoint", "artifact_endpoint", "provision_endpoint", "control_endpoint"):
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


def channel(endpoint: str, worker: str) -> grpc.Channel:
    """A channel whose calls say which worker asks."""
    from apache_beam.runners.worker.worker_id_interceptor import WorkerIdInterceptor

    return grpc.intercept_channel(grpc.insecure_channel(endpoint), WorkerIdInterceptor(worker))


def fetched(artifacts: grpc.Channel, artifact: beam_runner_api_pb2.ArtifactInformation) -> tuple[str, bytes]:
    """A staged file's name and content."""
    stub = beam_artifact_api_pb2_grpc.ArtifactRetrievalServiceStub(artifacts)
    role = beam_runner_api_pb2.ArtifactStagingToRolePayload.FromString(artifact.role_payload)
    parts = stub.GetArtifact(beam_artifact_api_pb2.GetArtifactRequest(artifact=artifact))
    return role.staged_name, b"".join(part.data for part in parts)


def unpacked(wheel: bytes) -> Path:
    """The folder of a wheel's contents: one for all workers that get the same, so that the kernels which one
    has compiled are there for the next."""
    folder = Path(tempfile.gettempdir()) / f"staged-{hashlib.sha256(wheel).hexdigest()}"
    if not folder.exists():
        own = Path(tempfile.mkdtemp(dir=folder.parent))
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            archive.extractall(own)
        try:
            own.rename(folder)
        except OSError:  # another worker was first
            shutil.rmtree(own)
    return folder


def described(endpoint: str) -> str:
    """An address as the worker reads it."""
    return str(text_format.MessageToString(endpoints_pb2.ApiServiceDescriptor(url=endpoint)))


if __name__ == "__main__":
    main()
