"""Who made this folder, and is it still what they made?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from manifests.output import complain, say
from openba.cli.options import examples

app = typer.Typer()


@app.command(
    "sign",
    rich_help_panel="Manifests and runs",
    epilog=examples(
        "openssl genpkey -algorithm ed25519 -out key.pem      # once; keep it to yourself",
        "openssl pkey -in key.pem -pubout -out public.pem     # for those who verify",
        "openba sign runs/demo --key key.pem",
        "openba verify runs/demo --key public.pem",
    ),
)
def sign_command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A run folder, an export, or a checkpoint's folder.")
    ],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="A private Ed25519 key (PEM, PKCS8, no passphrase).")
    ],
) -> None:
    """Sign all files of a folder: SHA256SUMS lists their hashes, SHA256SUMS.sig is its signature. Whatever
    changes later, a report too, has to be signed again."""
    from manifests.signature import sign
    from manifests.signed_files import SIGNATURE

    number = sign(folder, key)
    say(f"{folder / SIGNATURE}: signs {number:,} files")


def signature_problems(folder: Path, key: Path, *, quiet: bool) -> list[str]:
    """What of a folder is not as it was signed, each problem on a line of standard error, unless ``quiet``,
    which leaves all to the caller."""
    from manifests.signature import verify_signature

    found = verify_signature(folder, key)
    for problem in () if quiet else found.problems:
        complain(f"error: {problem}")
    if not (quiet or found.problems):
        say(f"{folder}: {found.files:,} files are as the key of {key} signed them")
    return found.problems
