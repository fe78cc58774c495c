import json

import numpy as np
import pytest
from tiny_models import GLICO, GLOW, IMAGES
from tiny_sets import celeba, folder, save

from explorer.data.images import to_images
from explorer.data.load import load_data
from explorer.errors import DataError
from explorer.service.deltas import attribute_deltas, save_deltas
from explorer.service.workbench import Workbench
from explorer.settings import DataSettings

_TEXT = """
5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose
Black_Hair Blond_Hair Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee
Gray_Hair Heavy_Makeup High_Cheekbones Male Mouth_Slightly_Open Mustache Narrow_Eyes
No_Beard Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks Sideburns Smiling
Straight_Hair Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace
Wearing_Necktie Young
"""
NAMES = _TEXT.split()


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


def celeba_of(root, count=24):
    """CelebA's own files with all 40 attributes; "Bald" has two faces, "Young" all of them."""
    celeba(root)
    base = root / "celeba"
    files = [f"{number:06d}.jpg" for number in range(1, count + 1)]
    for number, file in enumerate(files):
        save(base / "img_align_celeba" / file, number, 218, 178)
    marks = np.random.default_rng(0).permuted(np.tile(np.arange(count) % 2 == 0, (40, 1)), axis=1)
    marks[NAMES.index("Bald")] = np.arange(count) < 2
    marks[NAMES.index("Young")] = True
    (base / "list_eval_partition.txt").write_text("".join(f"{file} 0\n" for file in files))
    lines = [str(count), " ".join(NAMES) + " "]
    lines += [
        f"{file}  " + " ".join(f"{1 if has else -1:2d}" for has in row)
        for file, row in zip(files, marks.T, strict=True)
    ]
    (base / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    return marks


@pytest.mark.parametrize("model", [GLOW, GLICO])
def test_the_training_images_give_the_pooled_directions(workbench, model):
    found = attribute_deltas(workbench, model)
    directions = workbench.open(model).directions
    assert found.names == directions.names and found.images == IMAGES
    assert dict(found.refused) == dict(directions.refused)
    np.testing.assert_array_equal(found.positives, directions.positives)
    for row, name in enumerate(found.names):
        length = np.linalg.norm(found.z_delta[row])
        gap = np.linalg.norm(found.z_delta[row] - directions.axis(name, "pooled").numpy())
        assert gap < 0.02 * length


def test_all_of_celeba_is_read_from_its_own_files(workbench, tmp_path):
    marks = celeba_of(tmp_path)
    found = attribute_deltas(workbench, GLOW, tmp_path)
    assert found.data == "celeba" and found.images == 24
    assert len(found.names) == 38
    assert dict(found.refused) == {"Bald": (2, 22), "Young": (24, 0)}
    row = found.names.index("Smiling")
    has = marks[NAMES.index("Smiling")]
    assert found.positives[row] == has.sum()
    assert (found.positives + found.negatives == 24).all()
    again = attribute_deltas(workbench, GLOW, tmp_path / "celeba")
    np.testing.assert_array_equal(again.z_delta, found.z_delta)


def test_z_pos_is_the_mean_latent_of_the_images_with_the_attribute(workbench, tmp_path):
    folder(tmp_path / "set")
    files = [p for p in sorted((tmp_path / "set").rglob("*.*")) if p.suffix in (".png", ".jpg")]
    rows = [
        f"{path.relative_to(tmp_path / 'set').as_posix()},{number % 2}"
        for number, path in enumerate(files)
    ]
    (tmp_path / "set" / "attributes.csv").write_text("file,odd\n" + "\n".join(rows) + "\n")
    found = attribute_deltas(workbench, GLOW, tmp_path / "set")
    settings = DataSettings(name="folder", root=str(tmp_path / "set"), image_size=32)
    images = load_data(settings, "train")
    latents = workbench.open(GLOW).generative.encode(to_images(images.images)).double().numpy()
    has = images.attributes[:, 0]
    np.testing.assert_allclose(found.z_pos[0], latents[has].mean(0), atol=1e-5)
    np.testing.assert_allclose(found.z_neg[0], latents[~has].mean(0), atol=1e-5)
    assert (found.positives[0], found.negatives[0]) == (has.sum(), (~has).sum())


def test_the_files_hold_all_there_is(workbench, tmp_path):
    found = attribute_deltas(workbench, GLICO)
    arrays, readable = save_deltas(tmp_path / "new" / "folder", found)
    with np.load(arrays) as stored:
        np.testing.assert_array_equal(stored["z_pos"], found.z_pos)
        np.testing.assert_array_equal(stored["z_neg"], found.z_neg)
        np.testing.assert_array_equal(stored["z_delta"], found.z_delta)
        assert str(stored["version"]) == workbench.open(GLICO).version
    content = json.loads(readable.read_text())
    assert content["images"] == IMAGES and content["latent_dim"] == 8
    first = content["attributes"][0]
    assert first["name"] == found.names[0] and first["positives"] == found.positives[0]
    assert first["length"] == pytest.approx(float(np.linalg.norm(found.z_delta[0])))
    assert [row["name"] for row in content["refused"]] == list(found.refused)


def test_data_without_attributes_or_with_too_few_are_refused(workbench, tmp_path):
    folder(tmp_path / "bare")
    with pytest.raises(DataError, match=r"have no attributes\. Add an attributes\.csv"):
        attribute_deltas(workbench, GLOW, tmp_path / "bare")
    celeba(tmp_path / "few")
    with pytest.raises(DataError, match="'Male' has 3 images with it and 3 without; at least 5"):
        attribute_deltas(workbench, GLOW, tmp_path / "few")
    with pytest.raises(DataError, match="is not there"):
        attribute_deltas(workbench, GLOW, tmp_path / "none")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(DataError, match="not a readable JSON"):
        attribute_deltas(workbench, GLOW, tmp_path / "broken.json")


def test_an_experiment_names_its_data(workbench, tmp_path):
    celeba_of(tmp_path / "faces")
    content = {
        "name": "any",
        "model": {"name": "glow", "config": {}},
        "data": {"name": "celeba", "root": str(tmp_path / "faces"), "image_size": 64},
    }
    (tmp_path / "any.json").write_text(json.dumps(content))
    found = attribute_deltas(workbench, GLOW, tmp_path / "any.json", count=20)
    assert found.images == 20 and found.data == "celeba"
