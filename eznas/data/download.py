"""Downloads that go on where they stopped.

pooch checks the sum and moves a whole file into its place; the transfer itself is here, because pooch's begins anew
each time. What has arrived of a file stands beside its place as `NAME.part`, and `NAME.part.version` holds the
server's word for which version of the file that is a part of. A download that goes on asks for the last of these bytes
again and compares them, since some servers say the same of every version.
"""

from __future__ import annotations

import http.client
import os
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from eznas.errors import EznasError
from eznas.system.locks import open_lock_file, remove_lock_file, try_lock

if TYPE_CHECKING:
    from http.client import HTTPMessage, HTTPResponse

    from eznas.data.sources import Download

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes of the whole file, None when the server does not say."""

_CHUNK: Final = 1 << 18
_TIMEOUT_SECONDS: Final = 30
_GONE: Final = (404, 410)
_ASK_AGAIN: Final = (408, 425, 429, 500, 502, 503, 504)

_LONGEST_NUMBER: Final = 18  # digits of a number of bytes

_OVERLAP: Final = 1 << 16
"""How many bytes that are there are asked for again."""


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
        EznasError: pooch is not installed, the address cannot be reached, is gone or leads away from HTTPS, the file is
            too large or its sum is wrong (it is deleted then), another process loads the same file, or the disk is
            full. What has arrived is kept otherwise.
    """
    try:
        import pooch
    except ImportError as error:
        raise EznasError(
            "Fetching needs the package pooch, which is not installed: pip install 'eznas[data]'."
        ) from error
    pooch.get_logger().setLevel("WARNING")
    target = folder / download.file
    transfer = _Transfer(target, download, progress, attempts, wait_seconds)
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
        self, target: Path, download: Download, progress: Progress | None, attempts: int, wait_seconds: float
    ) -> None:
        self._part = target.with_name(f"{target.name}.part")
        self._version = target.with_name(f"{target.name}.part.version")
        self._has_sum = download.sha256 is not None
        self._largest = download.largest
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
                    self._forget()  # the file is shorter than what is there
                elif error.code not in _ASK_AGAIN:
                    raise EznasError(f"{url} was refused by the server ({reason}): try again later.") from error
            except urllib.error.URLError as error:
                cause = error.reason
                reason = str(cause.strerror or cause) if isinstance(cause, OSError) else str(cause)
            except (ConnectionError, TimeoutError, http.client.HTTPException, ValueError) as error:
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
        present, version = self._resumable()
        first = max(0, present - _OVERLAP)
        if first:
            request.add_header("Range", f"bytes={first}-")
            if version:
                request.add_header("If-Range", version)
        with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as response:
            # A server that cannot go on, or has another version by now, answers 200 with the whole file.
            goes_on = response.status == http.client.PARTIAL_CONTENT and _first_byte(response) == first > 0
            length = _number(response.headers.get("Content-Length", ""))
            whole = length if length is None or not goes_on else first + length
            self._check_size(url, whole or 0)
            if goes_on:
                self._compare(response, first, whole)
            else:
                present = 0
            self._remember(response)
            with self._part.open("ab" if goes_on else "wb") as file:
                while chunk := _read(response, _CHUNK):
                    present += len(chunk)
                    self._check_size(url, present)
                    file.write(chunk)
                    if self._progress is not None:
                        self._progress(present, whole)
        if whole is not None and present < whole:
            raise ConnectionError(_ended_after(present, whole))

    def _resumable(self) -> tuple[int, str]:
        """Return how many bytes need not be loaded again, and of which version they are, empty where it is unknown."""
        try:
            version = self._version.read_text(encoding="ascii")
        except (OSError, ValueError):
            version = ""
        if not version.isprintable():
            version = ""  # damaged: no server could have sent it in a header
        # Without a sum, and without the version, little would tell a mixture of two versions from the file.
        return (self._size() if self._has_sum or version else 0), version

    def _check_size(self, url: str, size: int) -> None:
        if size > self._largest:
            self._forget()
            raise EznasError(
                f"{url} gives more than the {self._largest:,} bytes that its file may have: it was not loaded. Look "
                "for the file on the publisher's page and give it to `eznas data import`."
            )

    def _compare(self, response: HTTPResponse, first: int, whole: int | None) -> None:
        """Read what is there already, and raise a `ConnectionError` if the server has something else in its place."""
        with self._part.open("rb") as file:
            file.seek(first)
            there = file.read()
        again = bytearray()
        while len(again) < len(there) and (chunk := _read(response, len(there) - len(again))):
            again += chunk
        if again == there:
            return
        present = first + len(there)
        if whole is not None and whole >= present and there.startswith(again):
            raise ConnectionError(_ended_after(present, whole))
        self._forget()
        raise ConnectionError("the server goes on with another version of the file")

    def _remember(self, response: HTTPResponse) -> None:
        version = response.headers.get("ETag", "")
        if not version or version.startswith("W/"):
            # A weak tag cannot be asked for.
            version = response.headers.get("Last-Modified", "")
        if version.isascii() and version.isprintable() and version:
            self._version.write_text(version, encoding="ascii")
        else:
            self._version.unlink(missing_ok=True)

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)


def _ended_after(present: int, whole: int) -> str:
    return f"the connection ended after {present:,} of {whole:,} bytes"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows an address to another one over HTTPS, or from HTTP to HTTP."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        schemes = urllib.parse.urlsplit(req.full_url).scheme, urllib.parse.urlsplit(newurl).scheme
        if schemes[1] != "https" and schemes != ("http", "http"):
            raise EznasError(f"{req.full_url} leads to {newurl}, which is no address over HTTPS: it was not loaded.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER: Final = urllib.request.build_opener(_Redirects)


def _read(response: HTTPResponse, size: int) -> bytes:
    try:
        return response.read(size)
    except OSError as error:
        # So that it is not taken for an error of the disk.
        raise ConnectionError(error.strerror or str(error)) from error


def _first_byte(response: HTTPResponse) -> int | None:
    """Return where a partial answer begins: its header is `Content-Range: bytes FIRST-LAST/WHOLE`."""
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    return _number(rest.partition("-")[0]) if unit == "bytes" else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


@contextmanager
def _only_one(target: Path) -> Iterator[None]:
    """Hold the lock of a download; the kernel lets go of it however the process ends."""
    path = target.with_name(f".{target.name}.lock")
    descriptor = open_lock_file(path)
    try:
        if not try_lock(descriptor):
            raise EznasError(f"Another process is fetching {target}: wait for it to end.")
        yield
        remove_lock_file(path)
    finally:
        os.close(descriptor)
