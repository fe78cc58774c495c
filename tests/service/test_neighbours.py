import math

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError, NotSupportedError
from explorer.service import neighbours as module
from explorer.service.codes import gallery_codes
from explorer.service.neighbours import neighbour_count, neighbour_table, neighbours
from explorer.service.points import add_mean
from explorer.service.progress import unreported
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def bench(tiny_root):
    return Workbench(tiny_root)


def brute_force(bench, name, k):
    """Distances and positions of the nearest others of every image, by scikit-learn."""
    codes = gallery_codes(bench.open(name), unreported).double().numpy()
    return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(codes).kneighbors()


@pytest.mark.parametrize("name", [GLOW, GLICO])
def test_neighbours_are_those_of_a_plain_search(bench, name):
    opened = bench.open(name)
    distances, positions = brute_force(bench, name, 5)
    for position in (0, 33):
        found = neighbours(bench, name, position, 5)
        assert [one.position for one in found.records] == positions[position].tolist()
        np.testing.assert_allclose(
            [one.distance for one in found.records], distances[position], rtol=1e-5
        )
        labels = opened.gallery.labels[positions[position]]
        assert [one.class_name for one in found.records] == [
            opened.data.class_names[label] for label in labels
        ]


def test_the_table_is_the_search_of_every_image(bench):
    table = neighbour_table(bench.open(GLICO), unreported)
    distances, positions = brute_force(bench, GLICO, 8)
    np.testing.assert_array_equal(table.positions, positions)
    np.testing.assert_allclose(table.distances, distances, rtol=1e-5)
    assert table.angles.shape == (60, 8)


def test_angles_and_distances_agree_on_the_sphere(bench):
    table = neighbour_table(bench.open(GLICO), unreported)
    np.testing.assert_allclose(2 * np.sin(table.angles / 2), table.distances, rtol=1e-4)


def test_a_guest_finds_gallery_images(bench):
    guest = add_mean(bench, GLICO, [2, 5])
    assert guest >= 60
    found = neighbours(bench, GLICO, guest, 60)
    assert len(found.records) == 60
    gaps = (gallery_codes(bench.open(GLICO), unreported) - bench.latents(GLICO, [guest])).norm(
        dim=1
    )
    assert found.records[0].position == int(gaps.argmin())


def test_more_than_there_are_gives_all_others(bench):
    found = neighbours(bench, GLICO, 3, 100)
    assert sorted(one.position for one in found.records) == [n for n in range(60) if n != 3]


def test_random_pairs_say_what_is_far(bench):
    found = neighbours(bench, GLICO, 3)
    assert found.records[0].distance < found.typical_distance
    assert 0 < found.typical_angle < math.pi
    assert neighbours(bench, GLICO, 3).typical_distance == found.typical_distance


@pytest.mark.parametrize("k", [0, 101])
def test_too_many_or_too_few_are_refused(bench, k):
    with pytest.raises(ConfigError, match=f"{k} neighbours; 1 to 100"):
        neighbours(bench, GLICO, 3, k)


@pytest.mark.parametrize("position", [-1, 10_000])
def test_an_image_that_is_not_there_has_no_neighbours(bench, position):
    with pytest.raises(ConfigError):
        neighbours(bench, GLICO, position)


def test_a_gallery_too_large_to_compare_all_says_so(bench, monkeypatch):
    monkeypatch.setattr(module, "MOST_PRODUCTS", 1000)
    assert neighbour_count(bench.open(GLICO)) == 0
    with pytest.raises(NotSupportedError, match="too many to compare all with all"):
        neighbour_table(bench.open(GLICO), unreported)
