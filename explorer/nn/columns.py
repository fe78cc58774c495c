r"""Maps of several images as one matrix: a row a channel, a column a place of an image.

Columns are ordered (row, column, image), the image fastest, so that the neighbour of every place
lies the same distance away and one shift of all images moves long runs. A 3x3 convolution is then
a product with a matrix of shifted maps. On a CPU that is faster than the library's convolutions
where one side has few channels, as in a flow's coupling.
"""

__all__ = ["Columns", "Grid", "Shifted", "from_columns", "to_columns"]

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

Columns = Float[Tensor, "_ place"]


class Grid(NamedTuple):
    """What the columns are: height and width of the maps, number of images."""

    height: int
    width: int
    images: int

    @property
    def places(self) -> int:
        """Number of columns."""
        return self.height * self.width * self.images


def to_columns(x: Float[Tensor, "batch channel height width"]) -> Columns:
    """Return a copy of maps as columns."""
    return x.permute(1, 2, 3, 0).clone(memory_format=torch.contiguous_format).flatten(1)


def from_columns(columns: Columns, grid: Grid) -> Float[Tensor, "batch _ height width"]:
    """Return maps that share the columns' memory."""
    maps: Tensor = columns.view(len(columns), *grid)
    return maps.permute(3, 0, 1, 2)


class Shifted:
    r"""Room for maps under each of the nine shifts `k = (dy, dx)` of -1, 0, 1, dy first.

    .. math:: \mathrm{unfold}(x)_k[p] = x[p + k], \qquad
              \mathrm{fold}(q)[p] = \sum_k q_k[p - k]

    where beyond the edge everything is 0. One room serves either for `unfold`, which never writes
    beyond the edge, or for `fold`, which overwrites it all. Its parts are found once: finding them
    costs more than moving their numbers.

    Attributes:
        matrix: Shape (9 * channel, place).
        middle: The part of no shift, where `fold` leaves its sum, shape (channel, place).
    """

    def __init__(self, channels: int, grid: Grid, like: Tensor) -> None:
        line = grid.width * grid.images
        self.matrix = like.new_zeros(9 * channels, grid.places)
        above, same, below = self.matrix.view(3, 3 * channels, -1)
        left, middle, right = same.view(3, channels, *grid)
        self.middle: Tensor = middle.view(channels, -1)
        self._pairs = (
            (left[:, :, 1:], middle[:, :, :-1]),
            (right[:, :, :-1], middle[:, :, 1:]),
            (above[:, line:], same[:, :-line]),
            (below[:, :-line], same[:, line:]),
        )
        self._pairs_back = (
            (same[:, :-line], above[:, line:]),
            (same[:, line:], below[:, :-line]),
            (middle[:, :, :-1], left[:, :, 1:]),
            (middle[:, :, 1:], right[:, :, :-1]),
        )

    def unfold(self, x: Columns) -> Columns:
        """Return `matrix`, filled with shifted maps; x may have another dtype."""
        self.middle.copy_(x)
        for target, source in self._pairs:
            target.copy_(source)
        return self.matrix

    def fold(self) -> Columns:
        """Return the sum of what `matrix` holds, each shifted back; it lies in `matrix`."""
        for target, source in self._pairs_back:
            target.add_(source)
        return self.middle
