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


def test_many_threads_write_and_read_their_own_places(file):
    size, wrong = 1000, []

    def work(number):
        content = bytes([number]) * size
        for _ in range(20):
            file.write(memoryview(content), number * size)
            read = bytearray(size)
            if not file.read(memoryview(read), number * size) or read != content:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_reading_beyond_the_end_is_told(file):
    file.write(memoryview(b"abcdef"), 0)
    file.truncate(4)
    assert file.read(memoryview(bytearray(4)), 0)
    assert not file.read(memoryview(bytearray(4)), 2)
