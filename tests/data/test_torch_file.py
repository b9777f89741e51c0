import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from official_archives import Touch, encrypted

from eznas.data.torch_file import load_torch
from eznas.errors import EznasError

CONTENT = {"meta_archs": ["a", "b"], "numbers": {0: 1.5, 1: np.float64(2.5)}, "indexes": {0, 1}}
WEIGHTS = OrderedDict(weight=torch.ones(2, 3), scale=torch.nn.Parameter(torch.zeros(1, dtype=torch.float64)))


@pytest.mark.parametrize("is_zip", [True, False])
def test_both_containers_are_read_and_tensors_dropped(tmp_path, is_zip):
    path = tmp_path / "archive.pth"
    torch.save({**CONTENT, "net_state_dict": WEIGHTS}, path, _use_new_zipfile_serialization=is_zip)
    assert load_torch(path) == {**CONTENT, "net_state_dict": {"weight": None, "scale": None}}


@pytest.mark.parametrize("is_zip", [True, False])
def test_nothing_is_executed(tmp_path, is_zip):
    path = tmp_path / "archive.pth"
    torch.save({"meta_archs": Touch(tmp_path / "executed")}, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(EznasError, match=r"archive\.pth was refused: reading it would use \w+\.open"):
        load_torch(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("is_zip", [True, False])
def test_a_file_that_is_cut_off_is_refused(tmp_path, is_zip):
    path = tmp_path / "archive.pth"
    torch.save(CONTENT, path, _use_new_zipfile_serialization=is_zip)
    content = path.read_bytes()
    for length in (0, 10, len(content) // 4):
        path.write_bytes(content[:length])
        with pytest.raises(EznasError, match=r"archive\.pth is cut off or damaged"):
            load_torch(path)


def test_an_encrypted_file_is_refused(tmp_path):
    path = tmp_path / "archive.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(CONTENT["meta_archs"]))
    with pytest.raises(EznasError, match=r"archive\.pth cannot be unpacked \(File 'archive/data\.pkl' is encrypted"):
        load_torch(encrypted(path))


def test_other_files_are_told_apart(tmp_path):
    path = tmp_path / "archive.pth"
    path.write_bytes(pickle.dumps({"meta_archs": []}))
    with pytest.raises(EznasError, match=r"archive\.pth is no file that torch\.save wrote"):
        load_torch(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(EznasError, match=r"none that torch\.save wrote"):
        load_torch(path)
    with pytest.raises(EznasError, match=r"missing\.pth could not be read: No such file"):
        load_torch(tmp_path / "missing.pth")
