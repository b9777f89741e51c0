from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass

import pytest

from eznas.errors import EznasError, shown
from eznas.setting import check_settings, setting, settings_of


@dataclass(frozen=True, slots=True)
class Oven:
    """Settings of every kind."""

    degrees: int = setting(180, "how hot", minimum=50, maximum=300)
    share: float = setting(0.5, "how full", maximum=1)
    mode: str = setting("fan", "how", choices=("fan", "grill"))
    dishes: tuple[str, ...] = setting(("pie",), "what", several=True)
    in_: str = setting("kitchen", "where")
    note: str = "no setting"

    def __post_init__(self) -> None:
        check_settings(self, "oven.")


def test_a_setting_is_a_field_with_its_default():
    assert Oven() == Oven(180, 0.5, "fan", ("pie",), "kitchen")
    assert list(settings_of(Oven)) == ["degrees", "share", "mode", "dishes", "in_"]
    assert [about.kind for about in settings_of(Oven).values()] == [int, float, str, str, str]
    with pytest.raises(FrozenInstanceError):
        Oven().degrees = 200


def test_values_are_brought_to_their_type():
    oven = Oven(share=1, dishes="cake")
    assert (type(oven.share), oven.dishes) == (float, ("cake",))
    assert Oven(dishes=["pie", "cake"]).dishes == ("pie", "cake")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"degrees": 301}, "oven.degrees is 301: give a whole number from 50 to 300."),
        ({"degrees": 180.0}, "oven.degrees is 180.0: give a whole number from 50 to 300."),
        ({"degrees": True}, "oven.degrees is True: give a whole number from 50 to 300."),
        ({"degrees": "hot"}, "oven.degrees is 'hot': give a whole number from 50 to 300."),
        ({"degrees": 10**400}, f"oven.degrees is {shown(10**400)}: give a whole number from 50 to 300."),
        ({"share": float("nan")}, "oven.share is nan: give a number from 0 to 1."),
        ({"share": 10**400}, f"oven.share is {shown(10**400)}: give a number from 0 to 1."),
        ({"mode": "gril"}, "oven.mode is 'gril': choose fan or grill (did you mean 'grill'?)."),
        ({"mode": ""}, "oven.mode is '': give a text."),
        ({"dishes": []}, "oven.dishes is []: give a text, or a list of texts."),
        ({"dishes": ["pie", 3]}, "oven.dishes is ['pie', 3]: give a text, or a list of texts."),
        ({"in_": None}, "oven.in is None: give a text."),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(wrong, sentence):
    with pytest.raises(EznasError) as refusal:
        Oven(**wrong)
    assert str(refusal.value) == sentence
