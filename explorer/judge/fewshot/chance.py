"""Random draws that no arm can disturb: each use has its own generator, by seed and purpose."""

__all__ = ["source_of"]

import hashlib

from torch import Generator


def source_of(seed: int, purpose: str) -> Generator:
    """Return a generator that depends on the seed and the purpose, and on nothing else.

    Example:
        >>> source_of(1, "order").initial_seed() == source_of(1, "order").initial_seed()
        True
    """
    digest = hashlib.sha256(f"fewshot:{seed}:{purpose}".encode()).digest()
    return Generator().manual_seed(int.from_bytes(digest[:7], "big"))
