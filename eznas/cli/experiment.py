"""`eznas experiment`: tables and figures, each measured by one command that may be stopped and rerun."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from eznas.cli.architecture_experiment import search
from eznas.cli.experiment_parts import (
    MAXIMUM_SEEDS,
    RUNS,
    Benchmarks,
    FirstSeed,
    Json,
    Output,
    Quiet,
    WhichSet,
    finish_experiment,
    run_experiment,
)
from eznas.cli.formula_experiments import discover, few_networks
from eznas.cli.network_options import Threads
from eznas.cli.output import print_all, print_json, stdout

app = typer.Typer(
    no_args_is_help=True,
    help="The paper's tables and figures, and studies of formulas. Every command continues where it was stopped.",
)

_PRESET: Final = "paper"


Set = Annotated[WhichSet, typer.Option("--set", help="The paper's benchmarks, the embedded ones, or both.")]
Config = Annotated[
    Path | None, typer.Option(help="TOML file with settings of the runs, such as the config.toml of a run.")
]
Genome = Annotated[str | None, typer.Option(help="How evolution represents a program; `eznas genome list` shows all.")]
Generations = Annotated[
    int | None, typer.Option(min=0, help="Rounds after the initial population. Default: the preset's.")
]
Population = Annotated[
    int | None,
    typer.Option(min=1, help="Individuals of each generation, of which half survive. Default: the preset's."),
]
Evolve = Annotated[int | None, typer.Option("--networks", min=3, help="Networks to evolve on. Default: the preset's.")]
HeldOut = Annotated[int, typer.Option(min=3, help="Networks to test the best programs on, at most.")]
PresetOption = Annotated[
    str | None,
    typer.Option("--preset", help="Where settings that are not given come from: default or paper. Default: paper."),
]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Images in every pass. Default: the preset's.")]
Device = Annotated[str | None, typer.Option(help="Where networks run: cpu, cuda or cuda:N. Default: cpu.")]
Memory = Annotated[
    str | None, typer.Option(help="Memory for statistics, such as 2GB; results do not depend on it. Default: 2GB.")
]


@app.command("repro-table")
def repro_table(
    which: Set = WhichSet.ALL,
    benchmark: Benchmarks = None,
    networks: Evolve = None,
    test_nasbench201: Annotated[
        int, typer.Option(min=3, help="Test networks where the space is NAS-Bench-201.")
    ] = 1000,
    test_nds: Annotated[int, typer.Option(min=3, help="Test networks of every other space.")] = 200,
    seeds: Annotated[
        int, typer.Option(min=1, max=MAXIMUM_SEEDS, help="Number of seeds; the cells are means over them.")
    ] = 1,
    seed: FirstSeed = 0,
    genome: Genome = None,
    generations: Generations = None,
    population: Population = None,
    batch_size: BatchSize = None,
    device: Device = None,
    threads: Threads = None,
    memory: Memory = None,
    preset: PresetOption = None,
    config: Config = None,
    output: Output = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Evolve on each space and test on all of them: the paper's Figure 4, its figures beside.

    Writes table.md, table.json and the page report.html. Cells whose data is missing say which file would fill them;
    the same command fills them once it is there.
    """
    from eznas.experiments.repro_report import table_parts
    from eznas.experiments.repro_table import ReproTable
    from eznas.experiments.table_sets import SETS, chosen
    from eznas.report.html.report import write_report

    settings = _settings(preset, config, networks, genome, generations, population, batch_size, device, threads, memory)
    tables = [chosen(benchmark)] if benchmark else [one for name, one in SETS.items() if which in ("all", name)]
    contents = {}
    for one in tables:
        folder = (output or RUNS / "repro-table") / one.name
        table = ReproTable(one, range(seed, seed + seeds), settings, test_nasbench201, test_nds)
        contents[one.name] = run_experiment(partial(table.run, folder), quiet)
        write_report(folder)
        if not json:
            print_all(stdout(), table_parts(contents[one.name]))
            typer.echo(f"\nWritten: {folder}/table.md, table.json and report.html\n")
    if json:
        print_json(contents)


@app.command("seed-test")
def seed_test(
    which: Set = WhichSet.ALL,
    benchmark: Benchmarks = None,
    proxy: Annotated[str, typer.Option(help="Name, .json file, formula or run directory.")] = "eznas-a",
    seeds: Annotated[int, typer.Option(min=2, max=MAXIMUM_SEEDS, help="Number of seeds.")] = 7,
    seed: FirstSeed = 0,
    networks: Annotated[
        int, typer.Option(min=3, help="Networks of every measurement; at most half of a benchmark's.")
    ] = 400,
    batch_size: BatchSize = None,
    device: Device = None,
    threads: Threads = None,
    memory: Memory = None,
    preset: PresetOption = None,
    config: Config = None,
    output: Output = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """How far tau moves with the seed, with the networks fixed and with networks that the seed draws: Figure 2.

    Writes seed_test.json and the plot seed_test.png and .svg.
    """
    from eznas.experiments.seed_test import SeedTest, plot
    from eznas.experiments.table_sets import SETS, chosen
    from eznas.runs.proxy_argument import resolve_proxy

    resolved = resolve_proxy(proxy)
    tables = [chosen(benchmark)] if benchmark else [one for name, one in SETS.items() if which in ("all", name)]
    entries = [entry for one in tables for entry in one.entries]
    settings = _settings(preset, config, batch_size=batch_size, device=device, threads=threads, memory=memory)
    folder = output or RUNS / "seed-test"
    test = SeedTest(entries, resolved, range(seed, seed + seeds), networks, settings)
    content = run_experiment(partial(test.run, folder), quiet)
    finish_experiment(content, [one["sentence"] for one in content["benchmarks"]], folder, plot, json)


@app.command("variants")
def variants(
    benchmark: Annotated[str, typer.Option(help="To evolve on; the paper used the DARTS space of NDS.")] = (
        "digits-darts"
    ),
    seeds: Annotated[
        int, typer.Option(min=1, max=MAXIMUM_SEEDS, help="Evolutions of every variant; below 6 nothing can be shown.")
    ] = 6,
    seed: FirstSeed = 0,
    networks: Evolve = None,
    held_out: HeldOut = 1000,
    genome: Genome = None,
    generations: Generations = None,
    population: Population = None,
    batch_size: BatchSize = None,
    device: Device = None,
    threads: Threads = None,
    memory: Memory = None,
    preset: PresetOption = None,
    config: Config = None,
    output: Output = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Evolve with R-C-B and mean, C-B-R and mean, C-B-R and l2: Figure 3.

    Writes variants.json and the plot variants.png and .svg.
    """
    from eznas.experiments.variants import VariantStudy, plot

    settings = _settings(preset, config, networks, genome, generations, population, batch_size, device, threads, memory)
    folder = output or RUNS / f"variants-{Path(benchmark).stem}"
    study = VariantStudy(benchmark, range(seed, seed + seeds), held_out, settings)
    content = run_experiment(partial(study.run, folder), quiet)
    finish_experiment(content, [one["sentence"] for one in content["comparisons"]], folder, plot, json)


@app.command("compare-genomes")
def compare_genomes(
    benchmark: Annotated[str, typer.Option(help="To evolve on.")] = "digits",
    seeds: Annotated[
        int, typer.Option(min=1, max=MAXIMUM_SEEDS, help="Evolutions of either genome; below 6 nothing can be shown.")
    ] = 10,
    seed: FirstSeed = 0,
    networks: Evolve = None,
    held_out: HeldOut = 1000,
    generations: Generations = None,
    population: Population = None,
    batch_size: BatchSize = None,
    device: Device = None,
    threads: Threads = None,
    memory: Memory = None,
    preset: PresetOption = None,
    config: Config = None,
    output: Output = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tree against sequential genomes at equal budgets under four ways of selection, with a verdict.

    The ways: the best of distinct rankings survive, or the best with repeats and all, or DEAP's order as in the paper's
    preset, or that with variations tried again until their program is new.

    Writes genomes.json, genomes.md and the plot genomes.png and .svg.
    """
    from eznas.experiments.genome_comparison import GenomeComparison
    from eznas.experiments.genome_content import comparison_sentences
    from eznas.experiments.genome_plot import plot

    settings = _settings(preset, config, networks, None, generations, population, batch_size, device, threads, memory)
    folder = output or RUNS / f"compare-genomes-{Path(benchmark).stem}"
    comparison = GenomeComparison(benchmark, range(seed, seed + seeds), held_out, settings)
    content = run_experiment(partial(comparison.run, folder), quiet)
    finish_experiment(content, comparison_sentences(content), folder, plot, json)


app.command("few-networks")(few_networks)
app.command("search")(search)
app.command("discover")(discover)


def _settings(
    preset: str | None,
    config: Path | None,
    networks: int | None = None,
    genome: str | None = None,
    generations: int | None = None,
    population: int | None = None,
    batch_size: int | None = None,
    device: str | None = None,
    threads: int | None = None,
    memory: str | None = None,
) -> dict[str, Any]:
    """Return the settings of the runs by key: options win over the file, and both over the preset.

    An experiment of the paper's takes the paper's preset unless it is told otherwise.
    """
    from eznas.runs.config import read_config

    given = {
        "preset": preset,
        "networks": networks,
        "genome": genome,
        "generations": generations,
        "population": population,
        "lambda": population,
        # The paper's proportion: half of the population survives.
        "mu": max(1, population // 2) if population else None,
        "batch_size": batch_size,
        "device": device,
        "threads": threads,
        "memory": memory,
    }
    chosen = {"preset": _PRESET, **(read_config(config) if config else {})}
    return {**chosen, **{key: value for key, value in given.items() if value is not None}}
