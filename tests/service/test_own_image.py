import io
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tiny_models import GLICO, GLOW

from explorer.cli.points import point
from explorer.data.intake import read_image
from explorer.errors import ConfigError, DataError
from explorer.service.own_image import (
    KEPT,
    OwnImage,
    Square,
    Tray,
    _box,
    add_own_image,
    read_own_image,
)
from explorer.service.plausibility import plausibility
from explorer.service.points import add_image
from explorer.service.prepare import seal
from explorer.service.progress import Cancelled
from explorer.service.workbench import Workbench

SHARES = st.floats(0, 1)


@pytest.fixture
def bench(tiny_root):
    return Workbench(tiny_root)


def own(width, height, colour="red"):
    image = Image.new("RGB", (width, height), colour)
    image.putpixel((width - 1, height - 1), (0, 0, 255))
    content = io.BytesIO()
    image.save(content, "PNG")
    return read_own_image(content.getvalue())


@given(
    width=st.integers(1, 5000),
    height=st.integers(1, 5000),
    left=SHARES,
    top=SHARES,
    side=st.floats(1e-6, 1),
)
def test_the_crop_is_a_square_inside_the_picture(width, height, left, top, side):
    x, y, right, bottom = _box((width, height), Square(left, top, side))
    assert 0 <= x < right <= width
    assert 0 <= y < bottom <= height
    assert right - x == bottom - y
    assert abs((right - x) - side * min(width, height)) <= 1


@pytest.mark.parametrize(
    "square",
    [
        Square(float("nan"), 0.0, 1.0),
        Square(0.0, float("inf"), 1.0),
        Square(0.0, -0.1, 1.0),
        Square(0.0, 0.0, 0.0),
        Square(0.0, 0.0, 1.5),
    ],
)
def test_a_crop_outside_the_picture_is_refused(bench, square):
    with pytest.raises(ConfigError, match="Move the square again"):
        add_own_image(bench, GLOW, own(60, 40), square)
    assert bench.open(GLOW).guests.positions() == ()


def test_without_a_crop_the_middle_is_taken_as_the_data_was(bench):
    brought = own(90, 40)
    position = add_own_image(bench, GLOW, brought)
    content = io.BytesIO()
    brought.image.save(content, "PNG")
    assert np.array_equal(bench.picture(GLOW, position).pixels, read_image(content.getvalue(), 32))


def test_a_padded_picture_is_whole_with_white_beside_it(bench):
    position = add_own_image(bench, GLOW, own(64, 32), Square(0.0, 0.0, 1.0, pad=True))
    pixels = bench.picture(GLOW, position).pixels
    assert (pixels[:6] >= 250).all() and (pixels[-6:] >= 250).all()
    assert pixels[16, 2].tolist() == [255, 0, 0]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 500), (500, 3)])
def test_the_smallest_and_the_thinnest_pictures_become_images(bench, width, height):
    position = add_own_image(bench, GLOW, own(width, height))
    assert bench.picture(GLOW, position).pixels.shape == (32, 32, 3)


def test_a_search_that_is_cancelled_leaves_nothing(bench):
    def cancel(share, doing):
        if share > 0.3:
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        add_own_image(bench, GLICO, own(40, 40), report=cancel)
    assert bench.open(GLICO).guests.positions() == ()
    assert add_own_image(bench, GLICO, own(40, 40)) == 60


def test_the_tray_keeps_the_last_pictures():
    tray = Tray()
    for number in range(KEPT + 1):
        tray.put(OwnImage(str(number), Image.new("L", (1, 1)), ()))
    assert tray.get("1").key == "1"
    for key in ("0", None, 3, ["1"]):
        with pytest.raises(ConfigError, match="Choose its file again"):
            tray.get(key)


def test_a_gallery_image_is_usual_by_its_own_measures(bench):
    measures = bench.open(GLOW).measures
    row = int(np.argsort(measures.bits_per_dim)[30])
    found = plausibility(bench, GLOW, row)
    assert found.exact and found.psnr == float("inf")
    assert found.error is None
    assert found.bits.value == pytest.approx(measures.bits_per_dim[row], abs=1e-4)
    assert found.bits.side == "usual"
    assert found.bits.below == pytest.approx(0.5, abs=0.05)


def test_noise_is_unlike_the_training_images(bench):
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    glow = plausibility(bench, GLOW, add_image(bench, GLOW, noise))
    assert glow.unusual and glow.exact
    assert glow.norm.side == "high"
    glico = plausibility(bench, GLICO, add_image(bench, GLICO, noise))
    assert not glico.exact and glico.bits is None and glico.norm is None
    assert glico.error.value == pytest.approx(10 ** (-glico.psnr / 20))
    difference = (noise.astype(float) - glico.pixels) / 255
    assert glico.error.value == pytest.approx(np.sqrt((difference**2).mean()))


def test_a_model_that_was_not_measured_gives_no_comparison(tiny_root, tmp_path):
    shutil.copytree(tiny_root / GLICO, tmp_path / "m")
    (tmp_path / "m" / "measures.npz").unlink()
    seal(tmp_path / "m")
    found = plausibility(Workbench(tmp_path), "m", 3)
    assert found.error is None and not found.unusual


def test_the_command_line_takes_numbers_sources_and_files(bench, tmp_path):
    path = tmp_path / "photo.png"
    own(50, 40).image.save(path)
    assert point(bench, GLICO, "12") == 12
    assert bench.picture(GLICO, point(bench, GLICO, "sample:7")).origin == "generated"
    assert bench.picture(GLICO, point(bench, GLICO, str(path))).origin == "uploaded"
    (tmp_path / "words.png").write_text("no picture")
    with pytest.raises(DataError, match=r"words\.png"):
        point(bench, GLICO, str(tmp_path / "words.png"))
    with pytest.raises(DataError, match="does not exist"):
        point(bench, GLICO, "gone.png")
    with pytest.raises(ConfigError, match="names no point"):
        point(bench, GLICO, "hat")
