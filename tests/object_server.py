"""A real S3 server in a process of its own, and a proxy before it that does what stores do on a bad day."""

from __future__ import annotations

import http.client
import os
import re
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from s3fs import S3FileSystem

BUCKET = "corpora"
SLOW_DOWN = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce</Message></Error>"


class Request(NamedTuple):
    """What came to the proxy: the how-manieth it is, its method, its path with the query."""

    number: int
    method: str
    path: str

    @property
    def lists(self) -> bool:
        """Whether it asks for a listing."""
        return "list-type=2" in self.path


Fault = Callable[[Request], str | None]
"""What goes wrong with a request: ``busy`` (503), ``slow down``, ``reset``, ``lost`` (done, and
then reset), ``cut`` (half of the body), ``old`` (a listing as it was when it was first asked for), or nothing."""


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of an S3 server (moto) on a free port, with one bucket; it ends with the block."""
    command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        assert server.stderr is not None
        found = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", line) for line in server.stderr)))
        threading.Thread(target=server.stderr.read, daemon=True).start()
        connection = http.client.HTTPConnection(urlsplit(found[0]).netloc)
        connection.request("PUT", f"/{BUCKET}")
        assert connection.getresponse().status == 200
        yield found[0]
    finally:
        server.kill()
        server.wait()


class FaultyProxy(ThreadingHTTPServer):
    """Passes requests on to a server, but for those with which ``fault`` says that something goes wrong."""

    daemon_threads = True

    def __init__(self, server: str, fault: Fault) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.server_netloc = urlsplit(server).netloc
        self.fault = fault
        self.requests: list[Request] = []
        self.faults: list[str] = []
        self.listings: dict[str, tuple[int, bytes, list[tuple[str, str]]]] = {}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to tell of."""


@contextmanager
def faulty_proxy(server: str, fault: Fault) -> Iterator[FaultyProxy]:
    """A proxy that runs until the block ends."""
    with FaultyProxy(server, fault) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyProxy

    def do_GET(self) -> None:
        body = self._body()
        request = Request(len(self.server.requests), self.command, self.path)
        self.server.requests.append(request)
        fault = self.server.fault(request)
        if fault:
            self.server.faults.append(fault)
        if fault in ("busy", "slow down"):
            self._answer(503, SLOW_DOWN if fault == "slow down" else b"", [])
        elif fault == "reset":
            self._reset()
        else:
            self._passed_on(request, body, fault)

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _passed_on(self, request: Request, body: bytes, fault: str | None) -> None:
        connection = http.client.HTTPConnection(self.server.server_netloc)
        own = _HOP | {"content-length"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in own}
        connection.request(request.method, request.path, body, headers)
        found = connection.getresponse()
        answer = (found.status, found.read(), found.getheaders())
        if fault == "lost":
            self._reset()
            return
        if request.lists:
            first = self.server.listings.setdefault(request.path, answer)
            answer = first if fault == "old" else answer
        self._answer(*answer, cut=fault == "cut")

    def _answer(self, status: int, body: bytes, headers: list[tuple[str, str]], cut: bool = False) -> None:
        self.send_response(status)
        told = {name.lower(): value for name, value in headers if name.lower() not in _HOP}
        if self.command != "HEAD":
            told["content-length"] = str(len(body))
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        blocks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            blocks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(blocks)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


_HOP = {"transfer-encoding", "connection", "expect", "date", "server"}


def reach(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """From now on this process, and those that it starts, find the server at this address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    S3FileSystem.clear_instance_cache()


def environment(url: str, scratch: Path) -> dict[str, str]:
    """What a process needs to work in a store: address, credentials of no worth, scratch."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "OPENBA_SCRATCH": str(scratch),
    }


def leftovers(scratch: Path) -> list[str]:
    """All files in a scratch folder."""
    return [name for _, _, files in os.walk(scratch) for name in files]
