import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.errors import CheckpointError
from explorer.latent.direction_file import load_directions, save_directions
from explorer.latent.direction_fit import DirectionFit
from explorer.latent.directions import Directions

NAMES = ("smile", "Schnurrbart ä", "scar")
CLASSES = ("short", "long", "bald")


def record(dim: int = 70) -> Directions:
    """Rows with values of very different size, as those of a flow's levels are."""
    generator = torch.Generator().manual_seed(0)
    marks = torch.rand(60, 3, generator=generator) < torch.tensor([0.5, 0.3, 0.0])
    labels = torch.arange(60) % 3
    sizes = torch.logspace(0, -2, dim)
    latents = (torch.randn(60, dim, generator=generator) + marks[:, :1].float()) * sizes
    fit = DirectionFit(NAMES, CLASSES, marks, labels, dim)
    fit.update(latents)
    return fit.finish("a" * 64)


def test_a_record_comes_back_within_a_hundredth_of_every_length(tmp_path):
    before = record()
    save_directions(tmp_path / "folder" / "directions.npz", before)
    after = load_directions(tmp_path / "folder" / "directions.npz", model="a" * 64)
    for name in ("pooled", "ridge", "conditional", "within", "logistic", "principal"):
        old, new = getattr(before, name), getattr(after, name)
        assert old.dtype == new.dtype and old.shape == new.shape
        assert ((old - new).norm(dim=-1) <= 0.01 * old.norm(dim=-1)).all()
    for name in ("names", "class_names", "model", "refused", "found_on"):
        assert getattr(before, name) == getattr(after, name)
    for name in ("positives", "negatives", "class_positives", "class_negatives"):
        assert torch.equal(getattr(before, name), getattr(after, name))
    for name in ("offsets", "cosines", "errors"):
        for kind, values in getattr(before, name).items():
            torch.testing.assert_close(getattr(after, name)[kind], values, equal_nan=True)
    assert before.refused == {"scar": (0, 60)}


def test_saving_again_changes_nothing(tmp_path):
    save_directions(tmp_path / "one.npz", record())
    once = load_directions(tmp_path / "one.npz")
    save_directions(tmp_path / "two.npz", once)
    twice = load_directions(tmp_path / "two.npz")
    torch.testing.assert_close(twice.conditional, once.conditional, rtol=1e-6, atol=0)


def test_equal_records_give_equal_files(tmp_path):
    save_directions(tmp_path / "one.npz", record())
    save_directions(tmp_path / "two.npz", record())
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_directions_of_other_weights_are_refused_by_their_hash(tmp_path):
    save_directions(tmp_path / "directions.npz", record())
    with pytest.raises(
        CheckpointError, match=r"\(aaaaaaaaaaaa\).*\(bbbbbbbbbbbb\).*attributes fit"
    ):
        load_directions(tmp_path / "directions.npz", model="b" * 64)


def test_a_file_of_another_layout_is_refused(tmp_path):
    np.savez(tmp_path / "directions.npz", names=np.array(["smile"]), pooled=np.zeros((1, 4)))
    with pytest.raises(CheckpointError, match="lacks class_names"):
        load_directions(tmp_path / "directions.npz")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ridge", torch.zeros(2, 5), r"ridge is int8 of shape \(2, 5\); expected .*\(2, 70\)"),
        ("logistic", torch.zeros(1, 70), "logistic is int8"),
        ("positives", torch.zeros(3, dtype=torch.int64), "positives"),
        ("names", ("smile",), "positives"),
        ("offsets", {"pooled": torch.full((2,), torch.nan)}, "pooled_offset is not finite"),
    ],
)
def test_a_file_whose_arrays_do_not_fit_is_refused(tmp_path, name, value, message):
    damaged = record()
    object.__setattr__(damaged, name, value)
    save_directions(tmp_path / "directions.npz", damaged)
    with pytest.raises(CheckpointError, match=message):
        load_directions(tmp_path / "directions.npz")


def test_a_model_without_attributes_keeps_its_variations(tmp_path):
    labels = torch.arange(30) % 2
    fit = DirectionFit((), ("a", "b"), torch.zeros(30, 0, dtype=torch.bool), labels, 5)
    fit.update(torch.randn(30, 5, generator=torch.Generator().manual_seed(0)))
    save_directions(tmp_path / "directions.npz", fit.finish("c" * 64))
    found = load_directions(tmp_path / "directions.npz")
    assert found.names == ()
    assert found.variations == tuple(f"variation {k}" for k in range(1, 6))
    assert isinstance(found.axis("variation 5", "principal", 1), Tensor)
