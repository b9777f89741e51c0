import numpy as np
import pytest

from eznas.data.tables import read_own_table, read_table
from eznas.errors import EznasError
from eznas.spaces.nasbench201 import NASBench201

A = "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
B = "|skip_connect~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"


def written(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_reads_columns(tmp_path):
    table = read_table(written(tmp_path, f'architecture,"top, 1"\n{A},1.5\r\n"{B}",100\n'))
    assert table.header == ("architecture", "top, 1")
    assert table.lines == [2, 3]
    assert table.architectures("architecture", NASBench201()) == (A, B)
    np.testing.assert_array_equal(table.percentages("top, 1"), [1.5, 100.0])


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path):
    assert read_table(written(tmp_path, b"\xef\xbb\xbfaccuracy\n5\n")).header == ("accuracy",)


def test_both_texts_of_an_architecture_are_read_and_the_canonical_one_kept(tmp_path):
    table = read_table(written(tmp_path, f'architecture\n"(1, 1, 1, 1, 1, 2)"\n{B}\n'))
    assert table.architectures("architecture", NASBench201()) == (A, B)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["empty"]),
        (" \n", ["empty"]),
        ("a,b\n", ["no rows"]),
        ("a,b\n1,2\n3,4", ["cut off", "'3,4'"]),
        ("a,b\n1,2\n3", ["cut off", "'3'"]),
        ("a,b\n1,2\n3\n", ["line 3", "'3'", "1 cells", "has 2"]),
        ("a,b\n1,2,9\n3,4\n", ["line 2", "'1,2,9'", "3 cells"]),
        ("a,b\n1,2\n\n3,4\n", ["line 3", "0 cells"]),
        ('a,b\n1,"2\n3,4\n', ["line 3", "separated cells"]),
        ("a,a\n1,2\n", ["'a' twice"]),
        (b"a,b\n1,2\n3,\xff\n", ["line 3", "ff", "UTF-8"]),
        (b"\x00\x01\x80\n", ["line 1", "80", "UTF-8"]),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, content, parts):
    path = written(tmp_path, content)
    with pytest.raises(EznasError) as caught:
        read_table(path)
    for part in [str(path), *parts]:
        assert part in str(caught.value)


def test_a_table_cut_anywhere_is_refused_or_lacks_rows(tmp_path):
    content = f"architecture,accuracy\n{A},12.34\n{B},56.78\n"
    whole = len(read_table(written(tmp_path, content)).rows)
    for end in range(len(content)):
        try:
            rows = len(read_table(written(tmp_path, content[:end])).rows)
        except EznasError:
            continue
        assert rows < whole


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(EznasError, match=r"missing\.csv could not be read: No such file"):
        read_table(tmp_path / "missing.csv")
    with pytest.raises(EznasError, match="directory"):
        read_table(tmp_path)


def test_a_missing_column_is_named_beside_the_ones_there_are(tmp_path):
    table = read_table(written(tmp_path, "a,b\n1,2\n"))
    with pytest.raises(EznasError, match="no column 'accuracy', only 'a', 'b'"):
        table.percentages("accuracy")


@pytest.mark.parametrize("cell", ["nan", "NaN", "inf", "-inf", "-0.1", "100.01", "high", "", "1_0", "12.3.4", "1e400"])
def test_a_cell_that_is_no_percentage_is_named_with_its_line(tmp_path, cell):
    table = read_table(written(tmp_path, f"network,accuracy\n1,50\n2,{cell}\n"))
    with pytest.raises(EznasError, match=r"table\.csv, line 3, accuracy: ") as caught:
        table.percentages("accuracy")
    assert repr(cell) in str(caught.value)


@pytest.mark.parametrize("text", ["|none~0|", A.replace("none", "sep_conv_3x3", 1), "(1, 1, 1, 1, 1, 9)", ""])
def test_a_bad_architecture_is_named_with_its_line(tmp_path, text):
    table = read_table(written(tmp_path, f'architecture,accuracy\n{A},50\n"{text}",60\n'))
    with pytest.raises(EznasError, match=r"table\.csv, line 3, architecture: ") as caught:
        table.architectures("architecture", NASBench201())
    assert repr(text) in str(caught.value)


def test_the_same_architecture_twice_is_named_with_both_lines(tmp_path):
    table = read_table(written(tmp_path, f'architecture\n{A}\n{B}\n"(1, 1, 1, 1, 1, 2)"\n'))
    with pytest.raises(EznasError, match="twice, on line 2 and on line 4") as caught:
        table.architectures("architecture", NASBench201())
    assert A in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "net,top1\na,1\nb,2\n",
        "\ufeffnet,top1\r\na,1\r\nb,2\r\n",
        "net;top1\na;1\nb;2",
        "net\ttop1\na\t1\n\n\t\nb\t2\n\n",
        "\n\nnet, top1\na, 1\nb, 2",
        '"net","top1"\n"a","1"\n"b","2"',
    ],
    ids=["plain", "byte-order mark and Windows", "semicolons, no last end", "tabs, empty lines", "spaces", "quotes"],
)
def test_a_users_own_table_is_what_a_spreadsheet_writes(tmp_path, content):
    table = read_own_table(written(tmp_path, content))
    assert table.header == ("net", "top1")
    assert table.column("net") == ["a", "b"]
    np.testing.assert_array_equal(table.numbers("top1"), [1, 2])


def test_a_separator_within_quotes_is_a_text(tmp_path):
    table = read_own_table(written(tmp_path, 'net;"top;1"\n"3x3,5x5;skip";1\n3x3,1x1;2\n'))
    assert table.column("net") == ["3x3,5x5;skip", "3x3,1x1"]
    np.testing.assert_array_equal(table.numbers("top;1"), [1, 2])


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("net,top1\n3x3,5x5,1\n", ["line 2", "'3x3,5x5,1'", "3 cells", "quotes around a cell that holds a comma"]),
        ("net;top1\na;1;2\n", ["line 2", "holds a semicolon"]),
        ("", ["empty: write it again"]),
        ("net,top1\n", ["no rows"]),
        ("net,net\n1,2\n", ["'net' twice"]),
        ("net,top1\na,1\n".encode("utf-16"), ["line 1", "UTF-8"]),
        ('net,top1\n"a,1\n', ["separated cells"]),
    ],
)
def test_a_damaged_own_table_is_refused(tmp_path, content, parts):
    path = written(tmp_path, content)
    with pytest.raises(EznasError) as caught:
        read_own_table(path)
    for part in [str(path), *parts]:
        assert part in str(caught.value)


def test_numbers_are_any_finite_ones_and_missing_where_a_cell_is_empty(tmp_path):
    table = read_own_table(written(tmp_path, "net,x\na,-1e300\nb,\nc,  \nd,0\n"))
    np.testing.assert_array_equal(table.numbers("x"), [-1e300, np.nan, np.nan, 0])


@pytest.mark.parametrize("cell", ["nan", "NaN", "inf", "-Infinity", "1e999", "1_0", "93;5", "high"])
def test_a_cell_that_is_no_finite_number_is_named_with_its_line(tmp_path, cell):
    table = read_own_table(written(tmp_path, f"net,x\na,1\n\nb,{cell}\n"))
    with pytest.raises(EznasError, match=rf"table\.csv, line 4, x: '{cell}' is no finite number"):
        table.numbers("x")
