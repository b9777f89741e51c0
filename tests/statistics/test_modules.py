from torch import nn

from eznas.statistics.modules import modules_of, parameters_in, tensors_in


def network():
    shared = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU())
    network = nn.Sequential(nn.ReLU(), nn.Sequential(nn.BatchNorm2d(3), shared), shared, shared[0], nn.Linear(2, 2))
    network.register_module("absent", None)
    network[4].bias = None
    return network


def test_modules_come_once_and_in_pytorchs_order():
    one = network()
    assert modules_of(one) == list(one.modules())
    assert modules_of(one[4]) == [one[4]]


def test_all_tensors_come_up():
    one = network()
    assert {id(parameter) for parameter in parameters_in(modules_of(one))} == {id(own) for own in one.parameters()}
    assert {id(tensor) for tensor in tensors_in(modules_of(one))} == {
        id(own) for own in (*one.parameters(), *one.buffers())
    }
