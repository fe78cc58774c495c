import shutil

import numpy as np
import pytest
import torch
from tiny_models import GLICO, GLOW

from explorer.data.images import to_images
from explorer.errors import ConfigError, NotSupportedError
from explorer.service import guests
from explorer.service.guests import Guest, Guests
from explorer.service.points import (
    add_image,
    add_mean,
    add_sample,
    find_point,
    in_class,
    name_of,
    source_of,
)
from explorer.service.prepare import seal
from explorer.service.walks import walk
from explorer.service.workbench import Workbench

COUNT = 60


@pytest.fixture
def bench(tiny_root):
    return Workbench(tiny_root)


def picture_of_noise(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)


def a_guest(source):
    pixels = np.zeros((2, 2, 1), dtype=np.uint8)
    return Guest(source, "generated", pixels, torch.zeros(3), 0, "asked")


def test_a_source_keeps_its_position_and_a_position_its_source(monkeypatch):
    monkeypatch.setattr(guests, "GUESTS_KEPT", 2)
    book = Guests("m", 10)
    assert [book.add(a_guest(name)) for name in "abc"] == [10, 11, 12]
    assert book.positions() == (11, 12)
    with pytest.raises(ConfigError, match=r"made room for newer ones.*Add it again: a"):
        book.get(10)
    assert book.add(a_guest("d")) == 13
    assert book.add(a_guest("a")) == 10
    assert book.get(10).source == "a"


def test_the_guest_used_longest_ago_makes_room(monkeypatch):
    monkeypatch.setattr(guests, "GUESTS_KEPT", 2)
    book = Guests("m", 0)
    book.add(a_guest("a"))
    book.add(a_guest("b"))
    book.get(0)
    book.add(a_guest("c"))
    assert book.positions() == (0, 2)


def test_guests_survive_the_model_leaving_memory(bench):
    position = find_point(bench, GLICO, "sample:1")
    first = bench.open(GLICO)
    bench._open.clear()
    assert bench.open(GLICO) is not first
    assert bench.picture(GLICO, position).source == "sample:1"


@pytest.mark.parametrize("name", [GLOW, GLICO])
def test_guests_are_points_like_any_other(bench, name):
    sample, mean = find_point(bench, name, "sample:7"), find_point(bench, name, "mean:3+5+9")
    assert (sample, mean) == (COUNT, COUNT + 1)
    assert [bench.picture(name, p).origin for p in (2, sample, mean)] == [
        "train",
        "generated",
        "mean",
    ]
    for row in walk(bench, name, sample, mean, num_points=3).rows:
        assert np.array_equal(row.frames[0], bench.picture(name, sample).pixels)
        assert np.array_equal(row.frames[-1], bench.picture(name, mean).pixels)
    unmoved = bench.edit(name, sample, {"smile": 0.0}).pixels
    assert np.array_equal(unmoved, bench.picture(name, sample).pixels)
    assert not np.array_equal(bench.edit(name, sample, {"smile": 2.0}).pixels, unmoved)
    row = bench.edit_row(name, mean, {"smile": 1.0})
    own = bench.open(name).label(mean)
    assert np.array_equal(row.before[own], bench.picture(name, mean).pixels)


def test_a_sample_is_the_one_that_sample_draws(bench):
    position = find_point(bench, GLOW, "sample:7@0.5/hat")
    drawn = bench.sample(GLOW, 1, seed=7, temperature=0.5, class_name="hat")[0]
    picture = bench.picture(GLOW, position)
    assert np.array_equal(picture.pixels, drawn)
    assert (picture.class_name, picture.class_from) == ("hat", "asked")


@pytest.mark.parametrize(
    "text", ["sample:7", "sample:7@0.85", " sample:7 ", "sample:7@0.85/hat", "mean:5+3+3", "12"]
)
def test_a_point_is_found_again_by_its_source(bench, text):
    position = find_point(bench, GLICO, text)
    source = source_of(bench.open(GLICO), position)
    assert find_point(bench, GLICO, source) == position
    assert bench.picture(GLICO, position).source == source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no point"),
        ("nan", "names no point"),
        ("-1", "0 to 59"),
        ("1e3", "names no point"),
        ("60", "0 to 59"),
        ("999999999999", "names no point"),
        ("sample:", "names no point"),
        ("sample:-1", "names no point"),
        ("sample:9999999999999999999", "2\\^63"),
        ("sample:1@3", r"\[0, 2\]"),
        ("sample:1/hut", "Did you mean 'hat'"),
        ("mean:", "names no point"),
        ("mean:1+x", "names no point"),
        ("mean:1+mean:2+3", "mean of a mean"),
        ("mean:1+600", "0 to 59"),
        ("image:0123456789abcdef", "Upload its file again"),
        ("image:../../etc/passwd", "names no point"),
        ("/etc/passwd", "names no point"),
        ("1" * 30_000, "30000"),
    ],
)
def test_what_names_no_point_is_refused_in_words(bench, text, message):
    with pytest.raises((ConfigError, NotSupportedError), match=message):
        find_point(bench, GLICO, text)
    assert bench.open(GLICO).guests.positions() == ()


def test_the_mean_of_two_codes_is_half_way_on_the_great_circle(bench):
    position = find_point(bench, GLICO, "mean:4+40")
    middle = walk(bench, GLICO, 4, 40, num_points=3)
    assert np.array_equal(bench.picture(GLICO, position).pixels, middle.rows[0].frames[1])
    assert bench.latents(GLICO, [position]).norm() == pytest.approx(1, abs=1e-6)


def test_a_mean_of_normal_latents_has_the_length_of_its_members(bench):
    members = [1, 2, 3, 50]
    mean = bench.latents(GLOW, [add_mean(bench, GLOW, members)])[0]
    latents = bench.latents(GLOW, members)
    assert mean.norm() == pytest.approx(float(latents.norm(dim=1).mean()), rel=1e-5)
    assert torch.cosine_similarity(mean, latents.mean(0), dim=0) == pytest.approx(1, abs=1e-5)


def test_a_mean_within_a_mean_stands_for_its_members(bench):
    inner = add_mean(bench, GLICO, [1, 2])
    outer = add_mean(bench, GLICO, [inner, 2, 3])
    assert source_of(bench.open(GLICO), outer) == "mean:1+2+3"


def test_the_mean_of_one_image_is_the_image(bench):
    assert add_mean(bench, GLICO, [8, 8]) == 8


def test_a_mean_has_the_class_of_most_members(bench):
    labels = bench.open(GLICO).gallery.labels
    one, two = np.unique(labels)[:2]
    members = [*np.flatnonzero(labels == two)[:2], np.flatnonzero(labels == one)[0]]
    position = add_mean(bench, GLICO, [int(member) for member in members])
    assert bench.open(GLICO).label(position) == two


@pytest.mark.parametrize("positions", [[], [60], [-1], [*range(60), 99]])
def test_a_mean_of_what_is_not_there_is_refused(bench, positions):
    with pytest.raises(ConfigError):
        add_mean(bench, GLICO, positions)


def test_glow_keeps_an_uploaded_image_to_the_pixel(bench):
    pixels = picture_of_noise()
    position = add_image(bench, GLOW, pixels)
    latent = bench.latents(GLOW, [position])
    assert np.array_equal(bench.decode(GLOW, latent, as_sample=False)[0], pixels)
    assert bench.picture(GLOW, position).origin == "uploaded"


def test_glico_searches_a_code_and_tells_its_progress(bench):
    shares = []
    position = add_image(
        bench, GLICO, picture_of_noise(), lambda share, doing: shares.append(share)
    )
    assert shares == [0.0, 0.2, 0.4, 0.6, 0.8]
    ends = walk(bench, GLICO, position, 0, num_points=3).rows[0].frames
    latent = bench.latents(GLICO, [position])
    assert np.array_equal(ends[0], bench.decode(GLICO, latent, as_sample=False)[0])


def test_the_same_image_is_the_same_point(bench):
    position = add_image(bench, GLICO, picture_of_noise())
    assert add_image(bench, GLICO, picture_of_noise()) == position
    assert add_image(bench, GLICO, picture_of_noise(1)) == position + 1
    assert find_point(bench, GLICO, source_of(bench.open(GLICO), position)) == position


def test_the_classifier_says_of_which_class_an_uploaded_image_is(bench):
    opened = bench.open(GLICO)
    position = add_image(bench, GLICO, picture_of_noise())
    chances = opened.class_judge.predict(to_images(picture_of_noise()[None]))
    assert opened.label(position) == int(chances.argmax())
    assert bench.picture(GLICO, position).class_from == "classifier"


def test_without_a_classifier_the_nearest_image_says_it(tiny_root, tmp_path):
    shutil.copytree(tiny_root / GLICO, tmp_path / "m")
    (tmp_path / "m" / "class_judge.npz").unlink()
    seal(tmp_path / "m")
    bench = Workbench(tmp_path)
    gallery = bench.open("m").gallery
    nearly = gallery.pixels[17].copy()
    nearly[0, 0] ^= 1
    position = add_image(bench, "m", nearly)
    assert bench.open("m").label(position) == gallery.labels[17]
    assert bench.picture("m", position).class_from == "neighbour"


def test_a_person_can_say_of_which_class_an_upload_is(bench):
    first = add_image(bench, GLICO, picture_of_noise())
    second = in_class(bench, GLICO, first, "hat")
    picture = bench.picture(GLICO, second)
    assert second != first
    assert (picture.class_name, picture.class_from) == ("hat", "chosen")
    assert find_point(bench, GLICO, picture.source) == second
    assert bench.latents(GLICO, [first]).equal(bench.latents(GLICO, [second]))


@pytest.mark.parametrize(("source", "label"), [("sample:1", "hat"), ("3", "hat"), ("own", "hut")])
def test_only_an_upload_and_only_a_known_class_is_chosen(bench, source, label):
    added = add_image(bench, GLICO, picture_of_noise())
    position = added if source == "own" else find_point(bench, GLICO, source)
    with pytest.raises(ConfigError, match=r"no uploaded one|Did you mean 'hat'"):
        in_class(bench, GLICO, position, label)


def test_points_have_names_for_people(bench):
    opened = bench.open(GLOW)
    named = add_image(bench, GLOW, picture_of_noise(1), file_name="cat.png")
    plain = add_image(bench, GLOW, picture_of_noise(2))
    moved = in_class(bench, GLOW, named, opened.data.class_names[0])
    places = [
        3,
        add_sample(bench, GLOW, seed=7),
        add_mean(bench, GLOW, [1, 2]),
        named,
        plain,
        moved,
    ]
    names = ["#3", "sample:7", "mean of 2 images", "cat.png", "your picture", "cat.png"]
    assert [name_of(opened, place) for place in places] == names
