from __future__ import annotations

import sys

import pytest

from eznas.experiments.plots import PlotUnavailableError, draw_band, save_plot

MEANS = [{"mean": 0.1, "low": 0.0, "high": 0.2}, {"mean": 0.3, "low": 0.2, "high": 0.4}]


def draw(figure):
    draw_band(figure.subplots(), [0, 1], MEANS, "one", "#1f6fb4")


def test_the_same_numbers_give_the_same_files(tmp_path):
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    first = [path.read_bytes() for path in save_plot(draw, tmp_path / "a", 3, 2)]
    second = [path.read_bytes() for path in save_plot(draw, tmp_path / "b", 3, 2)]
    assert first == second
    assert first[0].startswith(b"\x89PNG")
    assert b"<svg" in first[1]


def test_without_matplotlib_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PlotUnavailableError, match=r"pip install 'eznas\[plot\]'"):
        save_plot(draw, tmp_path / "a", 3, 2)
    assert list(tmp_path.iterdir()) == []
