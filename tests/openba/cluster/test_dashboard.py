"""What answers at a cluster's address, and whether it lets us in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from manifests.errors import UserError
from openba.cluster.dashboard import headers, ray_version, token

SECRET = "0123456789abcdef"


class Handler(BaseHTTPRequestHandler):
    """Answers as Ray 2.60 with token authentication does, under /proxy as something else."""

    def do_GET(self) -> None:
        given = self.headers.get("Authorization")
        code = 404 if self.path.startswith("/proxy") else 401 if not given else 403
        self.send_response(200 if given == f"Bearer {SECRET}" else code)
        self.end_headers()
        self.wfile.write(b'{"ray_version": "2.60.0"}')

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_token_opens_it(address: str) -> None:
    assert ray_version(address, headers(SECRET)) == "2.60.0"


@pytest.mark.parametrize(
    ("path", "given", "what"),
    [
        ("", None, "the cluster wants a token; set RAY_AUTH_TOKEN, or "),
        ("", "another", "the cluster refuses our token; set RAY_AUTH_TOKEN, or "),
        ("/proxy", None, "no Ray dashboard answers (HTTP 404); correct --address"),
    ],
)
def test_a_refusal_is_one_line(address: str, path: str, given: str | None, what: str) -> None:
    with pytest.raises(UserError) as caught:
        ray_version(address + path, headers(given))
    assert str(caught.value).startswith(f"{address}{path}: {what}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "[::1]:1", "no such host"])
def test_silence_is_one_line(host: str) -> None:
    with pytest.raises(
        UserError, match=r"no Ray dashboard answers \(.+\); start a cluster with `openba "
    ) as caught:
        ray_version(f"http://{host}", {})
    assert "\n" not in str(caught.value)


def test_the_token_is_found_where_ray_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("of the home\n", encoding="utf-8")
    assert token() is None, "nobody asked for it"
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    assert token() == "of the home"
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(UserError, match="no token can be read"):
        token()
    monkeypatch.setenv("RAY_AUTH_TOKEN", SECRET)
    assert token() == SECRET
