from __future__ import annotations

from torch import nn

from eznas.statistics.wrapping import unwrapped


def test_a_network_is_itself_whatever_is_around_it():
    network = nn.Linear(2, 2)
    assert unwrapped(network) is network
    assert unwrapped(nn.DataParallel(nn.DataParallel(network))) is network
