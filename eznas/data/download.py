"""Downloads that go on where they stopped.

pooch checks the sum and moves a whole file into its place; the transfer itself is here, because pooch's begins anew
each time. What has arrived of a file stands beside its place as `NAME.part`, and `NAME.part.version` holds the
server's word for which version of the file that is a part of.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eznas.errors import EznasError

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from eznas.data.sources import Download

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes of the whole file, None when the server does not say."""

_CHUNK: Final = 1 << 18
_TIMEOUT_SECONDS: Final = 30
_GONE: Final = (404, 410)
_ASK_AGAIN: Final = (408, 425, 429, 500, 502, 503, 504)


def fetch(
    download: Download, folder: Path, progress: Progress | None = None, attempts: int = 4, wait_seconds: float = 2.0
) -> Path:
    """Download a file below `folder`, unless it is there with the right sum, and return its path.

    Args:
        download: address, place and sum.
        folder: the data folder.
        progress: told how far it is.
        attempts: how often in a row a connection may fail without a new byte.
        wait_seconds: before the second attempt; doubled before each further one.

    Raises:
        EznasError: pooch is not installed, the address cannot be reached or is gone, the sum is wrong (the file is
            deleted), another process loads the same file, or the disk is full. What has arrived is kept otherwise.
    """
    try:
        import pooch
    except ImportError as error:
        raise EznasError(
            "Fetching needs the package pooch, which is not installed: pip install 'eznas[data]'."
        ) from error
    pooch.get_logger().setLevel("WARNING")
    target = folder / download.file
    transfer = _Transfer(target, download.sha256 is not None, progress, attempts, wait_seconds)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(target):
            pooch.retrieve(
                download.url,
                known_hash=download.sha256 and f"sha256:{download.sha256}",
                fname=target.name,
                path=target.parent,
                downloader=transfer,
            )
    except ValueError as error:
        # pooch says so when the sum differs, and has deleted the file.
        raise EznasError(
            f"{download.url} gave a file with another SHA-256 than {download.sha256}: it was deleted and is not used. "
            "Try again later; if that does not help, the publisher has changed the file."
        ) from error
    except OSError as error:
        raise EznasError(
            f"Could not write {target}: {error.strerror or error}. Free some space or set EZNAS_DATA to another "
            "folder, then run the command again."
        ) from error
    return target


class _Transfer:
    """What pooch calls to load an address into a file."""

    def __init__(
        self, target: Path, has_sum: bool, progress: Progress | None, attempts: int, wait_seconds: float
    ) -> None:
        self._part = target.with_name(f"{target.name}.part")
        self._version = target.with_name(f"{target.name}.part.version")
        self._has_sum = has_sum
        self._progress = progress
        self._attempts = attempts
        self._wait_seconds = wait_seconds

    def __call__(self, url: str, output_file: str | Path, pooch: Any, check_only: bool = False) -> None:  # noqa: ARG002
        """Load `url` into `output_file`."""
        failures = 0
        while True:
            before = self._size()
            try:
                self._load(url)
                break
            except urllib.error.HTTPError as error:
                error.close()
                reason = f"{error.code} {error.reason}"
                if error.code in _GONE:
                    raise EznasError(
                        f"{url} is gone ({reason}): look for the file on the publisher's page and give it to "
                        "`eznas data import`."
                    ) from error
                if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and before:
                    if error.headers.get("Content-Range") == f"bytes */{before}":
                        break  # all of it had arrived already
                    self._forget()
                elif error.code not in _ASK_AGAIN:
                    raise EznasError(f"{url} was refused by the server ({reason}): try again later.") from error
            except urllib.error.URLError as error:
                cause = error.reason
                reason = str(cause.strerror or cause) if isinstance(cause, OSError) else str(cause)
            except (ConnectionError, TimeoutError, http.client.HTTPException) as error:
                reason = str(error) or type(error).__name__
            failures = 1 if self._size() > before else failures + 1
            if failures >= self._attempts:
                kept = (
                    f" {self._size():,} bytes are kept, and the same command goes on from there."
                    if self._size()
                    else ""
                )
                raise EznasError(
                    f"{url} could not be loaded ({reason}): check the connection and run the command again.{kept}"
                )
            time.sleep(self._wait_seconds * 2 ** (failures - 1))
        self._version.unlink(missing_ok=True)
        shutil.move(self._part, output_file)

    def _load(self, url: str) -> None:
        """Load what is missing of the file; an interruption leaves what has arrived."""
        request = urllib.request.Request(url, headers={"User-Agent": "eznas", "Accept-Encoding": "identity"})
        present = self._resumable()
        if present:
            request.add_header("Range", f"bytes={present}-")
            if self._version.is_file():
                request.add_header("If-Range", self._version.read_text())
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            # A server that cannot go on, or has another version by now, answers 200 with the whole file.
            goes_on = response.status == http.client.PARTIAL_CONTENT and _first_byte(response) == present
            present = present if goes_on else 0
            self._remember(response)
            length = response.headers.get("Content-Length")
            whole = present + int(length) if length is not None and length.isdecimal() else None
            with self._part.open("ab" if goes_on else "wb") as file:
                while chunk := _read(response):
                    file.write(chunk)
                    present += len(chunk)
                    if self._progress is not None:
                        self._progress(present, whole)
        if whole is not None and present < whole:
            raise ConnectionError(f"the connection ended after {present:,} of {whole:,} bytes")

    def _resumable(self) -> int:
        """Return how many bytes need not be loaded again."""
        # Without a sum, and without the version, nothing would tell a mixture of two versions from the file.
        return self._size() if self._has_sum or self._version.is_file() else 0

    def _remember(self, response: HTTPResponse) -> None:
        version = response.headers.get("ETag", "")
        if not version or version.startswith("W/"):
            # A weak tag cannot be asked for.
            version = response.headers.get("Last-Modified", "")
        if version:
            self._version.write_text(version)
        else:
            self._version.unlink(missing_ok=True)

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read(_CHUNK)
    except OSError as error:
        # So that it is not taken for an error of the disk.
        raise ConnectionError(error.strerror or str(error)) from error


def _first_byte(response: HTTPResponse) -> int | None:
    """Return where a partial answer begins: its header is `Content-Range: bytes FIRST-LAST/WHOLE`."""
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    first = rest.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdecimal() else None


@contextmanager
def _only_one(target: Path) -> Iterator[None]:
    """Hold the lock of a download; the kernel lets go of it however the process ends."""
    path = target.with_name(f".{target.name}.lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise EznasError(f"Another process is fetching {target}: wait for it to end.") from error
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
