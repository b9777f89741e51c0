"""Scores and sizes of architectures, each computed once and kept in a file, so that searches go on and share work."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from torch import nn

from eznas import seeds
from eznas.errors import EznasError, described, in_users_code
from eznas.files import LARGEST_TABLE, json_text, read_regular, write_atomically
from eznas.proxies import AnyProxy
from eznas.scoring.candidate import Candidate
from eznas.scoring.scores import score_candidates
from eznas.scoring.settings import ScoringSettings
from eznas.spaces import complexity
from eznas.spaces.base import Size, Space, known_size
from eznas.statistics.collect import Inputs

FORMAT: Final = 1
_SECONDS_BETWEEN_WRITES: Final = 10.0


@dataclass(frozen=True)
class Setting:
    """In what all networks of a search are scored.

    Attributes:
        space: builds the networks.
        num_classes: length of their logits.
        image_size: of the images, in pixels.
        inputs: what they see in the three passes.
        source: where the images are from, for records.
        scoring: under what they are scored.
    """

    space: Space
    num_classes: int
    image_size: int
    inputs: Inputs
    source: str
    scoring: ScoringSettings

    def record(self) -> dict[str, Any]:
        """Return what scores depend on, as plain data."""
        return {
            "space": {"name": self.space.name, "settings": self.space.settings()},
            "num_classes": self.num_classes,
            "image_size": self.image_size,
            "images": self.source,
            "batch_size": len(self.inputs.data),
            "seed": self.scoring.seed,
            "device": self.scoring.device,
        }


class Scorer:
    """Scores architectures with a proxy.

    The weights of a network follow from the seed and its text: they do not depend on when and by which search it is
    met.
    """

    def __init__(self, proxy: AnyProxy, setting: Setting, path: Path | None = None) -> None:
        """Take up what is known already.

        Args:
            proxy: what to score with.
            setting: in what networks are scored.
            path: of the file that keeps the scores; None to keep them in memory.

        Raises:
            EznasError: the file is damaged, or of another proxy or other settings.
        """
        self.proxy = proxy
        self.setting = setting
        self._path = path
        self._record = json.loads(json_text({"format": FORMAT, "proxy": proxy.describe(), **setting.record()}))
        known = self._read(path) if path is not None and path.exists() else {"sizes": {}, "scores": {}}
        self._sizes: dict[str, list[int] | None] = known["sizes"]
        self._scores: dict[str, float | None] = known["scores"]
        self._written = time.monotonic()
        self.reason = ""
        """Why a network has no score or no size: the first one of this process, for messages."""

    @property
    def scored(self) -> int:
        """How many different networks have been scored, in this process and before."""
        return len(self._scores)

    def size(self, architecture: str) -> Size | None:
        """Return the size of a network; None where it cannot be built."""
        if architecture not in self._sizes:
            self._sizes[architecture] = self._measured(architecture)
        size = self._sizes[architecture]
        return None if size is None else Size(*size)

    def score(self, architecture: str) -> float:
        """Return the score of a network, turned so that higher is better; minus infinity where it has none."""
        if architecture not in self._scores:
            seed = seeds.network_seed(self.setting.scoring.seed, _number(architecture))
            candidate = Candidate(architecture, lambda: self._build(architecture), seed)
            found = score_candidates([self.proxy], [candidate], self.setting.inputs, self.setting.scoring)
            score = float(found.values[0, 0]) * self.proxy.orientation
            self._scores[architecture] = score if math.isfinite(score) else None
            self.reason = self.reason or found.unscored[0].get(0, "")
            if time.monotonic() - self._written > _SECONDS_BETWEEN_WRITES:
                self.write()
        known = self._scores[architecture]
        return -math.inf if known is None else known

    def write(self) -> None:
        """Write what is known to the file."""
        self._written = time.monotonic()
        if self._path is not None:
            content = {**self._record, "sizes": self._sizes, "scores": self._scores}
            write_atomically(self._path, json_text(content, indent=None))

    def _build(self, architecture: str) -> nn.Module:
        space = self.setting.space
        with in_users_code(
            f"The space {space.name} could not build the network {architecture:.120}", "correct its `build`"
        ):
            network: object = space.build(architecture, self.setting.num_classes, self.setting.image_size)
        if not isinstance(network, nn.Module):
            raise EznasError(
                f"`build` of the space {space.name} returned a {type(network).__name__} for {architecture:.120}: let "
                "it return a torch.nn.Module."
            )
        return network

    def _measured(self, architecture: str) -> list[int] | None:
        side = self.setting.image_size
        try:
            known = known_size(self.setting.space, architecture, self.setting.num_classes, side)
            if known is not None:
                return [known.params, known.flops]
            network = self._build(architecture)
            return [complexity.parameters(network), complexity.flops(network, (1, 3, side, side))]
        except EznasError as error:
            self.reason = self.reason or str(error)
        except Exception as error:  # a network may be, too
            self.reason = self.reason or f"The network {architecture:.120} could not be run ({described(error)})."
        return None

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            content = json.loads(read_regular(path, LARGEST_TABLE))
            known = {"sizes": dict(content.pop("sizes")), "scores": dict(content.pop("scores"))}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise EznasError(f"{path} is damaged ({error}): remove it, or choose another folder.") from error
        for key, value in self._record.items():
            if content.get(key) != value:
                raise EznasError(
                    f"{path} holds scores of another search ({key} differs): give the same settings to continue it, or "
                    "choose another folder with --output."
                )
        return known


def _number(architecture: str) -> int:
    """Return a number that follows from a text, on every machine the same."""
    return int.from_bytes(blake2b(architecture.encode(), digest_size=8).digest())
