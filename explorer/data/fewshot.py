"""Draws from a labelled set: N images a class, or N in all, by seed and nothing else.

Each image has a place in line that is a hash of the seed and its index in the source. A draw takes
the first in line. So draws use no random generator, are the same on every machine and version,
are nested (5 shots are among the 10 shots of the same seed), and do not change for one class when
another gains images.
"""

__all__ = ["count_positions", "draw_count", "draw_shots", "shot_positions"]

import hashlib

import numpy as np
from jaxtyping import Int64

from explorer.data.labelled import LabelledImages
from explorer.errors import DataError


def draw_shots(data: LabelledImages, shots: int, seed: int) -> LabelledImages:
    """Return `shots` images of each class, in the order of the set, indices kept.

    Args:
        data: The set to draw from.
        shots: Images a class, at least 1.
        seed: Which draw.

    Raises:
        DataError: A class has fewer images; the text names it.
    """
    return data.subset(
        shot_positions(
            data.labels, data.indices, data.class_names, shots=shots, seed=seed, name=data.name
        )
    )


def draw_count(data: LabelledImages, count: int, seed: int) -> LabelledImages:
    """Return `count` images of the set, or all if it has fewer, in its order, indices kept."""
    return data.subset(count_positions(data.indices, count=count, seed=seed))


def shot_positions(
    labels: Int64[np.ndarray, " n"],
    indices: Int64[np.ndarray, " n"],
    class_names: tuple[str, ...],
    *,
    shots: int,
    seed: int,
    name: str,
) -> Int64[np.ndarray, " k"]:
    """Return the positions of the first `shots` in line of each class, ascending.

    Args:
        labels: Class number of each image.
        indices: Index of each image in its source, which decides its place in line.
        class_names: Names in the order of the numbers.
        shots: Images a class, at least 1.
        seed: Which draw.
        name: The set's name, for the error.

    Raises:
        DataError: A class has fewer images, or `shots` is less than 1.
    """
    if shots < 1:
        raise DataError(f"{name}: {shots} images a class asked for; at least 1 is needed.")
    drawn = []
    for number, class_name in enumerate(class_names):
        members = np.flatnonzero(labels == number)
        if len(members) < shots:
            raise DataError(
                f"{name}: class '{class_name}' has {len(members)} images, but {shots} a class "
                f"were asked for. Ask for at most {len(members)} or add images."
            )
        drawn.append(members[_first_in_line(indices[members], shots, seed)])
    return np.sort(np.concatenate(drawn)).astype(np.int64)


def count_positions(
    indices: Int64[np.ndarray, " n"], *, count: int, seed: int
) -> Int64[np.ndarray, " k"]:
    """Return the positions of the first `count` in line, ascending; all if there are fewer."""
    if count >= len(indices):
        return np.arange(len(indices), dtype=np.int64)
    return np.sort(_first_in_line(indices, count, seed))


def _first_in_line(
    indices: Int64[np.ndarray, " n"], count: int, seed: int
) -> Int64[np.ndarray, " k"]:
    places = [hashlib.sha256(f"{seed}:{index}".encode()).digest() for index in indices]
    return np.array(sorted(range(len(places)), key=places.__getitem__)[:count], dtype=np.int64)
