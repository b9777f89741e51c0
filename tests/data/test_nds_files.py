import contextlib
import json
import zipfile

import numpy as np
import pytest
from official_archives import encrypted, nds_record, nds_zip

from eznas.data.nds_files import read_sweep, sweeps_in
from eznas.data.nds_sweeps import SWEEPS
from eznas.errors import EznasError

DARTS, RESNEXT = SWEEPS["nds-darts"], SWEEPS["nds-resnext-a"]


@pytest.fixture
def records():
    rng = np.random.default_rng(0)
    return [nds_record("nds-darts", rng, error) for error in (6.73, 12.5, 90.0)]


def written(tmp_path, content, name="DARTS.json"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_every_sweep_has_a_name_a_file_and_a_space():
    assert {
        *(f"nds-{space}{end}" for space in ("darts", "enas", "pnas", "nasnet", "amoeba") for end in ("", "-in")),
        *(f"nds-{space}-fix-w-d" for space in ("darts", "enas", "pnas")),
        *("nds-resnet", "nds-resnext-a", "nds-resnext-b", "nds-vanilla"),
    } == set(SWEEPS)
    assert SWEEPS["nds-darts-fix-w-d"].stem == "DARTS_fix-w-d"
    assert SWEEPS["nds-nasnet-in"].settings == {"stem": "imagenet"}


@pytest.mark.parametrize("name", SWEEPS)
def test_reads_every_sweep(tmp_path, name):
    sweep = SWEEPS[name]
    rng = np.random.default_rng(1)
    path = written(tmp_path, [nds_record(sweep.space, rng, error) for error in (6.73, 8.25)], f"{sweep.stem}.json")
    table = read_sweep(sweep, path)
    assert (table.benchmark, table.epochs, table.trainings, len(table.architectures)) == (name, 3, 2, 2)
    np.testing.assert_array_equal(table.accuracies["test"], [93.27, 91.75])


def test_both_forms_and_the_archive_give_the_same(tmp_path, records):
    plain = read_sweep(DARTS, written(tmp_path, records))
    joined = read_sweep(DARTS, written(tmp_path, {"top": records[:1], "mid": records[1:]}))
    zipped = read_sweep(DARTS, nds_zip(tmp_path / "data.zip", {"ENAS": [], "DARTS": records}))
    assert plain.architectures == joined.architectures == zipped.architectures
    for table in (joined, zipped):
        np.testing.assert_array_equal(table.accuracies["test"], plain.accuracies["test"])


def test_a_network_that_was_trained_twice_gets_the_mean(tmp_path, records):
    again = json.loads(json.dumps(records[0])) | {"rng_seed": 2}
    again["test_ep_top1"][-1] = 6.93
    table = read_sweep(DARTS, written(tmp_path, [*records, again]))
    assert (table.trainings, len(table.architectures)) == (4, 3)
    np.testing.assert_allclose(table.accuracies["test"], [93.17, 87.5, 10.0], rtol=1e-14)


def test_progress_is_told(tmp_path, records):
    told = []
    read_sweep(DARTS, written(tmp_path, records * 400), told.append)
    assert told == ["DARTS: 500 networks", "DARTS: 1,000 networks"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda record: record.pop("net"), "record 1, has no 'net'"),
        (lambda record: record.pop("test_ep_top1"), "record 1, has no 'test_ep_top1'"),
        (lambda record: record.update(test_ep_top1=[]), r"record 1, has the final test error \[\]"),
        (lambda record: record.update(test_ep_top1=[1.0, 2.0, None]), "final test error None"),
        (lambda record: record.update(test_ep_top1=[1.0, 2.0, float("nan")]), "final test error nan"),
        (lambda record: record.update(test_ep_top1=[1.0, 2.0, 100.5]), r"final test error 100\.5"),
        (lambda record: record.update(test_ep_top1=[1.0, 2.0]), "has 2 test errors for 3 epochs"),
        (lambda record: record["net"].pop("width"), "record 1, has a network that cannot be built: .*gives no width"),
        (lambda record: record["net"]["genotype"].pop("reduce"), "record 1, has a network.*no reduce cell"),
        (lambda record: record["net"]["genotype"]["normal"][0].__setitem__(0, "conv_9x9"), "'conv_9x9'"),
        (lambda record: record.update(net=None), "record 1, has a network that cannot be built"),
    ],
)
def test_a_bad_record_is_named(tmp_path, records, change, message):
    change(records[1])
    with pytest.raises(EznasError, match=message) as caught:
        read_sweep(DARTS, written(tmp_path, records))
    assert str(caught.value).startswith(f"{tmp_path / 'DARTS.json'}, record 1, ")


def test_a_record_of_two_lists_is_named_with_its_list(tmp_path, records):
    with pytest.raises(EznasError, match="record 1 of mid, is no object"):
        read_sweep(DARTS, written(tmp_path, {"top": records[:1], "mid": [records[1], 7]}))


def test_a_network_of_another_space_is_refused(tmp_path, records):
    with pytest.raises(EznasError, match="record 0, has a network that cannot be built"):
        read_sweep(RESNEXT, written(tmp_path, records, "ResNeXt-A.json"))


def test_a_file_that_is_cut_off_is_refused(tmp_path, records):
    text = json.dumps(records)
    for length in (0, 1, len(text) // 2, len(text) - 1):
        with pytest.raises(EznasError, match=r"DARTS\.json is cut off or damaged"):
            read_sweep(DARTS, written(tmp_path, text[:length]))
    with pytest.raises(EznasError, match="holds no records"):
        read_sweep(DARTS, written(tmp_path, "[]"))


def test_an_archive_that_is_cut_off_or_changed_is_refused(tmp_path, records):
    path = nds_zip(tmp_path / "data.zip", {"DARTS": records})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(EznasError, match="holds no NDS file, or a download of one that is cut off"):
        sweeps_in(path)
    with zipfile.ZipFile(nds_zip(path, {"DARTS": records})) as archive:
        start = archive.infolist()[0].header_offset + 100
    changed = bytearray(content)
    changed[start : start + 20] = bytes(20)
    path.write_bytes(changed)
    with pytest.raises(EznasError, match=r"data\.zip is cut off or damaged"):
        read_sweep(DARTS, path)


def test_an_archive_that_is_encrypted_or_packed_in_another_way_is_refused(tmp_path, records):
    path = nds_zip(tmp_path / "data.zip", {"DARTS": records})
    encrypted(path)
    with pytest.raises(EznasError, match=r"data\.zip cannot be unpacked \(File '.*DARTS\.json' is encrypted"):
        read_sweep(DARTS, path)
    path = nds_zip(path, {"DARTS": records})
    content = bytearray(path.read_bytes())
    for signature, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.find(signature) + method] = 99
    path.write_bytes(content)
    with pytest.raises(EznasError, match=r"data\.zip cannot be unpacked \(That compression method is not supported"):
        read_sweep(DARTS, path)


def test_changed_bytes_of_an_archive_raise_nothing_else(tmp_path, records):
    path = nds_zip(tmp_path / "data.zip", {"DARTS": records[:1]})
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(1000):
        changed = bytearray(content)
        for place in (rng.integers(60), len(content) - 1 - rng.integers(120)):
            changed[place] = rng.integers(256)
        path.write_bytes(changed)
        with contextlib.suppress(EznasError):
            for file in sweeps_in(path).values():
                read_sweep(DARTS, file)


def test_files_are_found_by_their_official_names(tmp_path, records):
    folder = tmp_path / "nds_data"
    folder.mkdir()
    written(folder, records)
    written(folder, records, "ResNet_rng1.json")
    expected = {"nds-darts": folder / "DARTS.json"}
    assert sweeps_in(folder) == sweeps_in(tmp_path) == sweeps_in(folder / "DARTS.json") == expected
    archive = nds_zip(tmp_path / "data.zip", {"DARTS_in": records, "Vanilla": records, "ResNet_reruns": records})
    assert sweeps_in(archive) == {"nds-darts-in": archive, "nds-vanilla": archive}
    for path in (folder / "ResNet_rng1.json", tmp_path / "empty"):
        path.mkdir() if path.name == "empty" else None
        with pytest.raises(EznasError, match=r"holds no NDS file.*DARTS\.json, ENAS\.json"):
            sweeps_in(path)


def test_missing_files_are_told(tmp_path):
    with pytest.raises(EznasError, match=r"DARTS\.json could not be read: No such file"):
        read_sweep(DARTS, tmp_path / "DARTS.json")
    archive = nds_zip(tmp_path / "data.zip", {"ENAS": []})
    with pytest.raises(EznasError, match=r"data\.zip has 0 files called DARTS\.json"):
        read_sweep(DARTS, archive)
