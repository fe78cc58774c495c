"""Archives that people bring, good and hostile."""

import io
import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from tiny_sets import random_pixels

from explorer.data import archive
from explorer.data.archive import unpack
from explorer.errors import DataError


def picture(seed: int = 0) -> bytes:
    from explorer.data.images import to_png

    return to_png(random_pixels(seed, 6, 6))


def zipped(path: Path, entries: dict[str, bytes], **options) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path


def written(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def refusal(path: Path, tmp_path: Path) -> str:
    target = tmp_path / "out" / "set"
    with pytest.raises(DataError) as caught:
        unpack(path, target)
    assert not target.exists()
    assert not list(target.parent.iterdir()), "something was left behind"
    assert "\n" not in str(caught.value) and "ZIP" in str(caught.value)
    return str(caught.value)


def test_classes_come_out_as_they_are(tmp_path):
    entries = {"roses/1.png": picture(1), "tulips/wild/2.png": picture(2)}
    unpack(zipped(tmp_path / "a.zip", entries), tmp_path / "set")
    assert written(tmp_path / "set") == ["roses/1.png", "tulips/wild/2.png"]
    assert (tmp_path / "set/roses/1.png").read_bytes() == picture(1)


def test_folders_around_everything_are_taken_off_and_junk_is_left(tmp_path):
    entries = {
        "mine/flowers/roses/1.png": picture(),
        "mine/flowers/tulips/2.png": picture(),
        "__MACOSX/mine/flowers/roses/._1.png": b"x",
        "mine/.DS_Store": b"x",
        "mine/readme.txt": b"x",
        "mine/inner.zip": b"PK",
    }
    found = unpack(zipped(tmp_path / "a.zip", entries), tmp_path / "set")
    assert written(tmp_path / "set") == ["roses/1.png", "tulips/2.png"]
    assert found.files == 2
    assert found.passed_over == {".txt": 1, ".zip": 1}


def test_the_table_of_attributes_comes_along(tmp_path):
    entries = {"f/attributes.csv": b"file,red\n", "f/a/1.png": picture(), "f/b/2.png": picture()}
    unpack(zipped(tmp_path / "a.zip", entries), tmp_path / "set")
    assert "attributes.csv" in written(tmp_path / "set")


def test_no_name_leads_out_of_the_folder(tmp_path):
    names = ["../../a/1.png", "/etc/a/2.png", "C:\\a\\3.png", "a/../../b/4.png", "~/b/5.png"]
    unpack(
        zipped(tmp_path / "a.zip", {name: picture() for name in names}), tmp_path / "out" / "set"
    )
    everything = [p for p in tmp_path.rglob("*.png")]
    assert len(everything) == len(names)
    assert all(p.is_relative_to(tmp_path / "out" / "set") for p in everything)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_twin_names_are_told_apart(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name in ("a/X.png", "a/x.png", "a/x.png", "b/e\u0301.png", "b/\u00e9.png"):
            file.writestr(name, picture())
    unpack(path, tmp_path / "set")
    names = written(tmp_path / "set")
    assert len({name.casefold() for name in names}) == 5


def test_names_become_harmless(tmp_path):
    names = ["-rf; x/a\u202egnp.png", "b/" + "n" * 300 + ".png", "b/..hidden|.png"]
    unpack(zipped(tmp_path / "a.zip", {name: picture() for name in names}), tmp_path / "set")
    for name in written(tmp_path / "set"):
        for part in name.split("/"):
            assert part.isprintable() and len(part) < 100
            assert not part.startswith(("-", ".")) and not set(part) & set(";|\u202e")


def test_links_and_pipes_are_not_made(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a/1.png", picture())
        for name, kind in (("a/link.png", stat.S_IFLNK), ("a/pipe.png", stat.S_IFIFO)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (kind | 0o777) << 16
            file.writestr(entry, "/etc/passwd")
    found = unpack(path, tmp_path / "set")
    assert written(tmp_path / "set") == ["1.png"] or written(tmp_path / "set") == ["a/1.png"]
    assert found.passed_over == {"symbolic links": 1, "devices": 1}


def test_a_bomb_is_stopped_by_what_comes_out(tmp_path):
    bomb = zipped(tmp_path / "a.zip", {f"a/{n}.png": bytes(4 * 2**20) for n in range(4)})
    assert bomb.stat().st_size < 40_000
    assert "100 times" in refusal(bomb, tmp_path)


def test_a_size_that_lies_is_no_way_around(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a/1.png": bytes(4 * 2**20)})
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, place + 24, 10)  # the central directory says 10 bytes
    path.write_bytes(content)
    refusal(path, tmp_path)


def test_a_password_is_named(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a/1.png": picture()})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "password" in refusal(path, tmp_path)


def test_a_damaged_entry_refuses_the_whole(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a/1.png": picture(1), "b/2.png": picture(2)})
    content = bytearray(path.read_bytes())
    place = content.index(b"b/2.png") + 7
    content[place : place + 20] = bytes(20)
    path.write_bytes(content)
    refusal(path, tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"x" * 100, b"PK\x03\x04" + bytes(40), b"<!doctype html>", b"\x1f\x8b\x08"]
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    refusal(path, tmp_path)


def test_half_an_archive_is_refused(tmp_path):
    whole = zipped(tmp_path / "a.zip", {f"a/{n}.png": picture(n) for n in range(9)})
    content = whole.read_bytes()
    for end in range(0, len(content) - 1, len(content) // 12):
        whole.write_bytes(content[:end])
        refusal(whole, tmp_path)


def test_an_archive_without_pictures_tells_what_it_has(tmp_path):
    assert "1 .txt" in refusal(zipped(tmp_path / "a.zip", {"a/1.txt": b"x"}), tmp_path)


def test_limits_of_count_depth_and_picture(tmp_path, monkeypatch):
    deep = zipped(tmp_path / "deep.zip", {"/".join("abcdefghij") + "/1.png": picture()})
    assert "8 folders deep" in refusal(deep, tmp_path)
    monkeypatch.setattr(archive, "MAX_BYTES", 10)
    assert "0 MB" in refusal(zipped(tmp_path / "a.zip", {"a/1.png": picture()}), tmp_path)
    monkeypatch.setattr(archive, "MAX_COUNT", 2)
    many = zipped(tmp_path / "many.zip", {f"a/{n}.png": picture() for n in range(3)})
    assert "3 entries" in refusal(many, tmp_path)


def test_cancelling_leaves_nothing(tmp_path):
    class Enough(Exception):
        pass

    def stop(share: float) -> None:
        raise Enough

    path = zipped(tmp_path / "a.zip", {"a/1.png": picture()})
    with pytest.raises(Enough):
        unpack(path, tmp_path / "out" / "set", stop)
    assert not list((tmp_path / "out").iterdir())


def test_every_picture_of_a_large_archive_arrives(tmp_path):
    entries = {f"c{n % 3}/{n}.png": picture(n) for n in range(60)}
    unpack(zipped(tmp_path / "a.zip", entries), tmp_path / "set")
    for name, content in entries.items():
        assert (tmp_path / "set" / name).read_bytes() == content


def test_a_file_and_a_folder_of_one_name_are_told_apart(tmp_path):
    entries = {"a/x.png": picture(1), "a/x.png/1.png": picture(2), "b/in.zip": b"PK"}
    found = unpack(zipped(tmp_path / "a.zip", entries), tmp_path / "set")
    assert found.files == 2 and found.passed_over == {".zip": 1}
    assert len(written(tmp_path / "set")) == 2


def test_entries_that_share_their_bytes_are_counted_each_time(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a/1.png": bytes(2**20)})
    content = path.read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry, many = content[start:end], 1000
    head = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, many, many, many * len(entry), start, 0)
    path.write_bytes(content[:start] + many * entry + head)
    assert "100 times" in refusal(path, tmp_path)


def test_an_entry_without_a_name_is_passed_over(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a/1.png": picture(), "q": b"x"})
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    assert content[place + 46 : place + 47] == b"q"
    struct.pack_into("<HH", content, place + 28, 0, 0)  # its name has no letter
    struct.pack_into("<H", content, place + 32, 1)  # that letter is a comment
    path.write_bytes(content)
    assert unpack(path, tmp_path / "set").files == 1


def test_a_place_before_the_beginning_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a/1.png": picture()})
    content = bytearray(path.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    (start,) = struct.unpack_from("<L", content, end + 16)
    struct.pack_into("<L", content, end + 16, start + 50)
    path.write_bytes(content)
    refusal(path, tmp_path)


def test_an_entry_that_asks_for_all_memory_is_refused(tmp_path, monkeypatch):
    """A forged LZMA entry may ask for 4 GB, which a small machine does not give."""

    def too_much(*args):
        raise MemoryError

    path = zipped(tmp_path / "a.zip", {"a/1.png": picture()})
    monkeypatch.setattr(zipfile.ZipExtFile, "read", too_much)
    assert "MemoryError" in refusal(path, tmp_path)


def test_whatever_is_changed_in_an_archive_it_is_taken_or_refused(tmp_path):
    rng, wholes = random.Random(0), []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with zipfile.ZipFile(whole := io.BytesIO(), "w", method) as file:
            file.writestr("a/1.png", picture(1))
            file.writestr("b/\u00e9.png", picture(2))
        wholes.append(whole.getvalue())
    for trial in range(300):
        content = bytearray(rng.choice(wholes))
        for _ in range(rng.choice((1, 1, 3))):
            place = rng.choice((rng.randrange(len(content)), -1 - rng.randrange(200)))
            content[place] = rng.choice((0, 255, rng.randrange(256)))
        (path := tmp_path / "a.zip").write_bytes(content)
        try:
            unpack(path, tmp_path / f"out-{trial}")
        except DataError as error:
            assert "ZIP" in str(error) and "\n" not in str(error)
    assert not list(tmp_path.glob(".unpacking-*"))
