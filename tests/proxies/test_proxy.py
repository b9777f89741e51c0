import json

import own_operations  # noqa: F401  registers them
import pytest

from eznas.errors import EznasError
from eznas.ops.notation import parse_program
from eznas.ops.terms import Term
from eznas.proxies.proxy import Proxy, from_formula, read_proxy, save

FORMULA = "frobenius_norm(sigmoid(inp_grad.data))"


def written(tmp_path, **changes):
    content = {"format": 1, "name": "p", "formula": FORMULA, "orientation": -1} | changes
    path = tmp_path / "p.json"
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
    return path


def test_what_is_saved_is_read_again(tmp_path):
    proxy = Proxy(
        name="mine ∇",
        program=parse_program("t1 = sign(wt); matmul(t1, t1) * t1"),
        orientation=-1,
        unit="C-B-R",
        to_scalar="l2",
        aggregation="sum",
        third_pass="difference",
        source="run 3",
        note="found late",
    )
    save(proxy, tmp_path / "folder" / "p.json")
    assert read_proxy(tmp_path / "folder" / "p.json") == proxy
    assert json.loads((tmp_path / "folder" / "p.json").read_text())["formula"] == proxy.formula
    assert [file.name for file in (tmp_path / "folder").iterdir()] == ["p.json"]


def test_what_a_file_leaves_out_has_its_default(tmp_path):
    assert read_proxy(written(tmp_path)) == Proxy("p", parse_program(FORMULA), orientation=-1)


def test_several_terms_are_one_formula_in_the_file(tmp_path):
    terms = (Term(parse_program("sqrt(numel(wt))")), Term(parse_program("wt / inp.data"), -1))
    proxy = Proxy("two", terms[0].program, further_terms=terms[1:], aggregation="sum")
    save(proxy, tmp_path / "p.json")
    assert read_proxy(tmp_path / "p.json") == proxy
    content = json.loads((tmp_path / "p.json").read_text())
    assert content["formula"] == "signed_log(sqrt(numel(wt))) - signed_log(wt / inp.data)"
    assert content["extensions"] == ["sqrt", "divide"]
    assert "further_terms" not in content
    assert from_formula(proxy.formula).terms == proxy.terms
    assert (proxy.size, proxy.depth) == (3, 2)


def test_a_file_that_claims_other_extensions_than_its_formula_has_is_refused(tmp_path):
    with pytest.raises(EznasError, match=r"extensions \['sqrt'\], and its formula uses \[\]"):
        read_proxy(written(tmp_path, extensions=["sqrt"]))


def test_a_formula_becomes_a_proxy_of_unknown_orientation():
    proxy = from_formula(f" {FORMULA} ")
    assert (proxy.name, proxy.formula, proxy.orientation) == (FORMULA, FORMULA, 1)
    assert "orientation" in proxy.note


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("orientation", 0),
        ("orientation", True),
        ("unit", "B-C-R"),
        ("to_scalar", "max"),
        ("aggregation", "median"),
        ("third_pass", "noise"),
    ],
)
def test_a_setting_of_no_meaning_is_refused(tmp_path, setting, value):
    with pytest.raises(EznasError, match=f"{setting} {value!r}: choose"):
        Proxy("p", parse_program(FORMULA), **{setting: value})
    with pytest.raises(EznasError, match=f"{setting} {value!r}") as caught:
        read_proxy(written(tmp_path, **{setting: value}))
    assert str(tmp_path / "p.json") in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": None}, "has no 'name'"),
        ({"formula": None}, "has no 'formula'"),
        ({"orientation": None}, "has no 'orientation'"),
        ({"format": 2}, "format 2, and this version of eznas reads format 1"),
        ({"format": "1"}, "format '1'"),
        ({"orientation": "up"}, "orientation 'up': it must be a number"),
        ({"formula": 3}, "formula 3: it must be a text"),
        ({"formula": "frobenius_nrm(wt)"}, "frobenius_nrm"),
        ({"formula": "__import__('os')"}, "__import__"),
        ({"colour": "red"}, "'colour', which is no setting"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, changes, message):
    path = written(tmp_path, **changes)
    with pytest.raises(EznasError, match=message) as caught:
        read_proxy(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"\xff\xfe\x00", b"[" * 100_000])
def test_a_file_that_holds_no_json_object_is_refused(tmp_path, content):
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(EznasError, match=r"p\.json (is|holds) no JSON"):
        read_proxy(tmp_path / "p.json")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(EznasError, match=r"p\.json could not be read: No such file"):
        read_proxy(tmp_path / "p.json")


def test_a_file_says_which_own_operations_it_needs(tmp_path):
    proxy = from_formula("l1_norm(test_saliency) * test_spread(wt)")
    path = tmp_path / "own.json"
    save(proxy, path)
    content = json.loads(path.read_text())
    assert content["needs"] == {"test_saliency": "own_operations", "test_spread": "own_operations"}
    assert read_proxy(path) == proxy
    path.write_text(json.dumps(content | {"needs": {"nosuch": "my_ops"}, "formula": "nosuch(wt)"}))
    with pytest.raises(EznasError, match=r"in my_ops, needs the own operation nosuch: import the module .* --import"):
        read_proxy(path)
    path.write_text(json.dumps(content | {"needs": ["nosuch"]}))
    with pytest.raises(EznasError, match="it must be an object of texts"):
        read_proxy(path)
