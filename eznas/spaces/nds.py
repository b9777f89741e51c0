"""The five cell spaces of NDS (Radosavovic et al., ICCV 2019): DARTS, ENAS, PNAS, NASNet and Amoeba.

The five differ in operations, number of nodes and output of a cell, and share the skeleton of DARTS. Operations and
sizes are those of the NDS paper's table of cell spaces, whose numbers of cells the rules here reproduce (242 thousand
million for DARTS to 71 million thousand million for NASNet), of pycls and of NNI.

The canonical text of an architecture is JSON without spaces:

    {"genotype":{"normal":[["sep_conv_3x3",0],...],"normal_concat":[2,3,4,5],"reduce":[...],"reduce_concat":[...]},
     "width":32,"depth":12,"aux":false}

`width` is the number of channels of a node in the first cells, `depth` the number of cells, `aux` whether there is an
auxiliary head. `check` also reads DARTS's `Genotype(normal=[...], ...)`, a genotype alone, the `net` object of the NDS
files, and the `config` object of NNI's records; what a text leaves out is taken from the space's settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from eznas.errors import EznasError
from eznas.spaces.base import Space
from eznas.spaces.json_text import choices, decoded, encoded, integer, reject_unknown_keys, shortened
from eznas.spaces.nds_genotype import CellRules, Genotype, genotype_of, genotype_of_text
from eznas.spaces.nds_network import STEMS, CellNetwork, final_size
from eznas.spaces.one_change import one_changed

MAXIMUM_WIDTH = 4096
MAXIMUM_DEPTH = 1000

# `drop_prob` is how a network was trained; scoring uses none of it.
_KEYS = ("genotype", "width", "depth", "aux", "drop_prob")


@dataclass(frozen=True)
class CellArchitecture:
    """What one text names, complete."""

    genotype: Genotype
    width: int
    depth: int
    aux: bool

    def __str__(self) -> str:
        return encoded({"genotype": self.genotype.encode(), "width": self.width, "depth": self.depth, "aux": self.aux})


@dataclass(frozen=True)
class CellSpace(Space):
    """A cell space in the DARTS skeleton.

    Attributes:
        widths: the widths that `random` draws from, equally likely. A text that gives no width has the only one of
            `widths`; when there are several, it must give its own.
        depths: the same for the number of cells.
        auxiliary: whether networks have an auxiliary head, for texts that do not say. It never enters a score.
        stem: `cifar`, or `imagenet`, which divides the resolution by 8 (for the `_in` tables of NDS).
    """

    widths: tuple[int, ...] = (16, 24, 32)
    depths: tuple[int, ...] = (4, 8, 12, 16, 20)
    auxiliary: bool = False
    stem: str = "cifar"

    rules: ClassVar[CellRules]

    def __post_init__(self) -> None:
        for setting, maximum in (("widths", MAXIMUM_WIDTH), ("depths", MAXIMUM_DEPTH)):
            numbers = choices(getattr(self, setting), f"The setting {setting} of {self.name}", maximum)
            object.__setattr__(self, setting, numbers)
        if self.stem not in STEMS:
            raise EznasError(f"{self.name} has no stem called {self.stem!r}: choose one of {', '.join(STEMS)}.")

    def build(self, architecture: str, num_classes: int, image_size: int) -> CellNetwork:
        """Return the network of `architecture`; its last cell must keep a map of at least 2x2."""
        parsed = self.parse(architecture)
        # BatchNorm cannot normalise one image's 1x1 map: there is one value per channel.
        if final_size(image_size, parsed.depth, self.stem) < 2:
            raise EznasError(
                f"Images of {image_size} pixels leave the last cell of {self.name} less than a 2x2 map: "
                f"give larger images{'' if self.stem == 'cifar' else ', or take the cifar stem'}."
            )
        return CellNetwork(parsed.genotype, parsed.width, parsed.depth, num_classes, self.stem, parsed.aux)

    def random(self, rng: np.random.Generator) -> str:
        """Return an architecture drawn by the space's rules, its width and depth from `widths` and `depths`.

        The defaults of those are the values that NDS drew from, as NNI's implementation of it lists them, too.
        """
        genotype = self.rules.random(rng)
        width = self.widths[rng.integers(len(self.widths))]
        depth = self.depths[rng.integers(len(self.depths))]
        return str(CellArchitecture(genotype, width, depth, self.auxiliary))

    def neighbours(self, architecture: str) -> list[str]:
        """Return the architectures of which one edge has another operation or input, or of another width or depth."""
        one = self.parse(architecture)
        allowed = (self.widths, self.depths)
        sizes = one_changed((one.width, one.depth), lambda which: allowed[which])
        others = [replace(one, genotype=genotype) for genotype in self.rules.neighbours(one.genotype)]
        others += [replace(one, width=width, depth=depth) for width, depth in sizes]
        return [str(other) for other in others]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`, given in any of the forms that the module describes."""
        return str(self.parse(architecture))

    def parse(self, architecture: str) -> CellArchitecture:
        """Return what `architecture` names, or raise an EznasError that says what is wrong with it."""
        genotype, sizes = _genotype_and_sizes(architecture.strip())
        self.rules.check(genotype)
        aux = sizes.get("aux", self.auxiliary)
        if not isinstance(aux, bool):
            raise EznasError(f"The aux of the architecture is {shortened(aux)}: give true or false.")
        return CellArchitecture(
            genotype,
            self._size(sizes, "width", self.widths, MAXIMUM_WIDTH),
            self._size(sizes, "depth", self.depths, MAXIMUM_DEPTH),
            aux,
        )

    def _size(self, sizes: Mapping[str, object], key: str, settings: Sequence[int], maximum: int) -> int:
        if key in sizes:
            return integer(sizes[key], f"The {key} of the architecture", 1, maximum)
        if len(settings) > 1:
            raise EznasError(
                f"The architecture gives no {key}, and {self.name} is set to {', '.join(map(str, settings))}: "
                f"write the {key} into the architecture, or make the space with one of them."
            )
        return settings[0]


def _genotype_and_sizes(text: str) -> tuple[Genotype, Mapping[str, object]]:
    if text.startswith("Genotype"):
        return genotype_of_text(text), {}
    data = decoded(text)
    if "cell_spec" in data:
        sizes = data.get("model_spec", {})
        if not isinstance(sizes, Mapping):
            raise EznasError(f"The model_spec of the record is {shortened(sizes)}: it should be an object.")
        return genotype_of(data["cell_spec"]), sizes
    if "genotype" not in data:
        return genotype_of(data), {}
    reject_unknown_keys(data, _KEYS)
    return genotype_of(data["genotype"]), data


_POOLS = ("avg_pool_3x3", "max_pool_3x3")
_SEPARABLE = ("sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7")


class DARTS(CellSpace):
    """8 operations, `none` among them, on 4 nodes; all nodes are concatenated (Liu et al., ICLR 2019)."""

    name = "nds-darts"
    rules = CellRules(
        space=name,
        operations=("none", "skip_connect", *_POOLS, *_SEPARABLE[:2], "dil_conv_3x3", "dil_conv_5x5"),
        nodes=4,
        loose_ends=False,
    )


class ENAS(CellSpace):
    """5 operations on 5 nodes; the nodes that nothing reads are concatenated (Pham et al., ICML 2018)."""

    name = "nds-enas"
    rules = CellRules(space=name, operations=("skip_connect", *_POOLS, *_SEPARABLE[:2]), nodes=5, loose_ends=True)


class PNAS(CellSpace):
    """8 operations on 5 nodes; all nodes are concatenated (Liu et al., ECCV 2018)."""

    name = "nds-pnas"
    rules = CellRules(
        space=name,
        operations=("skip_connect", *_POOLS, *_SEPARABLE, "dil_conv_3x3", "conv_7x1_1x7"),
        nodes=5,
        loose_ends=False,
    )


class NASNet(CellSpace):
    """13 operations on 5 nodes; the nodes that nothing reads are concatenated (Zoph et al., CVPR 2018)."""

    name = "nds-nasnet"
    rules = CellRules(
        space=name,
        operations=(
            "skip_connect",
            *_POOLS,
            "max_pool_5x5",
            "max_pool_7x7",
            "conv_1x1",
            "conv_3x3",
            "conv_3x1_1x3",
            "conv_7x1_1x7",
            *_SEPARABLE,
            "dil_conv_3x3",
        ),
        nodes=5,
        loose_ends=True,
    )


class Amoeba(CellSpace):
    """8 operations on 5 nodes; the nodes that nothing reads are concatenated (Real et al., AAAI 2019)."""

    name = "nds-amoeba"
    rules = CellRules(
        space=name,
        operations=("skip_connect", *_POOLS, *_SEPARABLE, "dil_sep_conv_3x3", "conv_7x1_1x7"),
        nodes=5,
        loose_ends=True,
    )
