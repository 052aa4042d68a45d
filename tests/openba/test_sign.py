"""Signatures of folders, by the command, on real runs and on what somebody did to them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from manifests.signed_files import HEAD, line, parsed
from openba.cli.main import main

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PLAIN = serialization.NoEncryption()


def write_pair(
    folder: Path, name: str, key: Ed25519PrivateKey | rsa.RSAPrivateKey, passphrase: str = ""
) -> None:
    """A private key and its public one, in PEM."""
    hidden = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else PLAIN
    (folder / f"{name}.pem").write_bytes(key.private_bytes(PEM, PKCS8, hidden))
    (folder / f"{name}.pub").write_bytes(key.public_key().public_bytes(PEM, SPKI))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Keys of ours, of somebody else's, one with a passphrase, one of RSA, and a file that is none."""
    folder = tmp_path / "keys"
    folder.mkdir()
    for name in ("mine", "other"):
        write_pair(folder, name, Ed25519PrivateKey.generate())
    write_pair(folder, "hidden", Ed25519PrivateKey.generate(), "passphrase")
    write_pair(folder, "rsa", rsa.generate_private_key(65537, 2048))
    for name in ("none.pem", "none.pub"):
        (folder / name).write_text("-----BEGIN NOTHING-----\n")
    return folder


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A folder such as an export: files, a folder in it, names that no shell likes."""
    folder = tmp_path / "export"
    (folder / "deep").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(bytes(3_000_000))
    (folder / "deep" / "config.json").write_text("{}")
    (folder / "a\\name\nof two lines").write_text("x")
    (folder / os.fsdecode(b"\xd6")).write_text("y")
    return folder


@pytest.fixture
def signed(export: Path, keys: Path) -> Path:
    """The same folder, signed with our key."""
    assert main(["sign", str(export), "--key", str(keys / "mine.pem")]) == 0
    return export


def verify(folder: Path, key: Path) -> int:
    return main(["verify", str(folder), "--key", str(key)])


def test_what_was_signed_verifies(export: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", str(export), "--key", str(keys / "mine.pem")]) == 0
    assert capsys.readouterr().out == f"{export}/SHA256SUMS.sig: signs 4 files\n"
    assert verify(export, keys / "mine.pub") == 0
    assert capsys.readouterr().out == f"{export}: 4 files are as the key of {keys}/mine.pub signed them\n"


def test_it_is_what_openssl_and_sha256sum_understand(signed: Path, keys: Path) -> None:
    for tool in ("openssl", "sha256sum"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=signed, check=True)
    words = (
        f"openssl pkeyutl -verify -pubin -inkey {keys}/mine.pub -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig"
    )
    subprocess.run(words.split(), cwd=signed, check=True, capture_output=True)


def flip(path: Path) -> None:
    """One bit of a file in its middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def link(path: Path) -> None:
    """A link to the same bytes elsewhere in place of a file."""
    moved = path.parent.parent / "moved"
    path.rename(moved)
    path.symlink_to(moved)


Change = Callable[[Path], object]
CHANGES: dict[str, tuple[Change, str]] = {
    "changed": (
        lambda run: flip(run / "model.safetensors"),
        "model.safetensors: was changed after it was signed",
    ),
    "missing": (lambda run: (run / "deep/config.json").unlink(), "config.json: is missing, and was signed"),
    "added": (lambda run: (run / "deep/x.py").write_text(""), "x.py: was added after the folder was signed"),
    "added hidden": (lambda run: (run / ".x").write_text(""), ".x: was added after the folder was signed"),
    "added folder link": (
        lambda run: (run / "up").symlink_to("/"),
        "up: was added after the folder was signed",
    ),
    "made a link": (lambda run: link(run / "model.safetensors"), "model.safetensors: is no regular file"),
    "listing": (lambda run: flip(run / "SHA256SUMS"), "SHA256SUMS: is not signed by"),
    "signature": (lambda run: flip(run / "SHA256SUMS.sig"), "SHA256SUMS: is not signed by"),
    "short signature": (lambda run: os.truncate(run / "SHA256SUMS.sig", 63), "is no Ed25519 signature"),
    "empty signature": (lambda run: os.truncate(run / "SHA256SUMS.sig", 0), "is no Ed25519 signature"),
    "long signature": (
        lambda run: (run / "SHA256SUMS.sig").write_bytes(bytes(65)),
        "is no Ed25519 signature",
    ),
    "no signature": (lambda run: (run / "SHA256SUMS.sig").unlink(), "SHA256SUMS.sig: cannot be read"),
    "no listing": (lambda run: (run / "SHA256SUMS").unlink(), "SHA256SUMS: cannot be read"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_since_is_named(
    name: str, signed: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, message = CHANGES[name]
    change(signed)
    capsys.readouterr()
    assert verify(signed, keys / "mine.pub") == 1
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ")
    assert message in error


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("other.pub", "is not signed by"),
        ("mine.pem", "is a private key; verify with the public one"),
        ("rsa.pub", "is a key of another kind"),
        ("none.pub", "holds no public key in PEM"),
        ("nowhere.pub", "cannot be read"),
    ],
)
def test_another_key_does_not_verify(
    key: str, message: str, signed: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert verify(signed, keys / key) == 1
    (error,) = capsys.readouterr().err.splitlines()
    assert message in error


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("hidden.pem", "has a passphrase; name a key without one"),
        ("rsa.pem", "is a key of another kind"),
        ("mine.pub", "is a public key; sign with the private one"),
        ("none.pem", "holds no private key in PEM"),
        ("nowhere.pem", "cannot be read"),
    ],
)
def test_a_key_that_cannot_sign_writes_nothing(
    key: str, message: str, export: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(export.rglob("*"))
    assert main(["sign", str(export), "--key", str(keys / key)]) == 1
    (error,) = capsys.readouterr().err.splitlines()
    assert message in error
    assert sorted(export.rglob("*")) == before


@pytest.mark.parametrize("target", ["model.safetensors", "/etc", "nowhere"])
def test_a_folder_with_a_link_is_not_signed(
    target: str, export: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (export / "deep" / "link").symlink_to(target)
    assert main(["sign", str(export), "--key", str(keys / "mine.pem")]) == 1
    assert "link: is no regular file; remove it" in capsys.readouterr().err
    assert not (export / "SHA256SUMS").exists()


def test_signing_again_replaces_the_signature(signed: Path, keys: Path) -> None:
    (signed / "report.html").write_text("new")
    assert verify(signed, keys / "mine.pub") == 1
    assert main(["sign", str(signed), "--key", str(keys / "mine.pem")]) == 0
    assert verify(signed, keys / "mine.pub") == 0


def test_a_run_is_verified_by_its_manifests_as_well(
    small_run: tuple[Path, Path], tmp_path: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(small_run[1], tmp_path / "run")
    assert main(["sign", str(run), "--key", str(keys / "mine.pem")]) == 0
    assert verify(run, keys / "mine.pub") == 0
    told = capsys.readouterr().out
    assert "files are as the key of" in told
    assert "as its manifests say" in told
    assert not (run / ".lock").exists()
    flip(run / "shards" / "shards.json")
    assert verify(run, keys / "mine.pub") == 1
    assert "shards.json: was changed after it was signed" in capsys.readouterr().err


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1), st.booleans())
def test_any_name_is_read_back(name: str, byte: bool) -> None:
    name = name + ("\udcff" if byte else "")
    assert parsed(HEAD + line(name, "0" * 64)) == {name: "0" * 64}
