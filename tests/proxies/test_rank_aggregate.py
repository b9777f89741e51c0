import pytest

from eznas import proxies
from eznas.errors import EznasError
from eznas.proxies import RankAggregate
from eznas.runs.proxy_argument import resolve_proxy


def test_a_text_names_its_members_and_spaces_do_not_matter():
    proxy = proxies.load("rank( synflow , l1_norm(wt * wt_grad.data), eznas-a)")
    assert isinstance(proxy, RankAggregate)
    assert proxy.name == proxy.formula == "rank(synflow,l1_norm(wt * wt_grad.data),eznas-a)"
    assert [member.name for member in proxy.members] == ["synflow", "l1_norm(wt * wt_grad.data)", "eznas-a"]
    assert list(proxy.describe()["members"]) == [member.name for member in proxy.members]


def test_commas_within_a_member_stay_there():
    proxy = proxies.load("rank(hamming_distance(wt, inp.data), rank(params, flops))")
    assert [member.name for member in proxy.members] == ["hamming_distance(wt, inp.data)", "rank(params,flops)"]


def test_az_nas_is_the_aggregate_of_its_four_parts():
    proxy = proxies.load("az_nas")
    assert proxy.name == "az_nas"
    assert [member.name for member in proxy.members] == [
        "az_expressivity",
        "az_progressivity",
        "az_trainability",
        "torch_flops",
    ]


@pytest.mark.parametrize("text", ["rank(synflow)", "rank()", "rank(params,)"])
def test_one_member_is_too_few(text):
    with pytest.raises(EznasError, match="give two or more"):
        proxies.load(text)


def test_a_member_that_there_is_not_is_told():
    with pytest.raises(EznasError, match="'synflo': did you mean synflow"):
        resolve_proxy("rank(params,synflo)")
    with pytest.raises(EznasError, match="az_nas is a hand-made proxy, and this takes a program"):
        proxies.load_program("az_nas")
