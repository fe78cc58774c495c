"""Judging new images, sorting them out, and writing them so that the same set comes back."""

import errno
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tiny_models import GLICO, GLOW

from explorer.data.images import to_images
from explorer.data.load import load_data
from explorer.errors import ConfigError, DataError
from explorer.judge.features import backbone_features
from explorer.service import set_file
from explorer.service.augment import augment
from explorer.service.augmented_set import ClassCount, make_set, thin_classes, with_limits
from explorer.service.judgement import judge
from explorer.service.limits import REASONS, Limits, checked_limits, rejections
from explorer.service.plan import Plan
from explorer.service.real_images import flow_of
from explorer.service.set_file import class_folders, set_bytes, write_set
from explorer.service.set_measures import measure_set
from explorer.service.set_reader import read_set
from explorer.service.workbench import Workbench
from explorer.settings import DataSettings

LIMITS = Limits(agreement=0.15, unlike=3, blurred=0)
"""Which an untrained model can meet."""


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


@pytest.fixture(scope="module")
def found(workbench):
    return make_set(workbench, GLOW, Plan(per_class=8, seed=1), LIMITS)


def test_every_measure_is_there_with_its_yardstick(found):
    assert set(found.judged.values) == {measure for measure, _ in REASONS.values()} | {
        "difference"
    }
    assert set(found.judged.yardsticks) == set(found.judged.values)
    assert "held-out images" in found.judged.yardsticks["agreement"].source
    assert found.judged.yardsticks["novelty"].source == "60 training images"


def test_the_flow_of_the_same_data_gives_the_bits(workbench, found):
    assert found.judged.real.flow == GLOW
    assert flow_of(workbench, workbench.open(GLICO)) == GLOW
    expected = workbench.bits_per_dim(GLOW, found.made.pixels[:3])
    np.testing.assert_allclose(found.judged.values["bits"][:3], expected, rtol=1e-4)


def test_the_nearest_training_image_is_the_nearest(workbench, found):
    gallery = workbench.open(GLOW).gallery
    features = backbone_features(to_images(gallery.pixels)).double().numpy()
    for row in (0, 11, 39):
        own = backbone_features(to_images(found.made.pixels[row : row + 1])).double().numpy()
        distances = np.linalg.norm(features - own, axis=1)
        assert found.judged.nearest[row] == distances.argmin()
        assert found.judged.values["novelty"][row] == pytest.approx(distances.min(), rel=1e-3)
        share = (found.judged.real.values["novelty"] < distances.min()).mean()
        assert found.judged.shares["novelty"][row] == pytest.approx(share, abs=0.02)


def test_a_copied_training_image_is_found_to_be_memorised(workbench, found):
    gallery = workbench.open(GLOW).gallery
    pixels = found.made.pixels.copy()
    pixels[2] = gallery.pixels[17]
    judged = judge(workbench, replace(found.made, pixels=pixels))
    assert judged.nearest[2] == 17
    assert judged.values["novelty"][2] == pytest.approx(0, abs=1e-2)
    assert judged.values["difference"][2] == 0
    assert "almost a training image" in rejections(judged, Limits())[2]


def test_of_doubles_the_first_is_kept(workbench, found):
    pixels = found.made.pixels.copy()
    pixels[9] = pixels[4]
    judged = judge(workbench, replace(found.made, pixels=pixels))
    reasons = rejections(judged, Limits(agreement=0.0, memorised=0.0, plain=0.0))
    assert "almost an earlier new image" in reasons[9]
    assert np.isinf(judged.values["twin"][0]) and judged.values["twin"][9] < 1e-2


def test_a_plain_and_a_blurred_picture_are_left_out(workbench, found):
    pixels = found.made.pixels.copy()
    pixels[3] = 120
    judged = judge(workbench, replace(found.made, pixels=pixels))
    reasons = rejections(judged, Limits(blurred=1.0))
    assert {"blurred", "almost plain"} <= set(reasons[3])


@pytest.mark.parametrize("name", REASONS)
def test_a_stricter_limit_keeps_no_image_more(found, name):
    field = Limits.model_fields[name]
    low, high = (getattr(field.metadata[k], edge) for k, edge in ((0, "ge"), (1, "le")))
    strict, loose = (high, low) if name not in ("unlike", "unlikely") else (low, high)
    counts = [
        sum(REASONS[name][1] in row for row in rejections(found.judged, Limits(**{name: value})))
        for value in (loose, (low + high) / 2, strict)
    ]
    assert counts[0] <= counts[1] <= counts[2]
    assert counts[0] == 0 and counts[2] > 0


def test_real_images_as_a_set_lie_within_their_own_yardstick(workbench, found, tiny_root):
    """Held-out faces, drawn anew, pass for what they are; a single repeated one does not."""
    experiment = json.loads((tiny_root / GLOW / "experiment.json").read_text())
    settings = DataSettings(**experiment["data"] | {"count": 160})
    fresh = load_data(settings, "test").subset(np.arange(80, 160))
    count = len(found.made)
    made = replace(found.made, pixels=fresh.images[:count], labels=fresh.labels[:count])
    judged = judge(workbench, made)
    whole = measure_set(made, judged, np.ones(count, dtype=bool))
    numbers = {one.name: one for one in whole.found}
    assert set(numbers) == {"kid", "precision", "recall", "density", "coverage", "diversity"}
    spread = numbers["kid"].high - numbers["kid"].low
    assert numbers["kid"].low - spread < numbers["kid"].value < numbers["kid"].high + spread
    same = replace(made, pixels=made.pixels[:1].repeat(count, axis=0))
    copies = {
        one.name: one
        for one in measure_set(same, judge(workbench, same), np.ones(count, bool)).found
    }
    assert copies["kid"].value > numbers["kid"].high + spread
    assert copies["recall"].value < numbers["recall"].low
    assert copies["diversity"].value == pytest.approx(0, abs=1e-3)


def test_too_few_images_are_no_set(found):
    kept = np.zeros(len(found.made), dtype=bool)
    kept[:3] = True
    assert measure_set(found.made, found.judged, kept).found == ()


def same(one, other):
    for name in ("pixels", "labels", "numbers", "parents", "t"):
        np.testing.assert_array_equal(getattr(one.made, name), getattr(other.made, name))
    np.testing.assert_allclose(one.made.mixture, other.made.mixture, atol=1e-6)
    assert one.made.plan == other.made.plan and one.limits == other.limits
    assert one.reasons == other.reasons
    for part in ("values", "shares"):
        for name, numbers in getattr(one.judged, part).items():
            np.testing.assert_array_equal(numbers, getattr(other.judged, part)[name])
    np.testing.assert_array_equal(one.judged.nearest, other.judged.nearest)
    assert one.judged.backbone == other.judged.backbone == "efficientnet-lite0"
    assert dict(one.judged.yardsticks) == dict(other.judged.yardsticks)
    assert (one.whole, one.chosen) == (other.whole, other.chosen)


@pytest.mark.parametrize("name", ["set", "set.zip"])
def test_what_was_written_comes_back(found, tmp_path, name):
    write_set(tmp_path / name, found)
    same(found, read_set(tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == [name], "nothing else is left"


def test_a_manifest_alone_opens_its_set(found, tmp_path):
    write_set(tmp_path / "set", found)
    same(found, read_set(tmp_path / "set" / "manifest.jsonl"))


def test_equal_sets_give_equal_archives(found):
    assert set_bytes(found) == set_bytes(found)


def test_other_limits_on_a_set_from_a_file_are_those_on_the_set_itself(workbench, found, tmp_path):
    write_set(tmp_path / "set", found)
    limits = LIMITS.model_copy(update={"agreement": 0.25, "memorised": 0.5})
    mine, back = (with_limits(workbench, f, limits) for f in (found, read_set(tmp_path / "set")))
    assert mine.reasons == back.reasons and mine.reasons != found.reasons
    for one, other in zip(mine.chosen.found, back.chosen.found, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-4, abs=1e-6)


def test_kept_images_are_an_image_folder(found, tmp_path):
    write_set(tmp_path / "set", found)
    data = load_data(
        DataSettings(name="folder", root=str(tmp_path / "set" / "kept"), image_size=32), "train"
    )
    names = {found.made.class_names[k] for k in found.made.labels[found.kept]}
    assert set(data.class_names) == names
    lines = (tmp_path / "set" / "manifest.jsonl").read_text().splitlines()[1:]
    rows = [json.loads(line) for line in lines]
    assert sum(row["kept"] for row in rows) == int(found.kept.sum())
    for row in rows:
        assert row["kept"] == (not row["reasons"]) == row["file"].startswith("kept/")
        assert row["seed"] == 1 and row["model"] == found.made.version
        assert set(row["measures"]) == set(found.judged.values)


ODD = ("T-shirt/top", "a", "A", "..", "", " ", ".hidden", "x" * 300, "日本", "a:b\n", "NUL\0")


def test_odd_class_names_become_folders_and_come_back(found, tmp_path):
    mixture = np.zeros((len(found.made), len(ODD)), dtype=np.float32)
    labels = np.arange(len(found.made)) % len(ODD)
    mixture[np.arange(len(labels)), labels] = 1
    made = replace(found.made, class_names=ODD, labels=labels.astype(np.int64), mixture=mixture)
    made = replace(made, numbers=np.arange(len(labels), dtype=np.int64) // len(ODD))
    odd = replace(found, made=made)
    folders = class_folders(ODD)
    assert len({folder.lower() for folder in folders}) == len(ODD)
    write_set(tmp_path / "set", odd)
    same(odd, read_set(tmp_path / "set"))
    outside = [p for p in tmp_path.rglob("*.png") if p.parent.parent.parent.name != "set"]
    assert outside == []


def test_nothing_is_overwritten_without_being_told(found, tmp_path):
    for name in ("set", "set.zip"):
        target = tmp_path / name
        write_set(target, found)
        with pytest.raises(DataError, match="is there already"):
            write_set(target, found)
        write_set(target, replace(found, limits=Limits()), overwrite=True)
        assert read_set(target).limits == Limits()


def test_a_folder_of_other_things_is_never_overwritten(found, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"mine")
    with pytest.raises(DataError, match="something else than an augmented set"):
        write_set(tmp_path / "photos", found, overwrite=True)
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    with pytest.raises(DataError, match="never overwritten"):
        write_set(tmp_path / "link", found, overwrite=True)
    assert (tmp_path / "photos" / "one.jpg").read_bytes() == b"mine"


@pytest.mark.parametrize("at", [0, 7])
def test_a_full_disk_leaves_nothing_behind_and_the_old_set_whole(found, tmp_path, monkeypatch, at):
    write_set(tmp_path / "set", found)
    before = (tmp_path / "set" / "manifest.jsonl").read_bytes()
    calls = []

    def full(pixels):
        calls.append(1)
        if len(calls) > at:
            raise OSError(errno.ENOSPC, "No space left on device")
        return b"png"

    monkeypatch.setattr(set_file, "to_png", full)
    for name in ("set", "new"):
        with pytest.raises(DataError, match="No space left on device"):
            write_set(tmp_path / name, found, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert (tmp_path / "set" / "manifest.jsonl").read_bytes() == before


def changed(folder, line, **fields):
    path = folder / "manifest.jsonl"
    lines = path.read_text().splitlines()
    lines[line] = json.dumps(json.loads(lines[line]) | fields)
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("line", "fields", "message"),
    [
        (0, {"format": "other"}, "another kind or version"),
        (0, {"schema": 99}, "another kind or version"),
        (0, {"images": 3}, "cut off or changed"),
        (0, {"limits": {"agreemnt": 1}}, "Did you mean 'agreement'"),
        (0, {"image_shape": [99999, 99999, 3]}, "damaged"),
        (1, {"file": "../../secret.png"}, "damaged"),
        (1, {"file": "kept/../0000.png"}, "damaged"),
        (1, {"class": "unknown"}, "damaged"),
        (2, {"measures": {}}, "damaged"),
    ],
)
def test_a_changed_manifest_is_refused(found, tmp_path, line, fields, message):
    write_set(tmp_path / "set", found)
    changed(tmp_path / "set", line, **fields)
    with pytest.raises(DataError, match=message):
        read_set(tmp_path / "set")


def test_missing_and_changed_pictures_are_named(found, tmp_path):
    write_set(tmp_path / "set", found)
    path = next((tmp_path / "set" / "kept").rglob("*.png"))
    Image.new("RGB", (9, 9)).save(path)
    with pytest.raises(DataError, match="9 x 9 pixels; 32 x 32 are expected"):
        read_set(tmp_path / "set")
    path.unlink()
    with pytest.raises(DataError, match="missing or cannot be read"):
        read_set(tmp_path / "set")


def test_what_is_no_set_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no archive")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    for name, message in (
        ("nowhere", "No augmented set at"),
        ("empty", "has no manifest"),
        ("text.zip", "not a readable archive"),
        ("other.zip", "has no manifest"),
    ):
        with pytest.raises(DataError, match=message):
            read_set(tmp_path / name)


def test_limits_name_what_is_wrong_in_them():
    with pytest.raises(ConfigError, match="Did you mean 'agreement'"):
        checked_limits({"agrement": 0.5})
    with pytest.raises(ConfigError, match="'agreement' is 2"):
        checked_limits({"agreement": 2})


def test_limits_at_the_end_of_their_scale_keep_everything(workbench):
    """An untrained GLICO draws pictures farther away than any scale reaches."""
    made = augment(workbench, GLICO, Plan(per_class=2))
    loose = {
        name: 0.0 if name not in ("unlike", "unlikely") else field.metadata[1].le
        for name, field in Limits.model_fields.items()
    }
    assert rejections(judge(workbench, made), Limits(**loose)) == [()] * 10


def test_classes_of_which_few_are_kept_are_named_with_the_usual_reason(found):
    reasons = [("blurred",)] * 5 + [()] * 3 + [("blurred",)] * 4 + [()] * 4
    reasons += [("almost plain",)] * 8 + [()] * 16
    thin = thin_classes(replace(found, reasons=tuple(reasons)))
    first, _, third = found.made.class_names[:3]
    assert thin == (ClassCount(first, 3, 8, "blurred"), ClassCount(third, 0, 8, "almost plain"))


def test_the_usual_limits_leave_out_what_is_farther_or_more_blurred_than_real_images(found):
    judged = found.judged
    shares = dict(judged.shares) | {"sharpness": np.full(judged.count, 0.5)}
    values = dict(judged.values) | {"novelty": np.full(judged.count, judged.typical)}
    values["novelty"][1] *= 1.8
    shares["sharpness"][2] = 0.0
    reasons = rejections(replace(judged, values=values, shares=shares), Limits())
    assert "unlike any training image" in reasons[1] and "blurred" in reasons[2]
    assert not {"unlike any training image", "blurred"} & set(reasons[0])
