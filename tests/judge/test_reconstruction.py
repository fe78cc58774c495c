from planted import PixelModel, squares

from explorer.judge.reconstruction import measure_reconstruction


class Shifted(PixelModel):
    """Adds a little to one value of every image whose first value is even."""

    def __init__(self, steps: float) -> None:
        self.steps = steps

    def decode(self, latents):
        images = super().decode(latents)
        even = (images[:, 0, 0, 0] * 255).round() % 2 == 0
        images[even, 1, 3, 3] += self.steps / 255
        return images


def test_an_identity_returns_every_image():
    found = measure_reconstruction(PixelModel(), squares(130))
    assert (found.exact, found.count) == (130, 130)
    assert found.largest_error < 1e-3


def test_an_image_with_one_wrong_value_is_not_exact():
    data = squares(130)
    found = measure_reconstruction(Shifted(1.0), data)
    assert found.exact == (data.images[:, 0, 0, 0] % 2 == 1).sum()
    assert abs(found.largest_error - 1) < 1e-3


def test_what_rounding_undoes_is_exact():
    found = measure_reconstruction(Shifted(0.4), squares(60))
    assert found.exact == 60
    assert abs(found.largest_error - 0.4) < 1e-3
