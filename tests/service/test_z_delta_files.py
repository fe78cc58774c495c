"""Attribute vectors of another program: sliders that move the top level as that program does."""

import dialects
import numpy as np
import pytest
import torch

from explorer.cli import main
from explorer.errors import CheckpointError, ConfigError, NotSupportedError
from explorer.interop.z_delta import CELEBA
from explorer.service.axes import directions_of
from explorer.service.import_model import import_model
from explorer.service.workbench import Workbench
from explorer.service.z_delta_files import import_z_deltas

SHAPE = (24, 2, 2)
"""Of the top level of the fixtures' images of 8 x 8 pixels."""

NAMES = ("Smiling", "Male", "Young")


@pytest.fixture(scope="module")
def imported_root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("z-delta")
    torch.save(dialects.chaiyujin(learn_top=True), folder / "save.pkl")
    import_model(folder / "models", [folder / "save.pkl"], "faces", count=8)
    return folder / "models"


@pytest.fixture
def workbench(imported_root):
    yield Workbench(imported_root)
    for path in (imported_root / "faces" / "own").glob("*"):
        path.unlink()


@pytest.fixture
def vectors(tmp_path):
    rng = np.random.default_rng(0)
    arrays = [0.3 * rng.standard_normal(SHAPE).astype(np.float32) for _ in NAMES]
    for number, array in enumerate(arrays):
        np.save(tmp_path / f"detla_z_{number}.npy", array)
    return tmp_path, arrays


def own_files(workbench):
    return sorted((workbench.root / "faces" / "own").glob("*"))


@torch.no_grad()
def test_a_slider_moves_the_top_level_by_the_vector(workbench, vectors):
    folder, arrays = vectors
    assert import_z_deltas(workbench, "faces", folder, NAMES) == NAMES
    opened = workbench.open("faces")
    latent = workbench.latents("faces", [2]).double()  # of float32 images and weights
    glow = opened.model.double()
    axis = directions_of(opened, "Male").axis("Male", "pooled").double()

    def top(z):
        part = z[0, -int(np.prod(SHAPE)) :].unflatten(0, SHAPE)
        return part * glow.top_log_sigma.exp() + glow.top_mean

    moved = (top(latent + axis) - top(latent)).numpy()
    # rows are kept in 8 bits, which costs about a hundredth of their length
    assert np.linalg.norm(moved - arrays[1]) < 0.01 * np.linalg.norm(arrays[1])
    assert not axis[: -int(np.prod(SHAPE))].any()
    glow.float()


def test_the_page_and_the_command_line_see_them_as_attributes(workbench, vectors, capsys):
    root = ["--root", str(workbench.root)]
    folder = str(vectors[0])
    called = ["--names", ",".join(NAMES)]
    assert main(["attributes", "import", folder, "--model", "faces", *called, *root]) == 0
    assert "3 sliders more: Smiling, Male, Young" in capsys.readouterr().out
    cards = [card for card in workbench.attributes("faces") if card.own]
    assert sorted(card.name for card in cards) == sorted(NAMES)
    assert {(card.kind, card.positives, card.negatives) for card in cards} == {("pooled", 0, 0)}
    still = workbench.edit("faces", 1, {"Male": 0.0})
    moved = workbench.edit("faces", 1, {"Male": 1.0})
    assert not np.array_equal(still.pixels, moved.pixels)
    out = vectors[0] / "strip.png"
    strip = ["--index", "1", "--attribute", "Smiling", "--out", str(out)]
    assert main(["attributes", "apply", "--model", "faces", *strip, *root]) == 0
    assert out.is_file()


def test_the_forty_of_celeba_are_the_usual_ones(workbench, tmp_path):
    assert len(set(CELEBA)) == 40 and list(CELEBA) == sorted(CELEBA)
    for number in range(40):
        np.save(tmp_path / f"detla_z_{number}.npy", np.full(SHAPE, number + 1, np.float64))
    assert import_z_deltas(workbench, "faces", tmp_path) == CELEBA
    assert len(own_files(workbench)) == 40


@pytest.mark.parametrize(
    ("content", "expected", "found"),
    [
        (np.zeros((48, 8, 8), np.float32), "(24, 2, 2)", "(48, 8, 8)"),
        (np.full(SHAPE, np.nan, np.float32), "finite values", "96 of 96 not finite"),
        (np.zeros(SHAPE, np.int64), "float32", "int64"),
        (b"\x93NUMPY half", "(24, 2, 2)", "no readable array"),
        (None, "(24, 2, 2)", "missing"),
    ],
    ids=["shape", "nan", "whole numbers", "half a file", "missing"],
)
def test_what_does_not_fit_is_refused_with_a_table(workbench, vectors, content, expected, found):
    path = vectors[0] / "detla_z_1.npy"
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(CheckpointError) as refused:
        import_z_deltas(workbench, "faces", vectors[0], NAMES)
    (line,) = [line for line in str(refused.value).splitlines() if "detla_z_1.npy" in line]
    assert expected in line and found in line
    assert own_files(workbench) == []


def test_a_pickle_in_an_array_is_not_opened(workbench, vectors):
    class Bomb:
        def __reduce__(self):
            return pytest.fail, ("it ran",)

    np.save(vectors[0] / "detla_z_0.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(CheckpointError, match="no readable array"):
        import_z_deltas(workbench, "faces", vectors[0], NAMES)


def test_too_many_vectors_are_refused(workbench, vectors):
    with pytest.raises(CheckpointError, match=r"detla_z_2\.npy +nothing +a file"):
        import_z_deltas(workbench, "faces", vectors[0], NAMES[:2])
    assert own_files(workbench) == []


def test_a_name_in_use_is_refused_before_anything_is_written(workbench, vectors):
    import_z_deltas(workbench, "faces", vectors[0], NAMES)
    before = {path: path.read_bytes() for path in own_files(workbench)}
    with pytest.raises(ConfigError, match="'Smiling'"):
        import_z_deltas(workbench, "faces", vectors[0], NAMES)
    assert {path: path.read_bytes() for path in own_files(workbench)} == before


def test_a_model_without_a_top_level_is_refused(tiny_root, vectors):
    from tiny_models import GLICO

    with pytest.raises(NotSupportedError, match="no Glow"):
        import_z_deltas(Workbench(tiny_root), GLICO, vectors[0], NAMES)


def test_names_without_a_folder_are_refused(imported_root, tmp_path, capsys):
    file = tmp_path / "one.npz"
    file.write_bytes(b"")
    options = ["--model", "faces", "--names", "a", "--root", str(imported_root)]
    assert main(["attributes", "import", str(file), *options]) == 2
    assert "--names is for a folder" in capsys.readouterr().err
