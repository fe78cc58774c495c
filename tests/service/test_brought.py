"""Archives that were brought: what is told of them, and when one may go."""

import json
import os
import shutil
import time

import pytest
from tiny_models import GLICO
from tiny_sets import folder

from explorer.errors import DataError
from explorer.service import brought as module
from explorer.service import datasets
from explorer.service.brought import brought, delete_brought, delete_remains
from explorer.service.datasets import UPLOADS, add_archive


@pytest.fixture
def root(tiny_root, tmp_path):
    """A folder of models with one archive brought to it."""
    root = tmp_path / "checkpoints"
    shutil.copytree(tiny_root / GLICO, root / GLICO)
    pictures = folder(tmp_path / "flowers")
    archive = tmp_path / "flowers.zip"
    shutil.make_archive(str(archive.with_suffix("")), "zip", pictures.root)
    add_archive(root, archive)
    return root


def learned_from(root, place):
    path = root / GLICO / "experiment.json"
    experiment = json.loads(path.read_text())
    experiment["data"] |= {"name": "folder", "root": str(place)}
    path.write_text(json.dumps(experiment))


def test_what_it_holds_is_told(root):
    (one,) = brought(root)
    pictures = [path for path in one.folder.rglob("*") if path.suffix != ".csv" and path.is_file()]
    assert one.name.startswith("flowers-") and one.folder == root / UPLOADS / one.name
    assert one.images == len(pictures) > 0 and one.runs == ()
    assert one.size_mb == pytest.approx(
        sum(path.stat().st_size for path in one.folder.rglob("*") if path.is_file()) / 1e6
    )


def test_it_goes_as_a_whole(root):
    (one,) = brought(root)
    delete_brought(root, one.name)
    assert brought(root) == [] and list((root / UPLOADS).iterdir()) == []


def test_half_a_deletion_is_no_archive(root, monkeypatch):
    def broken(path):
        raise OSError("the machine stopped")

    monkeypatch.setattr(module.shutil, "rmtree", broken)
    with pytest.raises(OSError, match="stopped"):
        delete_brought(root, brought(root)[0].name)
    assert brought(root) == []


def test_one_that_a_run_learned_from_stays_until_that_run_is_gone(root):
    (one,) = brought(root)
    learned_from(root, one.folder / ".." / one.name)
    assert brought(root)[0].runs == (GLICO,)
    with pytest.raises(DataError, match=f"'{GLICO}' learned from it"):
        delete_brought(root, one.name)
    assert one.folder.is_dir()
    shutil.rmtree(root / GLICO)
    delete_brought(root, one.name)
    assert not one.folder.exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../tiny-glico", "/etc", f"../{GLICO}", "x\0y"])
def test_no_other_name_deletes_anything(root, name):
    before = sorted(root.rglob("*"))
    with pytest.raises(DataError, match="was brought; there are: 'flowers-"):
        delete_brought(root, name)
    assert sorted(root.rglob("*")) == before


def test_where_nothing_was_brought_that_is_said(tmp_path):
    assert brought(tmp_path) == []
    with pytest.raises(DataError, match="there are: none"):
        delete_brought(tmp_path, "flowers")


def test_what_a_kill_left_goes_once_nothing_works_on_it(root):
    """Old folders with old files go; one that is being written, and what was brought, stay."""
    kept = brought(root)
    long_ago = time.time() - module.REMAINS_AFTER - 1
    dead = [root / UPLOADS / ".incoming-a", root / UPLOADS / ".deleting-b", root / ".import-c"]
    alive = root / UPLOADS / ".unpacking-d"
    for place in (*dead, alive):
        (place / "class").mkdir(parents=True)
        (place / "class" / "1.png").write_bytes(b"half")
        for path in (place / "class" / "1.png", place / "class", place):
            os.utime(path, (long_ago, long_ago))
    os.utime(alive / "class" / "1.png")
    assert delete_remains(root) == 3
    assert alive.exists() and not any(place.exists() for place in dead)
    assert brought(root) == kept and delete_remains(root / "nowhere") == 0


def test_the_same_archive_brought_twice_at_once_is_one(root, tmp_path, monkeypatch):
    """The second unpacking ends after the first took the name."""
    (one,) = brought(root)
    aside = tmp_path / "aside"
    one.folder.rename(aside)
    real = datasets.unpack

    def overtaken(archive, target, progress):
        aside.rename(target)
        return real(archive, target, progress)

    monkeypatch.setattr(datasets, "unpack", overtaken)
    assert add_archive(root, tmp_path / "flowers.zip") == one.folder
    assert brought(root) == [one]
    assert [path.name for path in (root / UPLOADS).iterdir()] == [one.name]
