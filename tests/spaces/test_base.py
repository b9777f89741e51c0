import pytest

from eznas.errors import EznasError
from eznas.spaces.base import Size, Space, known_size


class Told(Space):
    name = "told"

    def __init__(self, size):
        self._size = size

    def build(self, architecture, num_classes, image_size):
        raise NotImplementedError

    def network_size(self, architecture, num_classes, image_size):
        return self._size(num_classes * image_size)


def test_a_space_may_tell_how_large_a_network_is():
    assert known_size(Told(lambda count: Size(count, 2 * count)), "a", 10, 8) == Size(80, 160)


def test_what_a_space_does_not_tell_is_not_known():
    assert known_size(Told(lambda _: None), "a", 10, 8) is None


def test_what_is_no_size_is_refused():
    with pytest.raises(EznasError, match=r"`network_size` of the space told returned 80 for 'a'"):
        known_size(Told(int), "a", 10, 8)
    with pytest.raises(EznasError, match=r"told could not tell the size of 'a'.*ZeroDivisionError.*or leave that out"):
        known_size(Told(lambda count: 1 / (count - count)), "a", 10, 8)
