import errno
import fcntl
import hashlib
import http.server
import sys
import threading
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from eznas.data import download as download_module
from eznas.data.download import fetch
from eznas.data.sources import Download
from eznas.errors import EznasError

pytest.importorskip("pooch")

CONTENT = np.random.default_rng(0).bytes(300_000)
SUM = hashlib.sha256(CONTENT).hexdigest()


class Server:
    """A file server on this machine that can be told to misbehave.

    Attributes:
        content: what it serves.
        tag: the ETag of it.
        ranges: whether it can send a part.
        cuts: after how many bytes of an answer it breaks off, for each answer in turn; then no more.
        statuses: what it answers instead, for each request in turn; then no more.
        leads_to: an address that it redirects to instead.
        tells_length: whether it says how long its answers are.
        asked: the Range and If-Range headers of every request.
    """

    def __init__(self):
        self.content, self.tag, self.ranges = CONTENT, '"1"', True
        self.cuts, self.statuses, self.asked = [], [], []
        self.leads_to, self.tells_length = "", True
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/file"

    def answer(self, request):
        wanted, condition = request.headers.get("Range"), request.headers.get("If-Range")
        self.asked.append((wanted, condition))
        if self.statuses:
            request.send_response(self.statuses.pop(0))
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if self.leads_to:
            request.send_response(302)
            request.send_header("Location", self.leads_to)
            request.end_headers()
            return
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if condition and condition != self.tag:
            first = 0
        if first >= len(self.content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(self.content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if first else 200)
        if first:
            request.send_header("Content-Range", f"bytes {first}-{len(self.content) - 1}/{len(self.content)}")
        if self.tag:
            request.send_header("ETag", self.tag)
        body = self.content[first:]
        if self.tells_length:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cuts.pop(0)] if self.cuts else body)

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(download_module, "_CHUNK", 10_000)
    monkeypatch.setattr(download_module, "_OVERLAP", 1_000)


def load(url, folder, sha256=SUM, attempts=1, progress=None, largest=2**30):
    download = Download(url, "a/file.bin", sha256, largest=largest)
    return fetch(download, folder, progress, attempts=attempts, wait_seconds=0.0)


def leftovers(folder):
    return sorted(path.name for path in (folder / "a").iterdir())


def test_a_file_is_loaded_and_checked(server, tmp_path):
    told = []
    path = load(server.url, tmp_path, progress=lambda present, whole: told.append((present, whole)))
    assert path == tmp_path / "a" / "file.bin"
    assert path.read_bytes() == CONTENT
    assert leftovers(tmp_path) == ["file.bin"]
    assert told[0] == (10_000, 300_000)
    assert told[-1] == (300_000, 300_000)
    assert load(server.url, tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_a_connection_that_breaks_is_taken_up_again_by_itself(server, tmp_path):
    server.cuts = [120_000, 50_000]
    assert load(server.url, tmp_path, attempts=2).read_bytes() == CONTENT
    assert server.asked == [(None, None), ("bytes=119000-", '"1"'), ("bytes=168000-", '"1"')]


def test_an_interrupted_download_goes_on_later(server, tmp_path):
    def interrupt(present, whole):
        if present >= 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(server.url, tmp_path, progress=interrupt)
    assert leftovers(tmp_path) == [".file.bin.lock", "file.bin.part", "file.bin.part.version"]
    assert load(server.url, tmp_path).read_bytes() == CONTENT
    assert server.asked == [(None, None), ("bytes=99000-", '"1"')]
    assert leftovers(tmp_path) == ["file.bin"]


def test_what_has_arrived_is_kept_and_told_when_the_connection_stays_broken(server, tmp_path):
    server.cuts = [120_000, 0, 0]
    with pytest.raises(
        EznasError, match=r"the connection ended after 120,000 of 300,000 bytes.*120,000 bytes are kept"
    ):
        load(server.url, tmp_path, attempts=3)
    assert not (tmp_path / "a" / "file.bin").exists()
    assert load(server.url, tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] == ("bytes=119000-", '"1"')


@pytest.mark.parametrize("sha256", [SUM, None])
def test_a_server_that_cannot_go_on_sends_the_whole_file_again(server, tmp_path, sha256):
    server.ranges, server.cuts = False, [120_000]
    assert load(server.url, tmp_path, sha256, attempts=2).read_bytes() == CONTENT
    assert server.asked[1] == ("bytes=119000-", '"1"')


def test_another_version_of_the_file_is_not_mixed_with_the_first(server, tmp_path):
    server.cuts = [120_000]
    with pytest.raises(EznasError, match="could not be loaded"):
        load(server.url, tmp_path, sha256=None)
    server.content, server.tag = CONTENT[::-1], '"2"'
    assert load(server.url, tmp_path, sha256=None).read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("tag", ["", 'W/"1"'])
def test_without_sum_and_version_it_begins_again(server, tmp_path, tag):
    server.tag, server.cuts = tag, [120_000]
    assert load(server.url, tmp_path, sha256=None, attempts=2).read_bytes() == CONTENT
    assert server.asked == [(None, None), (None, None)]


def test_a_part_that_is_already_whole_is_taken(server, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file.bin.part").write_bytes(CONTENT)
    assert load(server.url, tmp_path).read_bytes() == CONTENT
    assert server.asked == [("bytes=299000-", None)]


def test_a_part_that_is_longer_than_the_file_is_dropped(server, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file.bin.part").write_bytes(CONTENT + b"more")
    assert load(server.url, tmp_path, attempts=2).read_bytes() == CONTENT


def test_a_wrong_sum_is_told_and_the_file_deleted(server, tmp_path):
    server.content = CONTENT[:-1] + b"x"
    with pytest.raises(EznasError, match=f"another SHA-256 than {SUM}: it was deleted and is not used"):
        load(server.url, tmp_path)
    assert [name for name in leftovers(tmp_path) if name != ".file.bin.lock"] == []


def test_a_wrong_part_is_noticed_by_the_sum_or_by_its_last_bytes(server, tmp_path):
    part = tmp_path / "a" / "file.bin.part"
    part.parent.mkdir()
    part.write_bytes(bytes(2000) + CONTENT[2000:5000])
    with pytest.raises(EznasError, match="another SHA-256"):
        load(server.url, tmp_path)
    part.write_bytes(bytes(5000))
    with pytest.raises(EznasError, match="goes on with another version of the file"):
        load(server.url, tmp_path)
    assert load(server.url, tmp_path).read_bytes() == CONTENT


def test_a_version_that_is_called_like_the_one_before_is_not_mixed_with_it(server, tmp_path):
    server.cuts = [120_000]
    with pytest.raises(EznasError, match="could not be loaded"):
        load(server.url, tmp_path, sha256=None)
    server.content = CONTENT[::-1]
    assert load(server.url, tmp_path, sha256=None, attempts=2).read_bytes() == CONTENT[::-1]
    assert server.asked[1:] == [("bytes=119000-", '"1"'), (None, None)]


@pytest.mark.parametrize("note", [b"\xff\xfe\x00", b'"1"\nHost: elsewhere', b"", None])
@pytest.mark.parametrize("sha256", [SUM, None])
def test_a_damaged_note_of_the_version_does_no_harm(server, tmp_path, sha256, note):
    server.cuts = [120_000]
    with pytest.raises(EznasError, match="could not be loaded"):
        load(server.url, tmp_path, sha256)
    version = tmp_path / "a" / "file.bin.part.version"
    version.unlink()
    if note is None:
        version.mkdir()
        with pytest.raises(EznasError, match=r"Could not write .*Is a directory"):
            load(server.url, tmp_path, sha256)
        version.rmdir()
    else:
        version.write_bytes(note)
    assert load(server.url, tmp_path, sha256).read_bytes() == CONTENT
    assert server.asked[-1] == (("bytes=119000-", None) if sha256 else (None, None))


@pytest.mark.parametrize("tells_length", [True, False])
@pytest.mark.parametrize("sha256", [SUM, None])
def test_a_file_that_is_too_large_is_not_loaded(server, tmp_path, sha256, tells_length):
    server.tells_length = tells_length
    with pytest.raises(EznasError, match=r"gives more than the 299,999 bytes that its file may have"):
        load(server.url, tmp_path, sha256, attempts=5, largest=299_999)
    assert leftovers(tmp_path) == [".file.bin.lock"]
    assert len(server.asked) == 1
    assert load(server.url, tmp_path, sha256, largest=300_000).read_bytes() == CONTENT


def test_a_redirect_is_followed_to_http_and_to_nothing_else(server, tmp_path):
    other = Server()
    try:
        server.leads_to = other.url
        assert load(server.url, tmp_path).read_bytes() == CONTENT
    finally:
        other.close()
    (tmp_path / "a" / "file.bin").unlink()
    server.leads_to = "ftp://127.0.0.1/file"
    with pytest.raises(EznasError, match=r"/file leads to ftp://127\.0\.0\.1/file, which is no address over HTTPS"):
        load(server.url, tmp_path)
    server.leads_to = (tmp_path / "secret").as_uri()
    with pytest.raises(EznasError, match="was refused by the server"):
        load(server.url, tmp_path)


def test_from_https_nothing_leads_back_to_http():
    request = urllib.request.Request("https://a.example/file")
    redirect = download_module._Redirects().redirect_request
    assert redirect(request, None, 302, "", {}, "https://b.example/file").full_url == "https://b.example/file"
    with pytest.raises(EznasError, match=r"https://a\.example/file leads to http://b\.example/file"):
        redirect(request, None, 302, "", {}, "http://b.example/file")


@pytest.mark.parametrize("status", [404, 410])
def test_a_file_that_is_gone_is_told_at_once(server, tmp_path, status):
    server.statuses = [status]
    with pytest.raises(EznasError, match=rf"/file is gone \({status} .*give it to `eznas data import`"):
        load(server.url, tmp_path, attempts=5)
    assert len(server.asked) == 1


def test_a_server_that_is_busy_is_asked_again(server, tmp_path):
    server.statuses = [503, 429]
    assert load(server.url, tmp_path, attempts=3).read_bytes() == CONTENT
    server.statuses = [403]
    (tmp_path / "a" / "file.bin").unlink()
    with pytest.raises(EznasError, match=r"was refused by the server \(403 Forbidden\)"):
        load(server.url, tmp_path, attempts=5)


def test_a_connection_that_is_refused_is_told(server, tmp_path):
    server.close()
    with pytest.raises(EznasError, match=r"could not be loaded \(Connection refused\): check the connection") as caught:
        load(server.url, tmp_path, attempts=2)
    assert "kept" not in str(caught.value)


def test_a_full_disk_is_told_and_what_has_arrived_kept(server, tmp_path, monkeypatch):
    real_open = Path.open

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, chunk):
            if self.file.tell() >= 50_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.file.write(chunk)

    def limited(path, mode="r", *args, **kwargs):
        file = real_open(path, mode, *args, **kwargs)
        return Full(file) if path.suffix == ".part" else file

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", limited)
        with pytest.raises(EznasError, match=r"Could not write .*No space left on device\. Free some space"):
            load(server.url, tmp_path)
    assert load(server.url, tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] == ("bytes=49000-", '"1"')


def test_two_downloads_of_one_file_do_not_meet(server, tmp_path):
    (tmp_path / "a").mkdir()
    with (tmp_path / "a" / ".file.bin.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EznasError, match=r"Another process is fetching .*file\.bin"):
            load(server.url, tmp_path)


def test_a_missing_pooch_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(EznasError, match=r"needs the package pooch.*pip install 'eznas\[data\]'"):
        load("http://127.0.0.1:1/file", tmp_path)
