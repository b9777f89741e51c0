"""The four standard families of NDS (Radosavovic et al., ICCV 2019): ResNet, ResNeXt-A, ResNeXt-B and Vanilla.

An architecture is the JSON object of the NDS files, one list entry per stage, of which the first is the stem:

    {"ds":[1,16,1,4],"ws":[16,64,128,16],"ss":[1,1,2,2],"bot_muls":[0.0,0.25,0.25,0.25],"num_gs":[1,2,1,2]}

with the number of blocks (ds), channels (ws), stride of the first block (ss), and for ResNeXt the bottleneck's share of
the channels (bot_muls) and the groups of its 3x3 convolution (num_gs); those of the stem mean nothing. Blocks are
pycls's: BatchNorm after each convolution, a projected shortcut where the shape changes, ReLU after the addition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from eznas.errors import EznasError
from eznas.spaces.base import Space
from eznas.spaces.json_text import choices, decoded, encoded, integer, reject_unknown_keys, shortened
from eznas.spaces.one_change import one_changed
from eznas.spaces.residual_network import ResidualNetwork, Stage

# The three stages keep, halve and halve the resolution.
STRIDES = (1, 1, 2, 2)

MAXIMUM_DEPTH = 1000
MAXIMUM_WIDTH = 8192


@dataclass(frozen=True)
class ResidualSpace(Space):
    """A family of three stages after a stem; `random` draws each stage's numbers independently, equally likely.

    Attributes:
        depths: numbers of blocks that a stage may have.
        widths: numbers of channels that a stage may have.
        stem_width: channels of the stem, a 3x3 convolution.
    """

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    stem_width: int = 16

    # What the NDS files call the block, and NNI's records the family.
    block: ClassVar[str]
    family: ClassVar[str]
    bottleneck: ClassVar[bool] = False

    def __post_init__(self) -> None:
        integer(self.stem_width, f"The stem_width of {self.name}", 1, MAXIMUM_WIDTH)
        for setting, maximum in (("depths", MAXIMUM_DEPTH), ("widths", MAXIMUM_WIDTH)):
            self._normalise(setting, maximum)

    def build(self, architecture: str, num_classes: int, image_size: int) -> ResidualNetwork:
        """Return the network of `architecture`; its last stage must keep a map of at least 2x2."""
        stages = self.parse(architecture)
        size = image_size
        for stage in stages:
            size = -(-size // stage.stride)
        # BatchNorm cannot normalise one image's 1x1 map: there is one value per channel.
        if size < 2:
            raise EznasError(
                f"Images of {image_size} pixels leave the last stage of {self.name} less than a 2x2 map: "
                "give larger images."
            )
        return ResidualNetwork(stages, self.block, num_classes)

    def random(self, rng: np.random.Generator) -> str:
        """Return an architecture of three random stages."""
        stages = [Stage(1, self.stem_width, STRIDES[0], 0.0, 1)]
        stages += [self._random_stage(stride, rng) for stride in STRIDES[1:]]
        return self._text(stages)

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one number of one stage is another."""
        stem, *stages = self.parse(architecture)
        changed = one_changed(stages, lambda place: self._other_stages(stages[place]))
        return [self._text((stem, *one)) for one in changed]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`, also from a whole `net` or `config` object of a table."""
        return self._text(self.parse(architecture))

    def parse(self, architecture: str) -> tuple[Stage, ...]:
        """Return the stages of `architecture`, the stem first, or raise an EznasError that says what is wrong."""
        data: Mapping[str, object] = decoded(architecture)
        if "model_spec" in data:
            self._check_kind(data.get("model_family", self.family), self.family)
            inner = data["model_spec"]
            if not isinstance(inner, Mapping):
                raise EznasError(f"The model_spec of the record is {shortened(inner)}: it should be an object.")
            data = inner
        self._check_kind(data.get("block_type", self.block), self.block)
        reject_unknown_keys(data, ("ds", "ws", "ss", "bot_muls", "num_gs", "block_type"))
        depths = _integers(data, "ds", MAXIMUM_DEPTH)
        widths = _integers(data, "ws", MAXIMUM_WIDTH, len(depths))
        strides = _integers(data, "ss", 16, len(depths))
        ratios = _ratios(data, len(depths)) if self.bottleneck else [1.0] * len(depths)
        groups = _integers(data, "num_gs", MAXIMUM_WIDTH, len(depths)) if self.bottleneck else [1] * len(depths)
        if not self.bottleneck and any(data.get(key) for key in ("bot_muls", "num_gs")):
            raise EznasError(f"The blocks of {self.name} have no bottleneck: leave out bot_muls and num_gs.")
        stages = tuple(Stage(*numbers) for numbers in zip(depths, widths, strides, ratios, groups, strict=True))
        for index, stage in enumerate(stages[1:], start=1):
            if not _divides(stage):
                raise EznasError(
                    f"Stage {index} has {stage.inner} bottleneck channels, which do not divide into {stage.groups} "
                    "groups: change ws, bot_muls or num_gs."
                )
        return stages

    def _random_stage(self, stride: int, rng: np.random.Generator) -> Stage:
        return Stage(int(rng.choice(self.depths)), int(rng.choice(self.widths)), stride)

    def _other_stages(self, stage: Stage) -> Iterator[Stage]:
        """Yield the stages with one other number that a network can have."""
        yield from (replace(stage, depth=depth) for depth in self.depths)
        yield from (other for width in self.widths if _divides(other := replace(stage, width=width)))

    def _text(self, stages: Sequence[Stage]) -> str:
        data: dict[str, object] = {
            "ds": [stage.depth for stage in stages],
            "ws": [stage.width for stage in stages],
            "ss": [stage.stride for stage in stages],
        }
        if self.bottleneck:
            data["bot_muls"] = [stage.ratio for stage in stages]
            data["num_gs"] = [stage.groups for stage in stages]
        return encoded(data)

    def _check_kind(self, given: object, expected: str) -> None:
        if given != expected:
            raise EznasError(f"The architecture is of the kind {shortened(given)}, but {self.name} has {expected!r}.")

    def _normalise(self, setting: str, maximum: int) -> None:
        numbers = choices(getattr(self, setting), f"The setting {setting} of {self.name}", maximum)
        object.__setattr__(self, setting, numbers)


# The NDS paper gives the ends and the number of the values that a stage takes, "spaced about evenly" in logarithm;
# for ResNet and Vanilla these are the round numbers that fit (9 from 1 to 24, 12 from 16 to 256).
_BASIC_DEPTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24)
_BASIC_WIDTHS = (16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256)


@dataclass(frozen=True)
class ResNet(ResidualSpace):
    """Basic residual blocks: two 3x3 convolutions beside the shortcut."""

    depths: tuple[int, ...] = _BASIC_DEPTHS
    widths: tuple[int, ...] = _BASIC_WIDTHS

    name: ClassVar[str] = "nds-resnet"
    block: ClassVar[str] = "res_basic_block"
    family: ClassVar[str] = "residual_basic"


@dataclass(frozen=True)
class Vanilla(ResidualSpace):
    """Blocks of two 3x3 convolutions without a shortcut."""

    depths: tuple[int, ...] = _BASIC_DEPTHS
    widths: tuple[int, ...] = _BASIC_WIDTHS

    name: ClassVar[str] = "nds-vanilla"
    block: ClassVar[str] = "double_plain_block"
    family: ClassVar[str] = "vanilla"


@dataclass(frozen=True)
class ResNeXtA(ResidualSpace):
    """Bottleneck blocks with a grouped 3x3 convolution, narrow and with few groups.

    Attributes:
        shrinks: by how much a bottleneck may divide the channels.
        groups: numbers of groups; of these `random` draws one that divides the bottleneck's channels.
    """

    depths: tuple[int, ...] = (1, 2, 4, 8, 16)
    widths: tuple[int, ...] = (16, 32, 64, 128, 256)
    shrinks: tuple[int, ...] = (1, 2, 4)
    groups: tuple[int, ...] = (1, 2, 4)

    name: ClassVar[str] = "nds-resnext-a"
    block: ClassVar[str] = "res_bottleneck_block"
    family: ClassVar[str] = "residual_bottleneck"
    bottleneck: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for setting in ("shrinks", "groups"):
            self._normalise(setting, MAXIMUM_WIDTH)

    def _random_stage(self, stride: int, rng: np.random.Generator) -> Stage:
        depth, width, shrink = (int(rng.choice(choices)) for choices in (self.depths, self.widths, self.shrinks))
        stage = Stage(depth, width, stride, 1 / shrink)
        fitting = [groups for groups in self.groups if stage.inner and stage.inner % groups == 0]
        if not fitting:
            raise EznasError(
                f"A bottleneck of {stage.inner} channels divides into none of the groups {self.groups} of {self.name}: "
                "allow 1 group, or larger widths."
            )
        return Stage(depth, width, stride, 1 / shrink, int(rng.choice(fitting)))

    def _other_stages(self, stage: Stage) -> Iterator[Stage]:
        yield from super()._other_stages(stage)
        ratios = [replace(stage, ratio=1 / shrink) for shrink in self.shrinks]
        yield from filter(_divides, [*ratios, *(replace(stage, groups=groups) for groups in self.groups)])


@dataclass(frozen=True)
class ResNeXtB(ResNeXtA):
    """The same blocks, wide and with many groups."""

    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)
    groups: tuple[int, ...] = (1, 2, 4, 8, 16)

    name: ClassVar[str] = "nds-resnext-b"


def _divides(stage: Stage) -> bool:
    """Return whether the channels of a bottleneck divide into its groups."""
    return stage.inner >= 1 and stage.inner % stage.groups == 0


def _list(data: Mapping[str, object], key: str, length: int | None) -> Sequence[object]:
    values = data.get(key)
    if not isinstance(values, list) or len(values) < 2 or (length is not None and len(values) != length):
        wanted = "one number per stage, the stem's first" if length is None else f"{length} numbers, as many as ds has"
        raise EznasError(f"The {key} of the architecture is {shortened(values)}: give {wanted}.")
    return values


def _integers(data: Mapping[str, object], key: str, maximum: int, length: int | None = None) -> list[int]:
    values = _list(data, key, length)
    return [integer(value, f"Entry {index} of {key}", 1, maximum) for index, value in enumerate(values)]


def _ratios(data: Mapping[str, object], length: int) -> list[float]:
    values = _list(data, "bot_muls", length)
    ratios: list[float] = []
    for index, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 16:
            raise EznasError(f"Entry {index} of bot_muls is {shortened(value)}: give a number from 0 to 16.")
        ratios.append(float(value))
    return ratios
