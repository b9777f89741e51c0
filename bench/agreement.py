"""Do the compiled kernels give the numbers of the PyTorch reference? Random programs on real statistics.

    python bench/agreement.py --genome tree --programs 100000 --benchmark nasbench201-cifar10

Random genomes are compiled and run twice on a handful of units of different shapes: in plans of `--batch` programs by
the interpreter, and one by one by the reference in float32 PyTorch. With C the reference's result on a unit,
r = mean(C) and k the interpreter's number, they agree if

    |k - r| <= tolerance * max(|r|, mean |C|)        (mean |C| because a mean of mixed signs cancels)

or if both are not finite, or if both call the shapes invalid. Any other pair is put to the test whether float32
determines the value at all. The reference is run in float64, and many times in float32 with the rounding errors that
any implementation may make: a unit in the last place (2^-23) in the arguments of sums and determinants and in the
results of functions that are not correctly rounded, up to eight of the largest entry in a matrix whose eigenvalues
are asked for, and for these also the LAPACK of scipy in place of PyTorch's; for determinants, elimination as textbooks
have it, which rounds every product and difference and so meets exact zeros where fused operations meet none, and a
determinant of 0 where the smallest singular value is no more than a unit in the last place of the largest. If one of
these runs moves the value by at least a tenth of |k - r| (where only one of k and r is finite: makes it finite or not
as k is, or changes a finite r by all of its size), then the program is ill-conditioned or discontinuous there: the sign
of a rounding error, the logarithm of a singular determinant, the order of close eigenvalues. If none does, the
disagreement is real, and the exit code is 1.

Each batch runs in a process of its own with a time limit, so that a crash or a hang is counted and the study goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import lapack
from torch import Tensor

from eznas import benchmarks, genomes
from eznas.ops.catalogue import BY_NAME
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.notation import format_program
from eznas.ops.plan import Plan
from eznas.ops.program import Program
from eznas.ops.reference import apply, general_ratio, gram, run_program, symmetric_ratio
from eznas.ops.shape_check import ShapeError
from eznas.statistics.collect import CollectionSettings, collect, make_inputs
from eznas.statistics.tensors import NetworkStatistics
from eznas.terminals import TERMINAL_COUNT

TOLERANCE: Final = 1e-4
TINIEST: Final = 1e-37  # below it float32 has no full precision to agree in
COMPARABLE: Final = 0.1  # how much of a disagreement the reference's own sensitivity must explain
PERTURBED_RUNS: Final = 300
ONE_ULP: Final = 2.0**-23

AGREE, BOTH_INVALID, BOTH_NOT_FINITE = "agree", "both invalid", "both not finite"
ILL_CONDITIONED, REAL = "ill-conditioned or discontinuous", "real disagreement"
CRASH, HANG = "crash", "hang"
SEVERITY: Final = (BOTH_INVALID, BOTH_NOT_FINITE, AGREE, ILL_CONDITIONED, REAL)

# What a correct implementation may do: give the exact result for arguments that are off by a rounding error of each
# element (sums), or of the largest element of each row (LU factorisation), or for a matrix that is off by a few of its
# largest element (eigenvalues), or a result that is off by a rounding error (functions).
SUMS: Final = frozenset(
    BY_NAME[name].id
    for name in (
        *("matmul", "frobenius_norm", "normalized_sum", "l1_norm"),
        *("kl_divergence", "cosine_similarity", "normalize", "softmax"),
    )
)
DETERMINANT, LOG_DETERMINANT = BY_NAME["determinant"].id, BY_NAME["log_determinant"].id
DETERMINANTS: Final = frozenset({DETERMINANT, LOG_DETERMINANT, BY_NAME["log_abs_determinant"].id})
SYM_EIG_RATIO, EIG_RATIO = BY_NAME["sym_eig_ratio"].id, BY_NAME["eig_ratio"].id
# LAPACK promises a modest multiple of the order; orders here reach 64. Without an error the exact zeros of a singular
# matrix stay, such as the all-equal one, and two LAPACKs already differ in where they put them.
EIGENVALUE_ULPS: Final = (0, 1, 2, 4, 8)
FUNCTIONS: Final = frozenset(BY_NAME[name].id for name in ("log", "abs_log", "exp", "sigmoid", "normalize", "softmax"))

Unit = list[Tensor]


@dataclass
class Tally:
    """What a batch, or the whole study, found.

    Attributes:
        programs: programs by their worst unit.
        evaluations: programs times units.
        worst: the largest |k - r| / scale among agreeing pairs, and its program.
        examples: formulas with numbers, of real disagreements first.
    """

    programs: Counter[str] = field(default_factory=Counter)
    evaluations: Counter[str] = field(default_factory=Counter)
    worst: tuple[float, str] = (0.0, "")
    examples: dict[str, list[str]] = field(default_factory=lambda: {ILL_CONDITIONED: [], REAL: []})
    interpreter_seconds: float = 0.0
    reference_seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Add what another batch found."""
        self.programs += other.programs
        self.evaluations += other.evaluations
        self.worst = max(self.worst, other.worst)
        for kind, examples in other.examples.items():
            self.examples[kind] = (self.examples[kind] + examples)[:20]
        self.interpreter_seconds += other.interpreter_seconds
        self.reference_seconds += other.reference_seconds


def main() -> int:
    """Run the study; 0 if nothing disagrees, crashes or hangs."""
    options = _parse()
    torch.set_num_threads(1)
    statistics = _choose_units(options)
    units = [[torch.from_numpy(np.array(view)) for view in _tensors(statistics, u)] for u in range(statistics.units)]
    print(f"{statistics.units} units: " + "; ".join(str(tuple(unit[0].shape) + tuple(unit[4].shape)) for unit in units))
    _run_batch(options, 0, 2, statistics, units)  # compiles before the time limit counts

    total = Tally()
    started = time.perf_counter()
    starts = range(0, options.programs, options.batch)
    for done, tally in enumerate(_in_processes(options, starts, statistics, units), 1):
        total.add(tally)
        if done % 20 == 0:
            print(f"{min(done * options.batch, options.programs)} programs: {dict(total.programs)}", file=sys.stderr)
    report = _report(options, statistics, total, time.perf_counter() - started)
    print(json.dumps(report, indent=2))
    if options.json is not None:
        Path(options.json).write_text(json.dumps(report, indent=2) + "\n")
    return int(any(total.programs[kind] for kind in (REAL, CRASH, HANG)))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genome", choices=genomes.names(), default="tree")
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--benchmark", default="digits", help="the source of networks and images")
    parser.add_argument("--units", type=int, default=5, help="how many units, the smallest of each shape first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to-scalar", choices=("mean", "l2"), default="mean")
    parser.add_argument("--batch", type=int, default=500, help="programs per plan")
    parser.add_argument("--time-limit", type=int, default=300, help="seconds per batch")
    parser.add_argument("--workers", type=int, default=1, help="processes at a time")
    parser.add_argument("--json", help="file to write the report to")
    return parser.parse_args()


def _choose_units(options: argparse.Namespace) -> NetworkStatistics:
    """Units of different shapes from a few networks, half of them with one image, half with three."""
    rng = np.random.default_rng(options.seed)
    benchmark = benchmarks.load(options.benchmark)
    found: dict[tuple[Any, ...], list[np.ndarray]] = {}
    for number, index in enumerate(benchmark.sample(4, rng)):
        images = torch.from_numpy(benchmark.image_batch(1 + 2 * (number % 2), rng))
        inputs = make_inputs(images, options.seed + number)
        settings = CollectionSettings(unit="R-C-B" if number < 2 else "C-B-R")
        statistics = collect(benchmark.build(int(index)), inputs, settings, options.seed, str(index))
        for unit in range(statistics.units):
            tensors = [np.array(view) for view in _tensors(statistics, unit)]
            found.setdefault(tuple(tensor.shape for tensor in tensors), tensors)
    by_size = sorted(found.values(), key=lambda tensors: sum(tensor.size for tensor in tensors))
    return _pack(by_size[: options.units])


def _tensors(statistics: NetworkStatistics, unit: int) -> list[np.ndarray]:
    return [statistics.tensor(unit, address) for address in range(TERMINAL_COUNT)]


def _pack(units: list[list[np.ndarray]]) -> NetworkStatistics:
    """Put units of different networks together as if they were one network's."""
    sizes = np.array([[tensor.size for tensor in tensors] for tensors in units])
    shapes = np.ones((len(units), TERMINAL_COUNT, 4), np.int64)
    for unit, tensors in enumerate(units):
        for address, tensor in enumerate(tensors):
            shapes[unit, address, : tensor.ndim] = tensor.shape
    return NetworkStatistics(
        name="units of several networks",
        values=np.concatenate([tensor.ravel() for tensors in units for tensor in tensors]),
        offsets=(np.cumsum(sizes) - sizes.ravel()).reshape(sizes.shape),
        shapes=shapes,
        axes=np.array([[tensor.ndim for tensor in tensors] for tensors in units]),
    )


def _in_processes(options: argparse.Namespace, starts: range, statistics: NetworkStatistics, units: list[Unit]) -> Any:
    """Yield the tally of every batch, run in forked processes that share the units."""
    context = multiprocessing.get_context("fork")
    waiting = list(starts)[::-1]
    running: list[tuple[Any, Connection, int]] = []
    while waiting or running:
        while waiting and len(running) < options.workers:
            start = waiting.pop()
            count = min(options.batch, options.programs - start)
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_child, args=(sender, options, start, count, statistics, units))
            process.start()
            sender.close()
            running.append((process, receiver, count))
        process, receiver, count = running.pop(0)
        tally = Tally()
        # Second by second: a study that is suspended and continued has not timed out.
        if any(receiver.poll(1.0) for _ in range(options.time_limit)):
            try:
                tally = receiver.recv()
            except EOFError:
                tally.programs[CRASH] = count
        else:
            process.kill()
            tally.programs[HANG] = count
        process.join()
        yield tally


def _child(
    sender: Connection,
    options: argparse.Namespace,
    start: int,
    count: int,
    statistics: NetworkStatistics,
    units: list[Unit],
) -> None:
    sender.send(_run_batch(options, start, count, statistics, units))


def _run_batch(
    options: argparse.Namespace, start: int, count: int, statistics: NetworkStatistics, units: list[Unit]
) -> Tally:
    """Draw the programs from `start` on, run them both ways and compare."""
    rng = np.random.default_rng([options.seed, start])
    kind = genomes.get(options.genome)
    programs = [kind.genome.random(rng, kind.settings()).compile() for _ in range(count)]
    plan = Plan.of(programs)
    tally = Tally()

    began = time.perf_counter()
    numbers, valid, _ = evaluate_plan(
        plan, statistics.values, statistics.offsets, statistics.shapes, statistics.axes, options.to_scalar
    )
    tally.interpreter_seconds = time.perf_counter() - began

    for program, column in zip(programs, plan.root_columns, strict=True):
        kinds = []
        for unit, tensors in enumerate(units):
            number = float(numbers[unit, column]) if valid[unit, column] else None
            if number is not None and options.to_scalar == "l2":
                number = abs(number)  # the interpreter records a single number with its sign
            kinds.append(compare(program, number, tensors, options.to_scalar, rng, tally))
        tally.evaluations.update(kinds)
        tally.programs[max(kinds, key=SEVERITY.index)] += 1
    return tally


def compare(
    program: Program, number: float | None, tensors: Unit, to_scalar: str, rng: np.random.Generator, tally: Tally
) -> str:
    """Return the kind of one pair: a number, None where invalid, and the reference on the same unit."""
    began = time.perf_counter()
    result = run_program(program, tensors)
    tally.reference_seconds += time.perf_counter() - began
    if result is None or number is None:
        if result is None and number is None:
            return BOTH_INVALID
        tally.examples[REAL].append(f"{_text(program)}: interpreter {number}, reference shape {result}")
        return REAL
    reference, scale = _number(result, to_scalar), _scale(result, to_scalar)
    if not math.isfinite(number) and not math.isfinite(reference):
        return BOTH_NOT_FINITE
    difference = abs(number - reference)
    if difference <= TOLERANCE * scale + TINIEST:
        if scale > TINIEST / TOLERANCE:
            tally.worst = max(tally.worst, (difference / scale, _text(program)))
        return AGREE
    moved = _sensitivity(program, number, reference, tensors, to_scalar, rng)
    kind = ILL_CONDITIONED if moved else REAL
    tally.examples[kind].append(f"{_text(program)}: interpreter {number!r}, reference {reference!r}, scale {scale!r}")
    return kind


def _text(program: Program) -> str:
    return format_program(program)[:600]


def _number(result: Tensor, to_scalar: str) -> float:
    if result.numel() == 1 and to_scalar == "mean":
        return float(result)
    wide = result.double()
    return float((wide.mean() if to_scalar == "mean" else wide.norm()).float())


def _scale(result: Tensor, to_scalar: str) -> float:
    return _number(result.abs() if to_scalar == "mean" else result, to_scalar)


def _sensitivity(
    program: Program, number: float, reference: float, tensors: Unit, to_scalar: str, rng: np.random.Generator
) -> bool:
    """Whether the reference's own value moves by a comparable amount under rounding errors."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    for run in range(PERTURBED_RUNS + 1):
        result = _perturbed(program, tensors, None if run == 0 else generator)
        if result is None:
            continue
        moved = _number(result, to_scalar)
        if math.isfinite(number) != math.isfinite(reference):
            if math.isfinite(moved) == math.isfinite(number) or abs(moved - reference) >= abs(reference):
                return True
        elif math.isfinite(moved) != math.isfinite(reference) or abs(moved - reference) >= COMPARABLE * abs(
            number - reference
        ):
            return True
    return False


def _perturbed(program: Program, tensors: Unit, generator: torch.Generator | None) -> Tensor | None:
    """The reference in float64 (no generator), or in float32 with errors of one unit in the last place."""
    values = [tensor.double() if generator is None else tensor for tensor in tensors]
    try:
        for operation, first, second in program.nodes:
            arguments = [values[operand] for operand in (first, second) if operand >= 0]
            values.append(
                apply(operation, *arguments) if generator is None else _apply_shaken(operation, arguments, generator)
            )
    except ShapeError:
        return None
    return values[program.output]


def _apply_shaken(operation: int, arguments: list[Tensor], generator: torch.Generator) -> Tensor:
    """The result of one operation with the rounding errors that it may make."""
    if operation in SUMS:
        arguments = [_shake(argument, argument, generator) for argument in arguments]
    elif operation in DETERMINANTS:
        way = int(torch.randint(3, (), generator=generator))
        if way == 0:
            return _by_elimination(operation, arguments[0].numpy()).reshape(arguments[0].shape[:-2])
        if way == 1:
            return _of_singular_ones(operation, arguments[0])
        arguments = [_shake(argument, _row_size(argument), generator) for argument in arguments]
    result = apply(operation, *arguments)
    if operation in FUNCTIONS:
        result = _shake(result, result, generator)
    elif operation in (SYM_EIG_RATIO, EIG_RATIO):
        matrix = gram(arguments[0])
        ulps = EIGENVALUE_ULPS[int(torch.randint(len(EIGENVALUE_ULPS), (), generator=generator))]
        shaken = _shake(matrix, ulps * matrix.abs().max(), generator)
        if bool(torch.randint(2, (), generator=generator)):
            result = _ratio_by_scipy(operation, shaken)
        else:
            result = symmetric_ratio(shaken) if operation == SYM_EIG_RATIO else general_ratio(shaken)
    return result


def _by_elimination(operation: int, matrices: NDArray[np.float32]) -> Tensor:
    """A determinant, or a logarithm of it, by float32 elimination with partial pivoting, one rounding at a time."""
    order = matrices.shape[-1]
    rest = matrices.reshape(-1, order, order).copy()
    every = np.arange(len(rest))
    sign = np.ones(len(rest), np.float32)
    with np.errstate(all="ignore"):
        for column in range(order):
            chosen = column + np.abs(rest[:, column:, column]).argmax(axis=1)
            sign[chosen != column] *= -1
            rest[every, chosen], rest[:, column] = rest[:, column].copy(), rest[every, chosen].copy()
            pivot = rest[:, column, column, None]
            factors = np.where(pivot == 0, np.float32(0), rest[:, column + 1 :, column] / pivot)
            rest[:, column + 1 :] -= factors[..., None] * rest[:, None, column]
        pivots = rest[:, range(order), range(order)]
        if operation == DETERMINANT:
            return torch.from_numpy(sign * pivots.prod(axis=1))
        logarithms = np.log(np.abs(pivots)).sum(axis=1)
        if operation == LOG_DETERMINANT:
            undefined = (sign * np.sign(pivots).prod(axis=1) < 0) | np.isnan(logarithms)
        else:
            undefined = logarithms == -np.inf
        return torch.from_numpy(np.where(undefined, np.float32(0), logarithms))


def _of_singular_ones(operation: int, matrices: Tensor) -> Tensor:
    """A determinant, or a logarithm of it, where a matrix that rounding errors may make singular is taken as such."""
    result = apply(operation, matrices)
    finite = matrices.isfinite().all(-1).all(-1)
    sizes = torch.linalg.svdvals(torch.where(finite[..., None, None], matrices, 1).double())
    is_singular = finite & (sizes[..., -1] <= ONE_ULP * sizes[..., 0])
    return torch.where(is_singular, -math.inf if operation == LOG_DETERMINANT else 0.0, result)


def _ratio_by_scipy(operation: int, matrix: Tensor) -> Tensor:
    """The ratio by the LAPACK that scipy comes with, which need not be PyTorch's: a second opinion on the order."""
    if not bool(matrix.isfinite().all()):
        return matrix.new_full((), math.nan)
    if operation == SYM_EIG_RATIO:
        eigenvalues, *_, info = lapack.ssyevd((matrix + matrix.T).numpy(), compute_v=0)
    else:
        eigenvalues, *_, info = lapack.sgeev(matrix.numpy(), compute_vl=0, compute_vr=0)
    ratio = torch.from_numpy(eigenvalues)[-1] / torch.from_numpy(eigenvalues)[0]
    return ratio if info == 0 else matrix.new_full((), math.nan)


def _shake(tensor: Tensor, size: Tensor, generator: torch.Generator) -> Tensor:
    """The tensor with an error of one unit in the last place of `size`, of random sign, in each element."""
    signs = torch.randint(0, 2, tensor.shape, generator=generator, dtype=tensor.dtype) * 2 - 1
    return tensor + ONE_ULP * size * signs


def _row_size(tensor: Tensor) -> Tensor:
    """The largest absolute value along the last axis."""
    return tensor.abs().amax(-1, keepdim=True) if tensor.ndim else tensor


def _report(options: argparse.Namespace, statistics: NetworkStatistics, total: Tally, seconds: float) -> dict[str, Any]:
    return {
        "genome": options.genome,
        "benchmark": options.benchmark,
        "seed": options.seed,
        "to_scalar": options.to_scalar,
        "tolerance": f"|k - r| <= {TOLERANCE} * max(|r|, mean |C|)",
        "programs": sum(total.programs.values()),
        "units": statistics.units,
        "programs_by_kind": {kind: total.programs[kind] for kind in (*SEVERITY, CRASH, HANG)},
        "evaluations_by_kind": {kind: total.evaluations[kind] for kind in SEVERITY},
        "worst_agreeing": {"relative_difference": total.worst[0], "program": total.worst[1]},
        "examples": total.examples,
        "seconds": {
            "study": round(seconds, 1),
            "interpreter": round(total.interpreter_seconds, 2),
            "reference": round(total.reference_seconds, 2),
        },
    }


if __name__ == "__main__":
    sys.exit(main())
