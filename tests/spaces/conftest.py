import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """The networks here are so small that handing work to a second thread costs more than the work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
