"""Beam's job service: whether it answers, and what became of it while a job ran."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc

from manifests.errors import UserError

SECONDS = 10


def options_of_service(endpoint: str) -> list[str]:
    """Names of the options that a job service has beside Beam's own.

    Raises:
        UserError: no job service answers there.
    """
    host, _, port = endpoint.rpartition(":")
    try:
        # grpc would try again for as long as it is let
        socket.create_connection((host.strip("[]"), int(port)), SECONDS).close()
        with grpc.insecure_channel(endpoint) as channel:
            stub = beam_job_api_pb2_grpc.JobServiceStub(channel)
            request = beam_job_api_pb2.DescribePipelineOptionsRequest()
            answer = stub.DescribePipelineOptions(request, timeout=SECONDS)
    except grpc.RpcError as error:
        raise _unreachable(endpoint, _details(error)) from None
    except (OSError, ValueError, OverflowError) as error:
        raise _unreachable(endpoint, str(error)) from None
    return [option.name for option in answer.options]


@contextmanager
def service_errors_explained(endpoint: str | None) -> Iterator[None]:
    """A job service that goes away while the block talks to it is an error of one line."""
    try:
        yield
    except grpc.RpcError as error:
        raise _unreachable(endpoint or "", _details(error)) from error
    except grpc.FutureTimeoutError as error:
        raise _unreachable(endpoint or "", "it took too long") from error


def _details(error: grpc.RpcError) -> str:
    return str(error.details() if isinstance(error, grpc.Call) else error)


def _unreachable(endpoint: str, why: str) -> UserError:
    return UserError(
        f"no Beam job service answers ({' '.join(why.split())})",
        where=f"--runner-option job_endpoint={endpoint}",
        fix="start it, or correct the address, and run the same command again",
    )
