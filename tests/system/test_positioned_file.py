import mmap
import threading

import pytest

from eznas.system import positioned_file
from eznas.system.positioned_file import PositionedFile


@pytest.fixture(params=["in one call", "by a lock"])
def file(request, monkeypatch, tmp_path):
    if request.param == "by a lock":
        monkeypatch.setattr(positioned_file, "_IN_ONE_CALL", False)
    opened = PositionedFile((tmp_path / "file").open("w+b", buffering=0))
    yield opened
    opened.close()


def test_many_threads_write_and_see_their_own_places(file):
    size, wrong = mmap.ALLOCATIONGRANULARITY, []

    def work(number):
        content = bytes([number]) * size
        for _ in range(20):
            file.write(memoryview(content), number * size)
            if file.mapped(number * size, size)[:] != content:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_seeing_beyond_the_end_is_told(file):
    file.write(memoryview(b"abcdef"), 0)
    file.truncate(4)
    assert file.mapped(0, 4)[:] == b"abcd"
    with pytest.raises(OSError, match="cannot be mapped"):
        file.mapped(0, 5)


def test_what_is_written_into_what_is_seen_stays_there(file):
    file.write(memoryview(b"abcdef"), 0)
    first, second = file.mapped(0, 6), file.mapped(0, 6)
    first[0:1] = b"z"
    assert (first[:], second[:], file.mapped(0, 6)[:]) == (b"zbcdef", b"abcdef", b"abcdef")
    file.close()
    assert first[:] == b"zbcdef"  # for as long as anybody has it
