"""One archive of a package, by pip's own search and connection: its indexes, mirrors, proxies, certificates.

    python pip_archive.py NAME VERSION wheel|source SHA256 FOLDER

``pip download`` would ask a source package for its metadata, and so run code of it and of whatever builds it.
Here nothing is run, and an archive with another SHA-256 does not stay. It is a program of its own, since pip
is made to be one; and it needs nothing but pip.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path, PurePosixPath

from pip._internal.commands import create_command
from pip._internal.commands.download import DownloadCommand
from pip._internal.models.link import Link
from pip._internal.network.session import PipSession
from pip._internal.network.utils import HEADERS, response_chunks
from pip._internal.utils.logging import setup_logging

MAX_BYTES = 500_000_000


def main(name: str, version: str, form: str, sha256: str, folder: str) -> int:
    """Writes the archive to the folder; messages are those of pip."""
    setup_logging(verbosity=-1, no_color=True, user_log_file=None)
    command = create_command("download")
    assert isinstance(command, DownloadCommand)
    options, _ = command.parse_args(["--retries=2", "--timeout=30"])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session, ignore_requires_python=True)
        found = [one.link for one in finder.find_all_candidates(name) if str(one.version) == version]
        links = [link for link in found if link.is_wheel == (form == "wheel")]
        if not links:
            print(f"ERROR: No matching distribution found for {name}=={version} ({form})", file=sys.stderr)
            return 1
        link = next((link for link in links if link.hash == sha256), links[0])
        return _download(session, link, sha256, Path(folder))


def _download(session: PipSession, link: Link, sha256: str, folder: Path) -> int:
    response = session.get(link.url_without_fragment, headers=HEADERS, stream=True)
    response.raise_for_status()
    path, hashed, size = folder / PurePosixPath(link.filename).name, hashlib.sha256(), 0
    with path.open("xb") as file:
        for block in response_chunks(response):
            size += len(block)
            if size > MAX_BYTES:
                path.unlink()
                print(f"ERROR: {link.filename} has more than {MAX_BYTES} bytes", file=sys.stderr)
                return 1
            hashed.update(block)
            file.write(block)
    if hashed.hexdigest() == sha256:
        return 0
    path.unlink()
    print(f"ERROR: {link.filename}: Expected sha256 {sha256} Got {hashed.hexdigest()}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
