"""The table of attributes that a person writes."""

from pathlib import Path

import pytest

from explorer.data.attribute_table import read_attributes
from explorer.errors import DataError


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "attributes.csv"
    path.write_bytes(text.encode(encoding))
    return path


def pictures(folder: Path, *files: str) -> None:
    for file in files:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).touch()


def test_all_four_values_are_read_in_the_order_of_the_files(tmp_path):
    path = table(tmp_path, "file,red,thorny\na/1.png,1,-1\n./b\\2.png,0,+1\nother.png,0,0\n\n")
    pictures(tmp_path, "a/1.png", "b/2.png", "other.png")
    names, values = read_attributes(path, ["b/2.png", "a/1.png"])
    assert names == ("red", "thorny")
    assert values.tolist() == [[False, True], [True, False]]


def test_a_byte_order_mark_and_quoted_names_are_understood(tmp_path):
    path = table(tmp_path, '"file","red, mostly"\r\n"a/1.png","1"\r\n', "utf-8-sig")
    pictures(tmp_path, "a/1.png")
    names, values = read_attributes(path, ["a/1.png"])
    assert names == ("red, mostly",)
    assert values.tolist() == [[True]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("file\na.png\n", "columns after the first need names"),
        ("file,red,red\na.png,1,1\n", "2 columns are called 'red'"),
        ("file,red,Red \na.png,1,1\n", "2 columns are called 'red'"),
        ("file,red,\na.png,1,1\n", "need names"),
        ("file,red\na.png,yes\n", "row 2: 'red' is 'yes'; allowed are 0, 1, -1 and"),
        ("file,red\na.png,nan\n", "row 2: 'red' is 'nan'; allowed are 0, 1, -1 and"),
        ("file,red\na.png,\n", "row 2: 'red' is ''; allowed are 0, 1, -1 and"),
        ("file,red\na.png,1\n../up.png,1\n", "'../up.png' is not a path below"),
        ("file,red\na.png,1\ngone.png,1\n", "row for 'gone.png', which is not there"),
        ("file,red\na.png,1,1\n", "row 2: it has 2 values for 1 attributes"),
        ("file,red\na.png,1\na.png,0\n", "row 3: 'a.png' is there twice"),
        ("file,red\nb.png,1\n", "no row for 'a.png'"),
        ('file,red\n"a.png,1\n', "not a readable CSV"),
    ],
)
def test_a_wrong_table_is_one_sentence_with_file_and_row(tmp_path, text, words):
    path = table(tmp_path, text)
    pictures(tmp_path, "a.png")
    with pytest.raises(DataError) as caught:
        read_attributes(path, ["a.png"])
    assert words in str(caught.value)
    assert path.name in str(caught.value)


def test_another_encoding_is_named(tmp_path):
    with pytest.raises(DataError, match="UTF-8"):
        read_attributes(table(tmp_path, "file,größe\na.png,1\n", "latin-1"), ["a.png"])
