"""Which files are held out for testing where a set has no split of its own."""

__all__ = ["held_out"]

import hashlib

import numpy as np
from jaxtyping import Bool, Int64

ONE_IN = 10


def held_out(keys: list[str], labels: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Return which files belong to the test split: one in ten of each class, by hash of the name.

    Each class of two files or more gives at least one and keeps at least one. A file's place in
    line depends on its name alone, so files stay on their side when the folder is moved, and
    nearly all do when files are added.

    Args:
        keys: Name of each file relative to the set's root, with `/`.
        labels: Class number of each file.

    Returns:
        True for the test split, shape (n,).
    """
    places = [hashlib.sha256(key.encode(errors="surrogateescape")).digest() for key in keys]
    test = np.zeros(len(keys), dtype=bool)
    for number in np.unique(labels):
        members = sorted(np.flatnonzero(labels == number), key=places.__getitem__)
        if len(members) > 1:
            test[members[: max(1, round(len(members) / ONE_IN))]] = True
    return test
