from __future__ import annotations

import pytest
import torch
from torch import nn

from eznas.statistics.wrapping import unwrapped


def test_a_network_is_itself_whatever_is_around_it():
    network = nn.Linear(2, 2)
    assert unwrapped(network) is network
    assert unwrapped(nn.DataParallel(nn.DataParallel(network))) is network


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # what PyTorch's compiler imports
def test_a_compiled_network_is_the_one_that_it_was_made_from():
    network = nn.Linear(2, 2)
    assert unwrapped(nn.DataParallel(torch.compile(network))) is network
