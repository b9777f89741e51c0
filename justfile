# One recipe for each thing a developer does; `just` alone lists them.

python := "python3"

[private]
default:
    @just --list --unsorted

# Create .venv with everything that development needs.
setup:
    {{python}} -m venv .venv
    .venv/bin/pip install -c constraints.txt -e '.[test,lint]'
    .venv/bin/pre-commit install

# The default test suite (minutes).
test *arguments:
    pytest {{arguments}}

# Whole processes of the program: the tutorial, runs and campaigns that are killed and resumed (two minutes; CI runs them, too).
test-end-to-end *arguments:
    pytest -m end_to_end {{arguments}}

# The studies that take longer than a test may.
test-slow *arguments:
    pytest -m slow {{arguments}}

# The tests on a Ray cluster of three machines, which are processes of this one; needs `pip install 'eznas[ray]'` (minutes).
test-ray *arguments:
    pytest -n 0 -m '' tests/cluster tests/cli/test_ray_option.py {{arguments}}

# Deliberate faults, one at a time: shows that the tests catch each (minutes).
mutants *words:
    {{python}} tests/mutants.py {{words}}

# Line coverage of eznas/, with the kernels interpreted so that their lines count.
coverage:
    NUMBA_DISABLE_JIT=1 pytest --cov=eznas --cov-report=term-missing:skip-covered

# Format, lint and type-check.
lint:
    ruff format .
    ruff check --fix .
    mypy

# Everything that has to pass before a change lands.
ci:
    bash .ci/run

# The documentation as a site, in site/; `just docs serve` shows it and follows changes.
docs command="build --strict":
    mkdocs {{command}}

# Evolve a proxy on the embedded benchmark.
run *arguments:
    eznas run --genome tree {{arguments}}

# The paper's Figure 4: programs evolved on each space, tested on all (real and embedded; continues where it stopped).
repro-table *arguments:
    eznas experiment repro-table {{arguments}}

# Figure 2: how far tau moves with the seed.
seed-test *arguments:
    eznas experiment seed-test {{arguments}}

# Figure 3: R-C-B with mean, C-B-R with mean, C-B-R with l2.
variants *arguments:
    eznas experiment variants {{arguments}}

# Tree against sequential genomes at equal budgets.
compare-genomes *arguments:
    eznas experiment compare-genomes {{arguments}}

# Held-out tau against the number of networks of known accuracy, beside predictors that learn from the same ones.
few-networks *arguments:
    eznas experiment few-networks {{arguments}}

# A formula evolves on all search spaces but one and is tested on that one, in turn.
discover-spaces *arguments:
    eznas experiment discover {{arguments}}

# What proxies are worth to whoever looks for an architecture, beside random search that trains as many networks.
search-study *arguments:
    eznas experiment search {{arguments}}

# Speed, as ratios measured side by side.
bench:
    {{python}} bench/bench_interpreter.py
    {{python}} bench/bench_eigenvalues.py
    {{python}} bench/bench_ranking.py
    {{python}} bench/bench_formulas.py
    {{python}} bench/bench_statistics.py

# Processor seconds of the standard bank of features, on networks of NAS-Bench-201.
bench-features *arguments:
    {{python}} bench/bench_features.py {{arguments}}

# A run by one process and by a Ray cluster of this machine, and what follows for many machines.
bench-ray *arguments:
    {{python}} bench/bench_ray.py {{arguments}}

# Random programs through the interpreter and the PyTorch reference.
agreement programs="100000":
    {{python}} bench/agreement.py --genome tree --programs {{programs}}
    {{python}} bench/agreement.py --genome sequential --programs {{programs}}

# The fitness of whole populations, by the engine and by the PyTorch reference.
fitness-agreement *arguments:
    {{python}} bench/fitness_agreement.py {{arguments}}

# Exported Python files against the program: 500 random programs of each genome, and the worst difference.
export-agreement:
    pytest -m slow tests/export/test_python_file.py

# Runs killed at random moments and resumed.
kill-study command="run" kills="50":
    {{python}} bench/kill_study.py {{command}} --kills {{kills}}

# Both genomes on NAS-Bench-201 CIFAR-10, five seeds.
nasbench201-study *arguments:
    {{python}} bench/nasbench201_study.py {{arguments}}

# Full-size networks under two memory budgets.
memory-study *arguments:
    {{python}} bench/memory_study.py {{arguments}}

# The table of features of full-size networks: seconds and peak memory.
table-study *arguments:
    {{python}} bench/table_study.py {{arguments}}
