import os
import types

import pytest

from eznas.system import locks


class FakeLocking:
    """`msvcrt.locking` as Windows has it: by file and byte, exclusive, and refused while another opening has it."""

    LK_NBLCK = 2

    def __init__(self):
        self.held = {}

    def locking(self, descriptor, mode, count):
        assert (mode, count) == (self.LK_NBLCK, 1)
        place = os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR)
        if self.held.setdefault(place, descriptor) != descriptor:
            raise PermissionError

    def let_go(self, descriptor):
        self.held = {place: other for place, other in self.held.items() if other != descriptor}


@pytest.fixture(params=["flock", "locking"])
def close(request, monkeypatch):
    """Closes a descriptor, which lets go of its lock, under either kind of system."""
    if request.param == "flock":
        return os.close
    fake = FakeLocking()
    monkeypatch.setattr(locks, "_fcntl", None)
    monkeypatch.setattr(locks, "_msvcrt", types.SimpleNamespace(LK_NBLCK=2, locking=fake.locking), raising=False)

    def close(descriptor):
        fake.let_go(descriptor)
        os.close(descriptor)

    return close


def test_one_opening_has_the_lock_until_it_is_closed(tmp_path, close):
    first, second = (locks.open_lock_file(tmp_path / "lock") for _ in range(2))
    assert locks.try_lock(first)
    assert not locks.try_lock(second)
    close(first)
    assert locks.try_lock(second)
    close(second)


def test_a_waiting_one_gets_it_and_the_place_in_the_file_stays(tmp_path, close):
    descriptor = locks.open_lock_file(tmp_path / "lock")
    os.write(descriptor, b"content")
    assert locks.wait_for_lock(descriptor)
    assert os.lseek(descriptor, 0, os.SEEK_CUR) == 7
    close(descriptor)


def test_shared_locks_are_shared_where_they_can_be(tmp_path):
    first, second, third = (locks.open_lock_file(tmp_path / "lock") for _ in range(3))
    assert locks.try_lock(first, shared=True)
    assert locks.try_lock(second, shared=True)
    assert not locks.try_lock(third)
    for descriptor in (first, second, third):
        os.close(descriptor)


def test_a_lock_file_is_removed(tmp_path):
    path = tmp_path / "lock"
    os.close(locks.open_lock_file(path))
    locks.remove_lock_file(path)
    locks.remove_lock_file(path)
    assert not path.exists()
