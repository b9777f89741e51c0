"""Presets: where the settings that nobody gives come from.

`default` is what works best here: the defaults that the settings are declared with. `paper` is the published method
and nothing else.

Source: EZNAS (NeurIPS 2022). What its appendix states is marked with the section. It names neither the algorithm nor
the library; [assumed] are the choices of `eaMuPlusLambda`, `varOr` and `selTournament` of DEAP, whose parameters have
the names of section 1.7 (mu, lambda_, crossover and mutation probability, tournament size) and whose `genHalfAndHalf`
takes a least and a greatest depth. Settings that the appendix is silent on and that no such library decides, such as
the lengths of sequential genomes, are in no preset.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from eznas.options import Preset

PAPER: Final[Mapping[str, Any]] = {
    "networks": 100,  # Figure 4
    "batch_size": 1,  # Figure 4
    "unit": "R-C-B",  # 1.6
    "third_pass": "perturbed",  # 1.3
    "to_scalar": "mean",  # 1.6
    "aggregation": "mean",  # section 3 of the paper: the scores of the units are averaged
    "fitness_samples": "all",  # Figure 4: one correlation over the 100 networks
    "rounding": "accepted",  # nothing is said of it
    "units_per_shape": 0,  # 1.6: the mean over all units
    "race_networks": 0,  # Figure 4: every program on the 100 networks
    "generations": 15,  # 1.7
    "population": 50,  # 1.7
    "tournament": 4,  # 1.7
    "mu": 25,  # 1.7
    "lambda": 50,  # 1.7
    "crossover": 0.4,  # 1.7
    "mutation": 0.4,  # 1.7
    "selection": "survivors",  # [assumed] eaMuPlusLambda: uniform parents, selTournament for the survivors
    "distinct": "none",  # [assumed] selTournament draws with replacement, and copies survive
    "novelty_retries": 0,  # [assumed] varOr tries once
    "random_share": 0.0,  # [assumed] varOr makes no fresh individuals
    "tree": {
        "minimum_depth": 2,  # 1.7
        "maximum_depth": 10,  # 1.7
        "initial_maximum_depth": 10,  # [assumed] 1.7 has one range of depths: it is that of the initial trees, too
        "mutation_depth": 2,  # [assumed] as in the examples of DEAP
    },
}
"""The published method, by the keys of `RunSettings.from_mapping`."""

PRESETS: Final[Mapping[Preset, Mapping[str, Any]]] = {"default": {}, "paper": PAPER}
