from pathlib import Path

import platformdirs
import pytest

from eznas.data.folder import data_file, data_folder
from eznas.errors import EznasError


def test_the_environment_variable_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.setenv("EZNAS_DATA", "~/tables")
    assert data_folder() == Path.home() / "tables"


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_users_data_folder_is_taken(monkeypatch, value):
    monkeypatch.delenv("EZNAS_DATA", raising=False)
    if value is not None:
        monkeypatch.setenv("EZNAS_DATA", value)
    assert data_folder() == platformdirs.user_data_path("eznas", appauthor=False)


def test_a_missing_file_is_named_with_the_variable_and_its_origin(monkeypatch, tmp_path):
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    with pytest.raises(EznasError) as caught:
        data_file("tables/a.csv", "the table of https://example.org")
    message = str(caught.value)
    assert str(tmp_path / "tables" / "a.csv") in message
    assert f"EZNAS_DATA is {tmp_path}" in message
    assert "https://example.org" in message
    monkeypatch.delenv("EZNAS_DATA")
    with pytest.raises(EznasError, match="EZNAS_DATA is not set"):
        data_file("tables/no such table.csv", "the table")


def test_an_existing_file_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    (tmp_path / "a.csv").write_text("x\n")
    assert data_file("a.csv", "the table") == tmp_path / "a.csv"
