from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas.cli.app import main
from eznas.ops.own import own_operations

QUICK = ["--networks", "8", "--generations", "1", "--population", "6", "--mu", "4", "--lambda", "6", "--threads", "1"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=16)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Run every command in a folder of its own, without settings from outside."""
    monkeypatch.chdir(tmp_path)
    for variable in ("EZNAS_DATA", "EZNAS_SEED", "EZNAS_BENCHMARK", "EZNAS_CONFIG"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="module")
def finished(table, tmp_path_factory):
    """The directory of a finished run."""
    path = tmp_path_factory.mktemp("runs") / "finished"
    assert main(["run", "--benchmark", str(table), "--output", str(path), "--quiet", *QUICK]) == 0
    return path


@pytest.fixture(autouse=True, scope="module")
def _loaded():
    """PyTorch is loaded beforehand: a log says so where that takes a second, as it does on a busy machine."""
    importlib.import_module("eznas.runs.run")


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["benchmark", "--help"], ["--version"]])
def test_what_answers_at_once_imports_nothing_heavy(arguments):
    code = (
        "import sys; from eznas.cli.app import main; code = main(sys.argv[1:]);"
        "heavy = {'torch', 'numba', 'numpy', 'scipy', 'sklearn', 'msgpack'} & set(sys.modules);"
        "sys.exit(code or (f'imported {heavy}' if heavy else 0))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_the_help_of_run_names_every_setting(capfd):
    from eznas.runs.settings import SETTINGS

    assert main(["run", "--help"]) == 0
    shown = capfd.readouterr().out
    for key in SETTINGS:
        assert f"--{key.replace('_', '-')} " in shown


def test_the_version_is_that_of_the_package(capfd):
    from importlib import metadata

    assert main(["--version"]) == 0
    assert capfd.readouterr().out == f"eznas {metadata.version('eznas')}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        ([], 2, "Usage"),
        (["evolve"], 2, "evolve"),
        (["run", "--genrations", "3"], 2, "--genrations"),
        (["run", "--generations", "many"], 2, "'many'"),
        (["run", "--generations=many"], 2, "'many'"),
        (["run", "--generations"], 2, "--generations"),
        (["evaluate"], 2, "PROXY"),
        (["evaluate", "eznas-a", "--networks", "0"], 2, "--networks"),
        (["run", "--genome", "graph"], 1, "graph"),
        (["run", "--benchmark", "digit"], 1, "'digit'"),
        (["run", "--unit", "B-C-R"], 1, "unit is 'B-C-R'"),
        (["run", "--mu", "1000"], 1, "mu is 1000"),
        (["run", "--benchmark", "digits", "--benchmark", "digits"], 1, "benchmark names 'digits' twice"),
        (["run", "--benchmark", "digits", "--benchmark", "digit"], 1, "'digit'"),
        (["run", "--fitness-samples", "4x2"], 1, "fitness_samples is '4x2'"),
        (["run", "--combine", "most"], 1, "combine is 'most'"),
        (["run", "--memory", "plenty"], 1, "'plenty'"),
        (["run", "--genome-setting", "depth=3"], 1, "'depth'"),
        (["run", "--config", "absent.toml"], 1, "absent.toml"),
        (["run", "--resume", "absent"], 1, "absent"),
        (["evaluate", "eznas-b"], 1, "eznas-b"),
        (["evaluate", "eznas-a", "--benchmark", "nasbench201-cifar10"], 1, "nasbench201_cifar10.csv"),
        (["evaluate", "sigmoid(wt"], 1, "sigmoid"),
        (["proxy", "show", "absent.json"], 1, "absent.json"),
    ],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(capfd, arguments, code, named):
    assert main(arguments) == code
    printed = capfd.readouterr()
    assert named in printed.out + printed.err
    assert "Traceback" not in printed.err
    if arguments:
        assert printed.out == ""
        assert printed.err.startswith("eznas: ")
        assert printed.err.count("\n") == 1


def test_a_mistake_with_cuda_leaves_no_run(capfd, table, tmp_path):
    assert main(["run", "--benchmark", str(table), "--device", "cuda:99", *QUICK]) == 1
    assert "cuda:99" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_where_a_mistake_was_found(capfd):
    assert main(["run", "--genome", "graph", "--debug"]) == 1
    assert "Traceback" in capfd.readouterr().err


def test_an_error_of_the_system_is_a_sentence_too(capfd, monkeypatch):
    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device", "/data")

    monkeypatch.setattr("typer.main.get_command", full)
    assert main([]) == 1
    assert capfd.readouterr().err == (
        "eznas: No space left on device: /data. Free some space, then run the command again.\n"
    )


def test_a_run_prints_its_summary_on_stdout_and_progress_on_stderr(capfd, table, tmp_path):
    assert main(["run", "--benchmark", str(table), *QUICK]) == 0
    printed = capfd.readouterr()
    for text in ("8 training and 8 held-out networks", "eznas-a", "params", "flops", "runs/tiny-tree-0/hall_of_fame"):
        assert text in printed.out
    assert "generation 1/1" in printed.err
    assert (tmp_path / "runs" / "tiny-tree-0" / "summary.json").exists()


def test_json_is_alone_on_stdout(capfd, finished):
    assert main(["run", "--resume", str(finished), "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == json.loads((finished / "summary.json").read_text())


def test_an_existing_output_is_refused(capfd, table, finished):
    before = (finished / "checkpoint.msgpack").read_bytes()
    assert main(["run", "--benchmark", str(table), "--output", str(finished), *QUICK]) == 1
    assert "exists already" in capfd.readouterr().err
    assert (finished / "checkpoint.msgpack").read_bytes() == before


def test_a_resumed_run_keeps_its_settings(capfd, finished):
    assert main(["run", "--resume", str(finished), "--generations", "9"]) == 1
    assert "generations is 1 there, 9 here" in capfd.readouterr().err


def test_a_corrupt_checkpoint_is_refused(capfd, table, tmp_path):
    path = tmp_path / "run"
    assert main(["run", "--benchmark", str(table), "--output", str(path), "--quiet", *QUICK]) == 0
    (path / "summary.json").unlink()
    (path / "checkpoint.msgpack").write_bytes(b"\x00half")
    capfd.readouterr()
    assert main(["run", "--resume", str(path)]) == 1
    assert "checkpoint.msgpack is damaged" in capfd.readouterr().err
    assert (path / "checkpoint.msgpack").read_bytes() == b"\x00half"


def test_option_beats_environment_beats_file_beats_default(capfd, table, tmp_path, monkeypatch):
    config = tmp_path / "config.toml"
    genome = "[tree]\nmaximum_depth = 7\nmutation_depth = 1\n"
    config.write_text(f'benchmark = "{table}"\nseed = 5\nnetworks = 9\nhall-of-fame = 2\n{genome}')
    monkeypatch.setenv("EZNAS_SEED", "6")
    monkeypatch.setenv("EZNAS_NETWORKS", "10")
    options = ["--genome-setting", "maximum_depth=8", *QUICK[2:]]
    assert main(["run", "--config", str(config), "--networks", "11", "--output", "run", "--quiet", *options]) == 0
    from eznas.runs.directory import stored_settings

    settings = stored_settings(tmp_path / "run")
    assert (settings.networks, settings.seed, settings.evolution.hall_of_fame, settings.batch_size) == (11, 6, 2, 1)
    assert settings.genome_settings["maximum_depth"] == 8
    assert settings.genome_settings["mutation_depth"] == 1


def test_several_benchmarks_are_given_by_option_environment_or_file(table, tmp_path, monkeypatch):
    other = tmp_path / "other.csv"
    write_tiny_benchmark(tmp_path, networks=16).rename(other)
    (tmp_path / "tiny.json").rename(tmp_path / "other.json")
    from eznas.runs.directory import stored_settings

    def benchmarks_of_a_run(*arguments):
        path = tmp_path / f"run-{len(list(tmp_path.glob('run-*')))}"
        assert main(["run", "--output", str(path), "--quiet", *arguments, *QUICK]) == 0
        return stored_settings(path).benchmark

    config = tmp_path / "config.toml"
    config.write_text(f'benchmark = ["{other}", "{table}"]\n')
    both = (str(table), str(other))
    assert benchmarks_of_a_run("--config", str(config)) == both[::-1]
    monkeypatch.setenv("EZNAS_BENCHMARK", " ".join(both))
    assert benchmarks_of_a_run("--config", str(config)) == both
    assert benchmarks_of_a_run("--benchmark", str(other)) == (str(other),)
    assert benchmarks_of_a_run("--benchmark", str(other), "--benchmark", str(table)) == both[::-1]


def test_a_run_on_two_benchmarks_prints_both(capfd, table, tmp_path):
    arguments = ["--benchmark", str(table), "--benchmark", "digits", "--fitness-samples", "2x6", "--combine", "median"]
    assert main(["run", *arguments, "--held-out", "3", *QUICK]) == 0
    printed = capfd.readouterr()
    for text in ("3 and 3 held-out networks", "8 training networks score", "2x6", "median"):
        assert text in " ".join(printed.out.split())
    assert "statistics: 16 networks" in printed.err
    assert (tmp_path / "runs" / "tiny+digits-tree-0" / "summary.json").exists()
    assert main(["evaluate", "runs/tiny+digits-tree-0", "--benchmark", "digits", "--networks", "20", "--json"]) == 0
    protocol = json.loads(capfd.readouterr().out)["protocol"]
    assert (protocol["networks"], protocol["left_out"]) == (20, 8)


def test_evaluate_prints_figures_and_protocol(capfd, table):
    assert main(["evaluate", "nasbench201-short", "--benchmark", str(table), "--networks", "12", "--seed", "1"]) == 0
    shown = capfd.readouterr().out
    for text in ("Kendall tau", "Spearman rho", "top decile", "networks        12", "seed            1", "Kaiming"):
        assert text in shown
    for text in ("share scored 100 %", "seed stability 0.", "depends on weights or images"):
        assert text in " ".join(shown.split())


def test_evaluate_gives_json(capfd, table):
    assert main(["evaluate", "params", "--benchmark", str(table), "--json"]) == 0
    content = json.loads(capfd.readouterr().out)
    (params,) = content["proxies"]
    for figure in ("tau", "spearman"):
        low, high = params[f"{figure}_interval"]
        assert low <= params[figure] <= high
    assert "top_decile_tau" in params
    assert content["protocol"]["networks"] == 16


def test_evaluate_compares_several_proxies_in_one_table(capfd, table, finished):
    several = ["eznas-a", "params", "l1_norm(wt)", str(finished)]
    assert main(["evaluate", *several, "--benchmark", str(table), "--all-networks"]) == 0
    shown = capfd.readouterr().out
    lines = shown.splitlines()
    assert lines[0].strip() == f"16 networks of {table}"
    columns = ("proxy", "tau", "95 % interval", "rho", "top-decile tau", "scored", "seed stability", "depends on")
    assert lines[1].split() == " ".join(columns).split()
    assert [line.split()[0] for line in lines[2:6]] == ["eznas-a", "params", "l1_norm(wt)", "finished"]
    assert "counts only" in lines[3]
    assert "frobenius_norm(sigmoid(log_determinant(sign(inp_grad.data))))" in shown
    assert main(["evaluate", *several, "--benchmark", str(table), "--all-networks", "--json"]) == 0
    assert [one["proxy"] for one in json.loads(capfd.readouterr().out)["proxies"]] == [*several[:3], "finished"]


def test_evaluate_leaves_out_what_runs_were_evolved_on(capfd, table, finished, tmp_path):
    other = tmp_path / "other"
    settings = ["--seed", "1", "--networks", "8", "--generations", "0", "--population", "30", "--threads", "1"]
    assert main(["run", "--benchmark", str(table), "--output", str(other), "--quiet", *settings]) == 0
    capfd.readouterr()

    def evaluated(*arguments):
        assert main(["evaluate", *arguments, "--benchmark", str(table), "--json"]) == 0
        printed = capfd.readouterr()
        return json.loads(printed.out)["protocol"], printed.err

    protocol, told = evaluated(str(finished))
    assert (protocol["networks"], protocol["left_out"]) == (8, 8)
    assert "8 networks of" in told
    assert "are left out; --all-networks takes them in" in told
    union, _ = evaluated(str(finished), "params", str(other))
    assert 8 < union["left_out"] < 16
    assert union["networks"] == 16 - union["left_out"]
    protocol, told = evaluated(str(finished), "--all-networks")
    assert (protocol["networks"], protocol["left_out"]) == (16, 0)
    assert "8 networks of" in told
    assert evaluated("params")[1] == ""
    assert main(["evaluate", str(finished), "--benchmark", str(table), "--networks", "9"]) == 1
    assert "which has 8 beside the 8 that are left out" in capfd.readouterr().err


def test_evaluate_overrides_how_programs_are_computed(capfd, table):
    changes = ["--aggregation", "sum", "--to-scalar", "l2", "--unit", "C-B-R", "--third-pass", "difference"]
    arguments = ["evaluate", "eznas-a", "params", "--benchmark", str(table), "--networks", "3", "--json"]
    assert main([*arguments, *changes]) == 0
    program, params = json.loads(capfd.readouterr().out)["proxies"]
    settings = [program[key] for key in ("aggregation", "to_scalar", "unit", "third_pass")]
    assert settings == ["sum", "l2", "C-B-R", "difference"]
    assert "unit" not in params
    assert main(["evaluate", "rank(wt,params)", "--benchmark", str(table), "--json", "--to-scalar", "l2"]) == 0
    members = json.loads(capfd.readouterr().out)["proxies"][0]["members"]
    assert members["wt"]["to_scalar"] == "l2"
    assert main(["evaluate", "params", "--benchmark", str(table), "--to-scalar", "l2"]) == 1
    assert "--to-scalar says how a program is computed, and params is none" in capfd.readouterr().err
    assert main(["evaluate", "eznas-a", "--benchmark", str(table), "--unit", "B-C-R"]) == 1
    assert "B-C-R" in capfd.readouterr().err


def test_operations_lists_all(capfd):
    assert main(["operations", "--json"]) == 0
    content = json.loads(capfd.readouterr().out)
    registered = {one.name for one in own_operations()}  # by other tests in this process
    shipped = [one for one in content["operations"] if one["name"] not in registered]
    assert (len(shipped), len(content["terminals"])) == (38, 22)
    assert [one["name"] for one in shipped if one["extension"]] == [
        *("sqrt", "divide", "log_abs_determinant", "participation_ratio")
    ]
    assert main(["operations"]) == 0
    shown = capfd.readouterr().out
    assert all(one["name"] in shown for one in content["operations"] + content["terminals"])


def test_genomes_are_listed_with_their_settings(capfd):
    assert main(["genome", "list"]) == 0
    shown = capfd.readouterr().out
    assert "maximum_depth=10" in shown
    assert "sequential" in shown
    assert main(["genome", "list", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["tree"]["minimum_depth"] == 2


def test_proxies_are_listed_and_shown(capfd, finished):
    assert main(["proxy", "list"]) == 0
    shown = capfd.readouterr().out
    assert all(name in shown for name in ("eznas-a", "params", "flops"))
    assert "frobenius_norm(sigmoid(log_determinant(sign(inp_grad.data))))" in shown
    assert max(map(len, shown.splitlines())) < 400
    assert main(["proxy", "show", "eznas-a", "--json"]) == 0
    content = json.loads(capfd.readouterr().out)
    assert content["formula"] == "frobenius_norm(sigmoid(log_determinant(sign(inp_grad.data))))"
    assert content["latex"]
    assert main(["proxy", "show", str(finished)]) == 0
    best = json.loads((finished / "hall_of_fame.json").read_text())["programs"][0]
    assert best["formula"] in capfd.readouterr().out
    assert main(["proxy", "show", "params"]) == 0
    assert "number of trainable parameters" in capfd.readouterr().out


def test_benchmarks_are_listed_with_what_is_missing(capfd, monkeypatch, tmp_path):
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    (tmp_path / "nds").mkdir()
    (tmp_path / "nds" / "ENAS.msgpack").write_bytes(b"no table")
    assert main(["benchmark", "list", "--json"]) == 0
    content = json.loads(capfd.readouterr().out)
    assert content["nasbench201-cifar10"]["networks"] is None
    assert "EZNAS_DATA" in content["nasbench201-cifar10"]["description"]
    assert content["digits"]["networks"] == 400
    assert main(["benchmark", "list"]) == 0
    lines = capfd.readouterr().out.splitlines()
    missing, broken = (
        next(line.split() for line in lines if line.startswith(name)) for name in ("nds-darts ", "nds-enas ")
    )
    assert missing[1:] == ["missing", "nds/DARTS.msgpack,", "see", "`eznas", "data", "list`"]
    assert broken[1] == "unusable"
