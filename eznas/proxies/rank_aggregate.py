"""Rank aggregation: proxies that vote on networks by the ranks they give them, `rank(synflow,naswot)`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from eznas.errors import EznasError
from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED: Final = {
    "az_nas": "rank(az_expressivity,az_progressivity,az_trainability,torch_flops)",
}
"""Aggregates that were published under a name: AZ-NAS (Lee and Ham, CVPR 2024)."""

_PATTERN: Final = re.compile(r"rank\((.*)\)", re.DOTALL)


@dataclass(frozen=True)
class RankAggregate:
    """Several proxies whose ranks make one score, the sum of log(rank / networks): the best network has the last rank.

    So the score of a network depends on those that it is ranked among. Networks that a member gives no score share
    its lowest rank. Source of the rule: Lee and Ham, AZ-NAS, CVPR 2024.

    Attributes:
        name: as given, or the text `rank(...)`.
        members: what votes; each by its own orientation.
    """

    name: str
    members: tuple[Proxy | HandMadeProxy | RankAggregate, ...]

    orientation: ClassVar[int] = 1
    source: ClassVar[str] = "J. Lee, B. Ham. AZ-NAS. CVPR 2024 (the rule of aggregation)"

    @property
    def formula(self) -> str:
        """The aggregate as text."""
        return f"rank({','.join(member.name for member in self.members)})"

    def describe(self) -> dict[str, Any]:
        """Return what the score depends on, as plain data."""
        return {
            "score": f"sum of log(rank / networks) over {self.formula}",
            "orientation": self.orientation,
            "source": self.source,
            "members": {member.name: member.describe() for member in self.members},
        }


Member: TypeAlias = Proxy | HandMadeProxy | RankAggregate


def is_aggregate(text: str) -> bool:
    """Return whether a text is the name of an aggregate, or has the form of one."""
    return text.strip() in NAMED or _PATTERN.fullmatch(text.strip()) is not None


def member_texts(text: str) -> list[str]:
    """Return the texts of an aggregate's members.

    Raises:
        EznasError: there are fewer than two.
    """
    match = _PATTERN.fullmatch(NAMED.get(text.strip(), text.strip()))
    members = list(_split(match[1])) if match else []
    if len(members) < 2 or not all(members):
        raise EznasError(
            f"{text} ranks by {len([one for one in members if one])} proxies: give two or more, such as "
            "rank(synflow,naswot)."
        )
    return members


def aggregate_of(text: str, load: Callable[[str], Member]) -> RankAggregate:
    """Return the aggregate of a text.

    Args:
        text: a name, or `rank(PROXY,PROXY,...)`.
        load: returns the proxy that a member's text stands for.

    Raises:
        EznasError: there are fewer than two members, or one is no proxy.
    """
    members = tuple(load(one) for one in member_texts(text))
    named = text.strip() in NAMED
    return RankAggregate(text.strip() if named else f"rank({','.join(one.name for one in members)})", members)


def _split(text: str) -> Iterator[str]:
    """Yield what commas outside of parentheses separate."""
    depth, begin = 0, 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            yield text[begin:position].strip()
            begin = position + 1
    yield text[begin:].strip()
