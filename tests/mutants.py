"""Do the tests notice? Deliberate faults, one at a time, each in a copy of the package, against the tests for it.

    python tests/mutants.py                   # all faults: a table of caught and not caught
    python tests/mutants.py tournament split  # those whose names contain one of the words

A fault replaces one piece of text, which must stand exactly once in its file. It is caught when one of its test files
fails. The exit code is 1 when a fault survives. The kernels run interpreted, since every fault in one would have all of
them compiled again; hypothesis draws the same examples every time.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

_SECONDS = 600
"""The tests of a fault end within minutes, or not at all."""


@dataclass(frozen=True)
class Fault:
    """A deliberate fault.

    Attributes:
        name: what it does.
        file: below `eznas/`.
        old: the text that it replaces, which stands in the file once.
        new: what it puts there.
        tests: files below `tests/`, or tests in them as pytest names them, one of which should fail.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, source: str) -> str:
        """Return the source with the fault; an error when the file no longer has the text."""
        if source.count(self.old) != 1:
            raise LookupError(f"{self.file} has the text of the fault {self.name!r} {source.count(self.old)} times.")
        return source.replace(self.old, self.new)


_SELECTION = ("search/test_selection.py",)
_SHARDED = ("cluster/test_sharded_evaluator.py",)
_EVOLUTION = ("search/test_evolution.py",)
_FITNESS = ("search/test_fitness.py",)
_BATCHED = ("ops/test_batched.py",)
_ON_DEVICE = "scoring/test_batched_evaluator.py"
_TREE = ("genomes/test_tree.py",)
_SEQUENTIAL = ("genomes/test_sequential.py",)
_JOINING = ("discovery/test_joining.py",)
_FORMULAS = ("discovery/enumeration/test_formulas.py",)

FAULTS = (
    Fault(
        "cluster: a program that one worker gave up keeps its scores on the networks of others",
        "cluster/sharded_evaluator.py",
        "            scores[(np.isnan(scores) & ~self._unscorable).any(axis=1)] = np.nan",
        "            pass",
        _SHARDED,
    ),
    Fault(
        "cluster: the scores of a worker's networks go to those of another order",
        "cluster/sharded_evaluator.py",
        "scores[:, positions] = part.scores",
        "scores[:, positions[::-1]] = part.scores",
        _SHARDED,
    ),
    Fault(
        "cluster: parts of networks forget where they begin",
        "scoring/network_scores.py",
        "{first + place: reason",
        "{place: reason",
        ("cluster/test_network_scores.py",),
    ),
    Fault(
        "cluster: a worker with other files is not noticed",
        "cluster/shard.py",
        "if fingerprint != self._fingerprints[name]:",
        "if False:",
        _SHARDED,
    ),
    Fault(
        "units of any linear map: a used output still gets a normalisation",
        "statistics/flow_recorder.py",
        "isinstance(one, _Map) and one.is_unused]",
        "isinstance(one, _Map)]",
        ("statistics/test_flow_recorder.py",),
    ),
    Fault(
        "units of any linear map: of several activations the smallest is taken",
        "statistics/flow_recorder.py",
        "return max(filter(None, candidates)",
        "return min(filter(None, candidates)",
        ("statistics/test_flow_recorder.py",),
    ),
    Fault(
        "units of any linear map: an activation in place runs on its input",
        "statistics/flow_recorder.py",
        "given.clone()))",
        "given))",
        ("statistics/test_flow_recorder.py",),
    ),
    Fault(
        "units of any linear map: the noise of tokens acts on no embedding",
        "statistics/inputs.py",
        "if _place(indices) not in self._places:",
        "if _place(indices) in self._places:",
        ("statistics/test_inputs.py",),
    ),
    Fault(
        "units of any linear map: a weight in columns stays so",
        "statistics/flow_recorder.py",
        'if unit.rows is not None and group in ("wt", "wt_grad"):',
        'if unit.rows is not None and group in ("wt",):',
        ("statistics/test_flow_recorder.py",),
    ),
    Fault(
        "the tournament of parents takes the worst",
        "search/selection.py",
        "size=self._tournament).min())",
        "size=self._tournament).max())",
        _SELECTION,
    ),
    Fault(
        "the tournament of parents has size 1",
        "search/selection.py",
        "size=self._tournament).min())",
        "size=1).min())",
        _SELECTION,
    ),
    Fault(
        "the tournament of survivors takes the worst",
        "search/selection.py",
        "winner = max(contestants",
        "winner = min(contestants",
        _SELECTION,
    ),
    Fault(
        "the tournament of survivors has size 1",
        "search/selection.py",
        "size=self._tournament).tolist()",
        "size=1).tolist()",
        _SELECTION,
    ),
    Fault(
        "the worst mu survive",
        "search/selection.py",
        "self._distinct)[: self._mu])",
        "self._distinct)[-self._mu :])",
        _SELECTION,
    ),
    Fault(
        "parents do not survive",
        "search/selection.py",
        "return tuple(_simplest_of_each_kind([*parents, *offspring]",
        "return tuple(_simplest_of_each_kind([*offspring]",
        _SELECTION,
    ),
    Fault(
        "two uniform parents may be one",
        "search/selection.py",
        "replace=count > len(population)",
        "replace=True",
        _SELECTION,
    ),
    Fault(
        "repeats survive a tournament",
        "search/selection.py",
        'ring[winner] if self._distinct == "none" else ring.pop(winner)',
        "ring[winner]",
        _SELECTION,
    ),
    Fault(
        "crossover is nearly off",
        "search/evolution.py",
        "if choice < settings.crossover:",
        "if choice < 0.01 * settings.crossover:",
        _EVOLUTION,
    ),
    Fault(
        "mutation is off",
        "search/evolution.py",
        "elif choice < settings.crossover + settings.mutation:",
        "elif choice < settings.crossover:",
        _EVOLUTION,
    ),
    Fault(
        "the hall of fame forgets",
        "search/evolution.py",
        "best_of_each_ranking([*self._hall_of_fame, *told]",
        "best_of_each_ranking([*told]",
        _EVOLUTION,
    ),
    Fault(
        "a variation is never tried again",
        "search/evolution.py",
        "            if offspring.is_new(child.program):\n                break\n",
        "            break\n",
        _EVOLUTION,
    ),
    Fault(
        "a stored evolution goes on with other random numbers",
        "search/evolution.py",
        '            rng.bit_generator.state = json.loads(data["rng"])\n',
        '            json.loads(data["rng"])\n',
        _EVOLUTION,
    ),
    Fault(
        "a program is asked for again in the next generation",
        "search/evolution.py",
        "return program not in self.known and program not in self.new",
        "return program not in self.new",
        _EVOLUTION,
    ),
    Fault(
        "of equally fit programs the longer ranks first",
        "search/evaluated.py",
        "self.lost, self.program.size, self.program.digest",
        "self.lost, -self.program.size, self.program.digest",
        ("search/test_evaluated.py",),
    ),
    Fault(
        "who lost a race keeps a fitness above those who went on",
        "search/race.py",
        "fitness=min(lost.fitness, floor)",
        "fitness=lost.fitness",
        ("search/test_race.py",),
    ),
    Fault(
        "who lost a race is in the hall of fame",
        "search/evaluated.py",
        "if result.is_valid and not result.lost:",
        "if result.is_valid:",
        ("search/test_race.py",),
    ),
    Fault(
        "the worst of a race go on",
        "search/race.py",
        "ranked[math.ceil(self.share * valid) :]",
        "ranked[: -math.ceil(self.share * valid)]",
        ("search/test_race.py",),
    ),
    Fault(
        "races go on until all networks are nearly there",
        "search/race.py",
        "count <= share * most",
        "count <= most",
        ("search/test_race.py::test_every_race_is_on_as_many_times_more_networks_as_fewer_programs_are_left",),
    ),
    Fault(
        "who lost the first race is ranked above who lost the second",
        "search/fitness.py",
        "for race in reversed(races):",
        "for race in races:",
        ("search/test_race.py::test_who_lost_an_earlier_race_is_never_above_who_lost_a_later_one",),
    ),
    Fault(
        "the processor goes on rounding up",
        "system/rounding.py",
        "library.fesetround(before)",
        "pass",
        ("system/test_rounding.py",),
    ),
    Fault(
        "what is partly rounding is among the best after all",
        "search/fitness.py",
        'self._rejects_rounding = rounding == "rejected"',
        "self._rejects_rounding = False",
        ("search/test_fitness.py",),
    ),
    Fault(
        "a sampled unit counts once, however many it stands for",
        "scoring/aggregation.py",
        "np.float64(values[unit, program]) * stands_for[unit]",
        "np.float64(values[unit, program])",
        ("scoring/test_aggregation.py", "scoring/test_evaluator.py"),
    ),
    Fault(
        "a sample is the first units of each shape",
        "statistics/unit_sample.py",
        "units[(2 * place + 1) * len(units) // (2 * chosen)]",
        "units[place]",
        ("statistics/test_unit_sample.py",),
    ),
    Fault(
        "the best programs of a sample of units are reported as estimated",
        "runs/backend.py",
        "exact = evaluator_of(store, settings)",
        "exact = evaluator_of(store, settings, settings.units_per_shape)",
        ("runs/test_run.py::test_with_less_work_the_best_programs_are_measured_on_all_units",),
    ),
    Fault(
        "gradients that a program does not read count as rounding",
        "statistics/cancelled_gradients.py",
        "[rounding[address] for address in some]",
        "list(rounding.values())",
        ("statistics/test_cancelled_gradients.py",),
    ),
    Fault(
        "of an aggregate the gradients of the first member count",
        "scoring/ranking.py",
        "of_members = [next(rows) for _ in single_proxies([proxy])]",
        "of_members = [next(rows) for _ in single_proxies([proxy])][:1]",
        ("scoring/test_ranking.py",),
    ),
    Fault(
        "the size of a network forgets what leads into a residual block",
        "spaces/nasbench201.py",
        "parts += [_relu(width, side)]",
        "pass",
        ("spaces/test_nasbench201.py",),
    ),
    Fault(
        "a subclass has the sizes of other networks",
        "spaces/nasbench201.py",
        "if type(self).build is not NASBench201.build or image_size",
        "if image_size",
        ("spaces/test_nasbench201.py",),
    ),
    Fault(
        "the concatenation of shapes forgets the others",
        "spaces/skeleton.py",
        "shape[axis] = sum(lengths)",
        "shape[axis] = lengths[0]",
        ("spaces/test_skeleton.py",),
    ),
    Fault(
        "the orientation is lost",
        "search/fitness.py",
        "better = better if better.fitness >= falling.fitness else falling",
        "pass",
        _FITNESS,
    ),
    Fault(
        "each benchmark has an orientation of its own",
        "search/fitness.py",
        "[min(of_benchmark) for of_benchmark in judged]",
        "[min(map(abs, of_benchmark)) for of_benchmark in judged]",
        _FITNESS,
    ),
    Fault(
        "subsamples do not count",
        "search/fitness.py",
        "networks.subsample_taus(part) or [tau]",
        "[tau]",
        _FITNESS,
    ),
    Fault(
        "programs of one orientation only are repeats of each other",
        "search/fitness.py",
        "_ranking_digest(better.ranked)",
        "_ranking_digest(self._oriented(scores, 1, benchmarks).ranked)",
        _FITNESS,
    ),
    Fault(
        "crossover ignores the depth limits",
        "genomes/tree.py",
        "if child != first and is_valid(child, settings):",
        "if child != first:",
        _TREE,
    ),
    Fault(
        "point mutation changes the arity",
        "genomes/tree.py",
        "others = [code for code in of_arity if",
        "others = [code for code in sum(_alphabet(settings.own).of_arity, ()) if",
        _TREE,
    ),
    Fault(
        "arguments are exchanged",
        "genomes/tree.py",
        "builder.apply(code - TERMINAL_COUNT, first, second)",
        "builder.apply(code - TERMINAL_COUNT, *((first,) if second is None else (second, first)))",
        _TREE,
    ),
    Fault(
        "Mate takes whole parents",
        "genomes/sequential.py",
        "first[: max(1, len(first) // 2)], second[: (len(second) + 1) // 2]",
        "first, second",
        _SEQUENTIAL,
    ),
    Fault(
        "InsertOP inserts at the end only",
        "genomes/sequential.py",
        "place = int(rng.integers(len(instructions) + 1))",
        "place = len(instructions)",
        _SEQUENTIAL,
    ),
    Fault(
        "RemoveOP repairs nothing",
        "genomes/sequential.py",
        "return repair([*instructions[:place], *instructions[place + 1 :]], rng)",
        "return (*instructions[:place], *instructions[place + 1 :])",
        _SEQUENTIAL,
    ),
    Fault(
        "an argument may be replaced by itself",
        "genomes/sequential.py",
        ".space(address) if other != address]",
        ".space(address)]",
        _SEQUENTIAL,
    ),
    Fault(
        "the live share counts what is overwritten",
        "genomes/sequential.py",
        "                needed.remove(instruction.write)\n",
        "",
        _SEQUENTIAL,
    ),
    Fault(
        "tau-a in the place of tau-b",
        "correlation/rank_correlation.py",
        "math.sqrt(untied_x * untied_y)",
        "max(untied_x, untied_y)",
        ("correlation/test_rank_correlation.py::test_kendall_tau_equals_scipy",),
    ),
    Fault(
        "tied scores are half concordant",
        "correlation/rank_correlation.py",
        "order_x = int(x[j] > x_i) - int(x[j] < x_i)",
        "order_x = int(x[j] >= x_i) - int(x[j] < x_i)",
        ("correlation/test_rank_correlation.py::test_kendall_tau_equals_scipy",),
    ),
    Fault(
        "the top decile is the bottom one",
        "correlation/rank_correlation.py",
        "kept = accuracy >= threshold",
        "kept = accuracy <= threshold",
        ("correlation/test_rank_correlation.py::test_top_decile_keeps_a_tenth_rounded_up",),
    ),
    Fault(
        "one network that cannot be run makes all programs invalid",
        "search/fitness.py",
        "(np.isfinite(scores) | self._evaluator.unscorable).all()",
        "np.isfinite(scores).all()",
        _FITNESS,
    ),
    Fault(
        "a softmax of many units is over another axis than that of one",
        "ops/batched.py",
        "a.softmax(1 if a.ndim in {2, 4} else 2)",
        "a.softmax(1)",
        _BATCHED,
    ),
    Fault(
        "shapes are aligned in front of the axis of the units",
        "ops/batched.py",
        "argument.reshape(len(argument), *[1] * (axes - argument.ndim), *argument.shape[1:])",
        "argument.reshape(*[1] * (axes - argument.ndim), *argument.shape)",
        _BATCHED,
    ),
    Fault(
        "batched results are kept to the end",
        "ops/batched_plan.py",
        "                    del own[operand]",
        "                    pass",
        ("ops/test_batched_plan.py::test_intermediate_results_are_let_go",),
    ),
    Fault(
        "large tensors run on all units of a block",
        "ops/batched_plan.py",
        "min(most, *below, units_per_batch(max(1, self._elements(node)), batch_elements))",
        "min(most, *below)",
        ("ops/test_batched_plan.py::test_large_tensors_run_on_few_units_at_a_time",),
    ),
    Fault(
        "what reads a remembered number runs on more units at a time",
        "ops/batched_plan.py",
        "int(cached_units[self._plan.first[node]])",
        "most",
        (f"{_ON_DEVICE}::test_what_reads_a_remembered_number_runs_on_as_many_units_as_if_it_were_computed",),
    ),
    Fault(
        "units stand in a block as networks arrive",
        "scoring/unit_blocks.py",
        "self._waiting.pop(len(self.unit_counts), None)",
        "self._waiting.pop(network, None)",
        ("scoring/test_unit_blocks.py",),
    ),
    Fault(
        "a batched evaluator gives nothing up",
        "scoring/batched_evaluator.py",
        "                if blocks.unit_counts[network] > 0:",
        "                if blocks.unit_counts[network] < 0:",
        (f"{_ON_DEVICE}::test_what_is_given_up_on_the_first_network_is_not_computed_on_the_others",),
    ),
    Fault(
        "ties are broken by rounding",
        "search/fitness.py",
        "ranked = [rankable(scores[networks.positions], orientation)",
        "ranked = [orientation * np.ascontiguousarray(scores[networks.positions])",
        _FITNESS,
    ),
    Fault(
        "scores of little difference are no ties",
        "scoring/ties.py",
        "if not score - leader <= tolerance * leader:",
        "if not score - leader <= 0.0:",
        ("scoring/test_ties.py",),
    ),
    Fault(
        "the tolerance of ties does not grow with the scores",
        "scoring/ties.py",
        "if not score - leader <= tolerance * leader:",
        "if not score - leader <= tolerance:",
        ("scoring/test_ties.py",),
    ),
    Fault(
        "networks without a score are the best",
        "scoring/ties.py",
        "np.where(np.isnan(oriented), -np.inf, oriented)",
        "np.where(np.isnan(oriented), np.inf, oriented)",
        ("scoring/test_ranking.py",),
    ),
    Fault(
        "what only counts is said to move",
        "scoring/ranking.py",
        "not bool(agree(first, second).all())",
        "bool(agree(first, second).all())",
        ("scoring/test_ranking.py",),
    ),
    Fault(
        "networks are held out that evolution has seen",
        "runs/split.py",
        "order[count - held_out :]",
        "order[:held_out]",
        ("runs/test_split.py",),
    ),
    Fault(
        "the number held out moves the training networks",
        "runs/split.py",
        "cls(order[: settings.networks],",
        "cls(order[held_out : held_out + settings.networks],",
        ("runs/test_split.py",),
    ),
    Fault(
        "a subsample may have a network twice",
        "runs/split.py",
        "rng.permutation(settings.networks)[:size]",
        "rng.integers(settings.networks, size=size)",
        ("runs/test_split.py",),
    ),
    Fault(
        "a plan forgets what a loaded number replaces",
        "ops/plan.py",
        "            if digest in cached:\n",
        "            if digest in cached and len(nodes) == 0:\n",
        ("ops/test_plan.py",),
    ),
    Fault(
        "a value is given away before what it is streamed to is computed",
        "ops/schedule.py",
        "max(schedule.free_at[operand], schedule.sink[reader])",
        "max(schedule.free_at[operand], reader)",
        ("ops/test_schedule.py",),
    ),
    Fault(
        "a tensor is streamed to a reader that repeats it",
        "ops/schedule.py",
        "element_count(schedule.walked) == elements",
        "element_count(schedule.walked) >= elements",
        ("ops/test_schedule.py",),
    ),
    Fault(
        "a program is given up for a score that it has",
        "scoring/contenders.py",
        "positions[np.isnan(scores)]",
        "positions[~np.isnan(scores)]",
        ("scoring/test_evaluator.py",),
    ),
    Fault(
        "a plan mixes up which column is whose",
        "ops/plan.py",
        "[column_of[root] for root in roots]",
        "[column_of[root] for root in sorted(roots)]",
        ("ops/test_plan.py",),
    ),
    Fault(
        "a tensor that was not kept on a unit is remembered all the same",
        "scoring/remembered.py",
        "if all((network.axes[:, column] != NOT_KEPT).all() for network in networks):",
        "if networks:",
        ("scoring/test_remembered.py",),
    ),
    Fault(
        "the remembered tensors of a network begin where those of the first do",
        "scoring/remembered.py",
        "entry.starts[start:stop] - entry.starts[start] + end",
        "entry.starts[start:stop] + end",
        ("scoring/test_remembered.py",),
    ),
    Fault(
        "own operations read determinants that compiled code has computed",
        "scoring/evaluator.py",
        "keeps_tensors = self._keeps_tensors and not shared.uses_own",
        "keeps_tensors = self._keeps_tensors",
        ("scoring/test_plan_evaluation.py",),
    ),
    Fault(
        "all kept tensors are said to be the first",
        "ops/interpreter.py",
        "tensors.offsets[unit, place] = used",
        "tensors.offsets[unit, place] = 0",
        ("ops/test_interpreter.py",),
    ),
    Fault(
        "a mean of elements is the sum of their parts in another order",
        "ops/kernels/sums.py",
        "sums = sums[: sums.size // 2] + sums[sums.size // 2 :]",
        "sums = sums[::2] + sums[1::2]",
        ("ops/kernels/test_sums.py",),
    ),
    Fault(
        "terms are added without their logarithms",
        "scoring/aggregation.py",
        "np.copysign(np.log1p(np.abs(aggregates)), aggregates)",
        "aggregates",
        ("scoring/test_aggregation.py",),
    ),
    Fault(
        "evaluation takes in networks that an evolved proxy has seen",
        "runs/seen.py",
        "sum(next(drawn, {}).values())",
        "0",
        ("runs/test_seen.py",),
    ),
    Fault(
        "a table that grew hides what was seen",
        "runs/seen.py",
        "if told_again is None else told_again",
        "if told_again is not None else frozenset()",
        ("runs/test_seen.py",),
    ),
    Fault(
        "an island's tournament takes the worst",
        "discovery/island.py",
        "if value > best_value:",
        "if value < best_value:",
        ("discovery/test_search.py",),
    ),
    Fault(
        "a term that is turned the other way is added to the others",
        "discovery/joining.py",
        "ADDED if turned_alike else SUBTRACTED",
        "ADDED",
        _JOINING,
    ),
    Fault(
        "the fitness of a join is that of its terms added, whatever they are turned by",
        "discovery/joining.py",
        "np.where(wanted, turns, 0)",
        "wanted.astype(np.int64)",
        _JOINING,
    ),
    Fault(
        "terms that cancel but for rounding are no ties in a join",
        "discovery/joining.py",
        "settled(score, size)",
        "score",
        _JOINING,
    ),
    Fault(
        "a pair is joined with one of its own terms again",
        "discovery/joining.py",
        "else ~np.isin(places, members)",
        "else places >= 0",
        _JOINING,
    ),
    Fault(
        "of the joins of a size the worst are kept",
        "discovery/joining.py",
        "for falling in -merits[rows, columns].T:",
        "for falling in merits[rows, columns].T:",
        _JOINING,
    ),
    Fault(
        "an island takes in what it found itself",
        "discovery/search.py",
        "source = found[number - 1]",
        "source = found[number]",
        ("discovery/test_search.py",),
    ),
    Fault(
        "the worst benchmark does not decide",
        "discovery/fitness.py",
        "return float(values.min())",
        "return float(values.max())",
        ("discovery/test_fitness.py", "discovery/test_criterion.py"),
    ),
    Fault(
        "a formula that ranks backwards is worth nothing",
        "discovery/fitness.py",
        "return max(_oriented_fitness(arrays, work.merits, 1), _oriented_fitness(arrays, work.merits, -1))",
        "return _oriented_fitness(arrays, work.merits, 1)",
        ("discovery/test_fitness.py",),
    ),
    Fault(
        "validation networks do not count in the choice",
        "discovery/lead.py",
        "networks * of.training + turned_fitness(of.scores, problem)",
        "networks * of.training + 0 * turned_fitness(of.scores, problem)",
        ("discovery/test_choice.py", "discovery/test_lead.py"),
    ),
    Fault(
        "a seed formula never stays",
        "discovery/choice.py",
        "not self.lead > (",
        "self.lead < -1 - (",
        ("discovery/test_choice.py",),
    ),
    Fault(
        "the networks that choose also judge",
        "discovery/lead.py",
        "in (parts, parts[::-1]):",
        "in ((parts[0], parts[0]), (parts[1], parts[1])):",
        ("discovery/test_lead.py",),
    ),
    Fault(
        "validation networks turn a formula by themselves",
        "discovery/choice.py",
        "judge(one, validation, on_validation, judge(one, training, on_training).orientation)",
        "judge(one, validation, on_validation)",
        ("discovery/test_choice.py",),
    ),
    Fault(
        "a resample is not of the same networks for both formulas",
        "discovery/lead.py",
        "first, second = turned_fitness(scores[:, networks.ravel()]",
        "first, second = turned_fitness(scores[:, rng.permuted(networks, axis=1).ravel()]",
        ("discovery/test_lead.py",),
    ),
    Fault(
        "held-out networks are training networks",
        "discovery/networks.py",
        "others[len(others) - rest :])",
        "order[:rest])",
        ("discovery/test_networks.py",),
    ),
    Fault(
        "of equal formulas the one that came first is kept",
        "discovery/enumeration/formulas.py",
        "if _precedes(codes, kept[place]):",
        "if False:",
        _FORMULAS,
    ),
    Fault(
        "the mean over units is their sum",
        "discovery/enumeration/formulas.py",
        "scores[1, network] = total / count",
        "scores[1, network] = total",
        _FORMULAS,
    ),
    Fault(
        "quotients are formed one way only",
        "discovery/enumeration/formulas.py",
        "(other, row) if way == _SWAPPED else (row, other)\n                map_two",
        "(row, other) if way == _SWAPPED else (row, other)\n                map_two",
        _FORMULAS,
    ),
    Fault(
        "tied accuracies count as pairs",
        "discovery/enumeration/tau.py",
        "untied -= 1",
        "untied -= 0",
        ("discovery/enumeration/test_tau.py",),
    ),
    Fault(
        "the last round of features is not made",
        "discovery/enumeration/rounds.py",
        "while level <= depth and not left_out:",
        "while level < depth and not left_out:",
        ("discovery/enumeration/test_rounds.py",),
    ),
    Fault(
        "what units contribute to a mean is not averaged",
        "scoring/network_detail.py",
        "shares /= np.maximum(valid.sum(axis=0), 1)",
        "shares /= 1",
        ("scoring/test_network_detail.py",),
    ),
    Fault(
        "an epoch that is done again after an interruption has two records",
        "discovery/session.py",
        "if discovery.epochs > len(history):",
        "if discovery.epochs:",
        ("discovery/test_session.py",),
    ),
    Fault(
        "a tau whose interval begins at zero counts as shown",
        "report/html/verdict.py",
        "(low is None or low <= 0)",
        "(low is None or low < 0)",
        ("report/html/test_verdict.py",),
    ),
    Fault(
        "as many helpers are started as there are threads",
        "system/helpers.py",
        "len(self._helpers) < self._inside - 1",
        "len(self._helpers) < self._inside",
        ("system/test_helpers.py",),
    ),
    Fault(
        "a helper whose answer nobody read is asked again",
        "system/helpers.py",
        "                self._lose(helper)\n            raise",
        "                helper.busy = False\n            raise",
        ("system/test_helpers.py",),
    ),
    Fault(
        "a part is made before those that it needs",
        "system/compilation.py",
        "if names.isdisjoint(part.needs)]",
        "]",
        ("system/test_compilation.py",),
    ),
    Fault(
        "a part is made while another process is at it",
        "system/compilation.py",
        "        if not lock(descriptor):\n            return False\n",
        "",
        ("system/test_compilation.py",),
    ),
    Fault(
        "what was compiled of older code counts as made",
        "system/compilation.py",
        '.read_text("utf-8") == part.key',
        '.read_text("utf-8") != ""',
        ("system/test_compilation.py",),
    ),
    Fault(
        "spaces on which a formula is ahead are those of the first seed",
        "experiments/left_out_content.py",
        '["by_seed"][seed]',
        '["by_seed"][0]',
        ("experiments/test_left_out.py::test_what_is_ahead_is_counted_by_means_and_by_seeds",),
    ),
    Fault(
        "the median of an even number of benchmarks is the upper of two",
        "discovery/fitness.py",
        "(rising[middle - 1] + rising[middle]) / 2",
        "rising[middle]",
        ("discovery/test_fitness.py::test_several_benchmarks_are_combined_as_numpy_combines_them",),
    ),
    Fault(
        "a product is rounded before it is added",
        "ops/kernels/products.py",
        "(left[:, k, None] * right[k] + total)",
        "((left[:, k, None] * right[k]).astype(np.float32) + total)",
        ("ops/kernels/test_products.py",),
    ),
    Fault(
        "a product with zeros is zero whatever the other is",
        "ops/kernels/matrices.py",
        "(is_zero_operand(a, workspace) and is_finite_operand(b, workspace))",
        "is_zero_operand(a, workspace)",
        ("ops/kernels/test_kernels.py::test_matmul_with_zeros_is_zero_where_the_other_is_finite",),
    ),
    Fault(
        "a helper is begun for every few networks",
        "scoring/helping.py",
        "min(threads - 1, networks // _NETWORKS_FOR_EACH)",
        "networks // _NETWORKS_FOR_EACH",
        ("scoring/test_helping.py",),
    ),
    Fault(
        "helpers are begun beside those that are there",
        "system/helpers.py",
        "for _ in range(count - len(self._helpers)):",
        "for _ in range(count):",
        ("system/test_helpers.py::test_helpers_that_are_begun_answer_without_a_meeting_of_threads",),
    ),
    Fault(
        "what was known of the numbers of another unit is believed",
        "ops/interpreter.py",
        "workspace.extremes[operand] = UNKNOWN",
        "pass",
        ("ops/test_interpreter.py",),
    ),
    Fault(
        "every product of squares has the first matrix",
        "ops/kernels/products.py",
        "multiply_small(result, a, b, (start, start, start), (order, order, order))",
        "multiply_small(result, a, b, (start, start, 0), (order, order, order))",
        ("ops/kernels/test_products.py::test_squares_have_the_stated_order",),
    ),
    Fault(
        "the last of many numbers are not looked at",
        "ops/kernels/extremes.py",
        "for i in range(whole, values.size):",
        "for i in range(whole, values.size - 1):",
        ("ops/kernels/test_extremes.py",),
    ),
    Fault(
        "a plan of fewer programs keeps the columns of all",
        "ops/plan.py",
        "np.searchsorted(columns, roots)",
        "self.root_columns[: len(roots)]",
        ("ops/test_plan.py",),
    ),
    Fault(
        "a matrix that leading axes repeat is taken as if it were not",
        "ops/kernels/matrices.py",
        "if b.values.size != count * of_b:",
        "if False:",
        ("ops/kernels/test_kernels.py::test_matmul_of_any_shapes",),
    ),
    Fault(
        "eigenvalues: the shift that is farther from the last element is taken",
        "ops/kernels/symmetric_eigenvalues.py",
        "if abs(mean + root - d) <= abs(mean - root - d)",
        "if abs(mean + root - d) > abs(mean - root - d)",
        ("ops/kernels/test_symmetric_eigenvalues.py",),
    ),
    Fault(
        "eigenvalues: what a reflection moves below the diagonal goes on with the wrong sign",
        "ops/kernels/symmetric_eigenvalues.py",
        "return below, far, -moved, -moved * y",
        "return below, far, -moved, moved * y",
        ("ops/kernels/test_symmetric_eigenvalues.py",),
    ),
    Fault(
        "eigenvalues: rows that are zero but for their diagonal stay where they are",
        "ops/kernels/symmetric_eigenvalues.py",
        "        if others == 0.0:\n            return True\n",
        "",
        ("ops/kernels/test_symmetric_eigenvalues.py",),
    ),
    Fault(
        "simplify: a product with zeros is zero also of what may be infinite",
        "ops/simplify.py",
        "return known.finite and known.not_negative and known.no_minus_zero",
        "return known.not_negative and known.no_minus_zero",
        ("ops/test_simplify.py",),
    ),
    Fault(
        "columns are multiplied by the reciprocal of a denormal pivot",
        "ops/kernels/factorization.py",
        "bool(np.abs(pivot) < LEAST_NORMAL and pivot != ZERO)",
        "False",
        ("ops/kernels/test_factorization.py",),
    ),
    Fault(
        "an adaptive mean keeps the side that it is to set",
        "spaces/skeleton.py",
        "side if size is None else size",
        "side if size is None else side",
        ("spaces/test_skeleton.py",),
    ),
    Fault(
        "another process is begun for parts that are there",
        "scoring/kernel_loading.py",
        "available_cores() > 1 and are_missing(parts)",
        "available_cores() > 1",
        ("scoring/test_kernel_loading.py",),
    ),
    Fault(
        "shared memory that became too small is written to",
        "scoring/collecting.py",
        "self._memory is None or len(self._memory) < values.nbytes",
        "self._memory is None",
        ("scoring/test_collecting.py",),
    ),
    Fault(
        "a helper scores with the weights of another draw",
        "scoring/benchmark_scorer.py",
        "        return BenchmarkScorer(self.proxies, self.benchmark.load(), self.settings)",
        "        return BenchmarkScorer(self.proxies, self.benchmark.load(), ScoringSettings())",
        ("scoring/test_benchmark_scorer.py::test_scores_of_a_helper_are_the_same_to_the_last_bit",),
    ),
    Fault(
        "a helper that cannot score is asked for every network",
        "scoring/benchmark_scorer.py",
        "self._may_help &= column is not None",
        "self._may_help &= True",
        ("scoring/test_benchmark_scorer.py",),
    ),
    Fault(
        "resamples take one network too few for the best tenth",
        "correlation/rank_correlation.py",
        "while len(values) - smaller[threshold] < math.ceil(len(values) / 10):",
        "while len(values) - smaller[threshold] < len(values) // 10:",
        ("correlation/test_rank_correlation.py",),
    ),
    Fault(
        "the cells of a page are not escaped",
        "report/html/parts.py",
        "text = escape(_text(cell))",
        "text = _text(cell)",
        ("report/html/test_report.py",),
    ),
)


@contextmanager
def copied_project() -> Iterator[Path]:
    """Yield a temporary copy of package and tests, without compiled kernels."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        copy = Path(name)
        for folder in ("eznas", "tests"):
            shutil.copytree(
                ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("*.nbi", "*.nbc", ".hypothesis")
            )
        shutil.copy2(ROOT / "pyproject.toml", copy)
        yield copy


def run_tests(copy: Path, tests: tuple[str, ...], *, quiet: bool = True) -> int:
    """Run test files of the copy on its package; return pytest's exit code, or -SIGALRM if they did not end in time.

    In a fork of this process, which has imported what is slow to import and nothing of the package.
    """
    child = os.fork()
    if child == 0:
        try:
            if quiet:
                signal.alarm(_SECONDS)  # a fault may make a loop endless
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, 1)
                os.dup2(nowhere, 2)
            os.chdir(copy)
            sys.path[0] = os.environ["PYTHONPATH"] = str(copy)
            os._exit(pytest.main(["-n", "0", "-x", "-q", "-p", "no:cacheprovider", *(f"tests/{one}" for one in tests)]))
        finally:
            os._exit(pytest.ExitCode.INTERNAL_ERROR)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def verdict(copy: Path, fault: Fault) -> str:
    """Return `caught`, `NOT CAUGHT`, or what kept the tests from judging."""
    path = copy / "eznas" / fault.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(fault.applied(whole), encoding="utf-8")
    try:
        code = run_tests(copy, fault.tests)
    finally:
        path.write_text(whole, encoding="utf-8")
    verdicts = {
        pytest.ExitCode.TESTS_FAILED: "caught",
        pytest.ExitCode.OK: "NOT CAUGHT",
        -signal.SIGALRM: f"no end in {_SECONDS} s",
    }
    return verdicts.get(code, f"no verdict: pytest ended with {code}")


def main() -> int:
    """Print a line for every fault; return 1 when one survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="of the names of the faults to try; all when none is given")
    words = parser.parse_args().words
    os.environ["NUMBA_DISABLE_JIT"] = "1"  # before numba is imported
    sys.dont_write_bytecode = True  # two faults within a second would leave compiled files that look fresh
    for slow in ("torch", "numba", "scipy.stats"):
        importlib.import_module(slow)
    chosen = [fault for fault in FAULTS if not words or any(word in f"{fault.file} {fault.name}" for word in words)]
    survived = 0
    with copied_project() as copy:
        unchanged = tuple(sorted({test for fault in chosen for test in fault.tests}))
        if run_tests(copy, unchanged, quiet=False) != 0:
            print("The tests fail without any fault: mend that first.")
            return 1
        for fault in chosen:
            started = time.perf_counter()
            found = verdict(copy, fault)
            survived += found != "caught"
            print(f"{found:<12} {fault.file:<24} {fault.name}  ({time.perf_counter() - started:.0f} s)", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} faults are caught.")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
