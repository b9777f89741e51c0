import pytest
import torch

from eznas.errors import EznasError
from eznas.statistics.settings import CollectionSettings
from eznas.terminals import BY_NAME


def addresses(*names):
    return frozenset(BY_NAME[name].address for name in names)


def passes(*names, **others):
    return list(CollectionSettings(terminals=addresses(*names), **others).passes())


def test_all_passes_by_default_and_the_weight_once():
    names, groups = zip(*CollectionSettings().passes(), strict=True)
    assert names == ("data", "noise", "perturbed")
    assert [len(group) for group in groups] == [8, 7, 7]
    assert sorted(address for group in groups for address in group.values()) == list(range(22))


def test_passes_that_no_terminal_needs_are_skipped():
    assert passes("inp_grad.data") == [("data", {"inp_grad": 7})]
    assert passes("wt", "act.noise") == [("noise", {"wt": 0, "act": 17})]
    assert passes("wt") == [("data", {"wt": 0})]
    assert passes("inp.perturbed") == [("perturbed", {"inp": 6})]


def test_a_difference_needs_the_data_pass():
    assert passes("inp.perturbed", third_pass="difference") == [("data", {"inp": 4}), ("perturbed", {"inp": 6})]


def test_whether_a_backward_pass_is_needed():
    assert CollectionSettings().needs_gradients
    assert not CollectionSettings(terminals=addresses("wt", "inp.noise")).needs_gradients


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"unit": "B-C-R"}, "unit is 'B-C-R': choose R-C-B or C-B-R"),
        ({"third_pass": "other"}, "third_pass is 'other': choose perturbed or difference"),
        ({"terminals": frozenset()}, r"The terminals \[\] cannot be collected"),
        ({"terminals": frozenset({22})}, r"The terminals \[22\] cannot be collected"),
        ({"device": "gpu"}, "device is 'gpu': choose cpu, cuda or cuda:N."),
        ({"device": "meta"}, "device is 'meta': choose cpu, cuda or cuda:N."),
        (
            {"device": "mps"},
            "device is 'mps': choose cpu, cuda or cuda:N, since no result was ever checked on an Apple GPU.",
        ),
    ],
)
def test_other_values_are_refused(values, message):
    with pytest.raises(EznasError, match=message):
        CollectionSettings(**values)


def test_a_device_that_is_not_there_can_be_stated_but_not_used():
    settings = CollectionSettings(device="cuda:9999")
    with pytest.raises(EznasError, match=r"The device 'cuda:9999' is not there: this machine has .* CUDA devices"):
        settings.check_device()
    CollectionSettings().check_device()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_cuda_without_a_device_is_refused():
    with pytest.raises(EznasError, match="The device 'cuda' is not there: this machine has 0 CUDA devices"):
        CollectionSettings(device="cuda").check_device()
