"""PSNR read off a sheet of originals and reconstructions."""

import math

import numpy as np
import pytest
from PIL import Image

from explorer.data.images import tile
from explorer.service.run_quality import sheet_psnr

SIZE = 6


def sheet(path, originals, restored):
    rows = []
    for first in range(0, len(originals), 8):
        rows += [tile(part[first : first + 8], 8) for part in (originals, restored)]
    drawn = np.concatenate(rows).repeat(2, axis=0).repeat(2, axis=1)
    Image.fromarray(drawn).save(path)
    return path


@pytest.mark.parametrize("count", [1, 3, 8, 12, 16])
def test_it_is_that_of_the_pictures(tmp_path, count):
    random = np.random.default_rng(count)
    originals = random.integers(0, 250, (count, SIZE, SIZE, 3), dtype=np.uint8)
    restored = random.integers(0, 250, (count, SIZE, SIZE, 3), dtype=np.uint8)
    mean = np.square(originals.astype(float) - restored).mean()
    found = sheet_psnr(sheet(tmp_path / "a.png", originals, restored), 0, SIZE)
    assert found == pytest.approx(10 * math.log10(255**2 / mean), abs=1e-9)


def test_it_is_infinite_where_all_come_back(tmp_path):
    pictures = np.full((4, SIZE, SIZE, 3), 7, dtype=np.uint8)
    assert sheet_psnr(sheet(tmp_path / "a.png", pictures, pictures), 0, SIZE) == math.inf
