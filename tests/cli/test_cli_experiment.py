from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tiny_benchmark import write_tiny_benchmark
from typer.testing import CliRunner

from eznas.cli.experiment import app

QUICK = ["--threads", "1", "--seeds", "2"]
EVOLVE = ["--networks", "8", "--generations", "0", "--population", "6"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=16))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in a folder of its own, and returns its output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path / "no data"))

    def invoke(*arguments):
        result = CliRunner().invoke(app, [*arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return invoke


def test_the_table_is_printed_and_written(run, table, tmp_path):
    arguments = ("repro-table", "--benchmark", table, "--benchmark", "nds-pnas", *QUICK[:2], *EVOLVE)
    result = run(*arguments)
    for text in ("eznas-a", "flops", "missing (0.322)", "eznas data fetch nds", "runs/repro-table/chosen/table.md"):
        assert text in " ".join(result.stdout.split())
    folder = tmp_path / "runs" / "repro-table" / "chosen"
    assert {"table.md", "table.json", "report.html"} <= {path.name for path in folder.iterdir()}
    again = run(*arguments, "--json", "--quiet")
    assert json.loads(again.stdout)["chosen"]["rows"][0]["benchmark"] == table
    assert again.stderr == ""


def test_a_set_without_data_is_a_table_of_missing_cells(run):
    shown = " ".join(run("repro-table", "--set", "real").stdout.split())
    assert "nasbench201_cifar10.csv is missing" in shown
    assert "nds/Amoeba.msgpack is missing" in shown


def test_the_seed_test_prints_its_sentence(run, table, tmp_path):
    result = run("seed-test", "--benchmark", table, "--networks", "6", *QUICK)
    assert "standard deviation" in result.stdout
    assert (tmp_path / "runs" / "seed-test" / "seed_test.png").is_file()


def test_variants_print_their_comparisons(run, table, tmp_path):
    result = run("variants", "--benchmark", table, "--held-out", "6", "--seeds", "1", *QUICK[:2], *EVOLVE)
    assert result.stdout.count("no difference can be shown") == 4
    folder = tmp_path / "runs" / "variants-tiny"
    assert (folder / "variants.svg").is_file()
    page = (folder / "report.html").read_text()
    assert page.count("no difference can be shown") == 4
    assert "data:image/svg+xml;base64," in page


def test_genomes_are_compared_with_a_verdict_even_without_matplotlib(run, table, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run("compare-genomes", "--benchmark", table, "--held-out", "6", *QUICK, *EVOLVE)
    assert "Verdict: " in result.stdout
    assert "pip install 'eznas[plot]'" in result.stderr
    assert (tmp_path / "runs" / "compare-genomes-tiny" / "genomes.md").is_file()


def test_settings_come_from_a_file_too_and_options_win(run, table, tmp_path):
    (tmp_path / "quick.toml").write_text('generations = 9\npopulation = 5\nlambda = 5\nto_scalar = "l2"\n')
    run("repro-table", "--benchmark", table, *QUICK[:2], "--config", "quick.toml", *EVOLVE)
    record = json.loads((tmp_path / "runs" / "repro-table" / "chosen" / "experiment.json").read_text())
    evolution = record["settings"]["evolution"]
    assert (evolution["generations"], evolution["lambda"], evolution["to_scalar"]) == (0, 6, "l2")


def test_a_stopped_experiment_says_how_to_go_on(run, table, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("eznas.experiments.variants.evolve", stop)
    result = CliRunner().invoke(app, ["variants", "--benchmark", table, "--networks", "8"])
    assert result.exit_code == 130
    assert "the same command goes on" in result.stderr


def test_the_seed_test_takes_a_hand_made_score(run, table, tmp_path):
    run("seed-test", "--benchmark", table, "--proxy", "params", "--seeds", "2", "--output", str(tmp_path / "test"))
    content = json.loads((tmp_path / "test" / "seed_test.json").read_text())
    assert (content["proxy"], content["score"]) == ("params", "number of trainable parameters")


def test_the_help_imports_nothing_heavy():
    code = (
        "import sys; from eznas.cli.experiment import app; app(['--help'], standalone_mode=False);"
        "sys.exit(f\"{ {'torch', 'numba', 'numpy', 'matplotlib'} & set(sys.modules) or '' }\" or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for command in ("repro-table", "seed-test", "variants", "compare-genomes"):
        assert command in done.stdout
