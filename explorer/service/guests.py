"""Points beside the gallery: uploaded images, samples and means, as long as the program runs.

Gallery images have the positions 0 to n - 1 of a model, guests those from n on. A guest has a
*source*, a text that says where it comes from; the same source always has the same position,
and a position never gets another source, so that a pair that was picked never changes its meaning.
"""

__all__ = ["GUESTS_KEPT", "ClassFrom", "Guest", "Guests", "Origin", "OwnOrigin"]

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from explorer.errors import ConfigError

GUESTS_KEPT = 200
"""Guests of one model that stay in memory; the one used longest ago makes room."""

OwnOrigin = Literal["uploaded", "generated", "mean"]
Origin = Literal["train", "held-out", "uploaded", "generated", "mean"]
ClassFrom = Literal["data", "asked", "chosen", "classifier", "neighbour", "majority"]
"""Who says of which class an image is: its data set, the wish it was drawn by, the person, the
classifier, the nearest gallery image, or most members of a mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Guest:
    """One point beside the gallery.

    Attributes:
        source: The text that finds it again, e.g. "sample:7"; see `explorer.service.points`.
        origin: What it is.
        pixels: uint8, shape (height, width, channel): of an upload the very image, else what the
            model draws.
        latent: Where it lies, shape (dim,).
        label: Its class, by which it is edited and coloured.
        class_from: Who says so.
        members: Positions that a mean is of; empty for others.
        file_name: Of an uploaded image, where it is known.
    """

    source: str
    origin: OwnOrigin
    pixels: UInt8[np.ndarray, "height width channel"]
    latent: Float[Tensor, " dim"]
    label: int
    class_from: ClassFrom
    members: tuple[int, ...] = ()
    file_name: str = ""


@dataclass(slots=True, eq=False)
class Guests:
    """The guests of one model; safe to use from several threads.

    Attributes:
        model: Its name, for errors.
        first: Position of the first guest: the number of gallery images.
        revision: Grows whenever a guest comes or goes.
    """

    model: str
    first: int
    revision: int = 0
    _sources: list[str] = field(default_factory=list)
    _kept: OrderedDict[int, Guest] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, guest: Guest) -> int:
        """Keep a guest, in place of one of the same source, and return its position."""
        with self._lock:
            if guest.source not in self._sources:
                self._sources.append(guest.source)
            position = self.first + self._sources.index(guest.source)
            self.revision += 1
            self._kept[position] = guest
            self._kept.move_to_end(position)
            while len(self._kept) > GUESTS_KEPT:
                self._kept.popitem(last=False)
            return position

    def find(self, source: str) -> int | None:
        """Return the position of the guest of this source; None where it is not kept."""
        with self._lock:
            if source not in self._sources:
                return None
            position = self.first + self._sources.index(source)
            return position if position in self._kept else None

    def get(self, position: int) -> Guest:
        """Return the guest at a position.

        Raises:
            ConfigError: There is none, or it made room for newer ones.
        """
        with self._lock:
            if position in self._kept:
                self._kept.move_to_end(position)
                return self._kept[position]
            row = position - self.first
            if 0 <= row < len(self._sources):
                raise ConfigError(
                    f"Image {position} of '{self.model}' made room for newer ones: {GUESTS_KEPT} "
                    f"added images are kept. Add it again: {self._sources[row][:80]}."
                )
        raise ConfigError(
            f"Image {position} of '{self.model}'; 0 to {self.first - 1} are there"
            f"{self._added_ones()}."
        )

    def positions(self) -> tuple[int, ...]:
        """Return the positions of the guests that are kept, ascending."""
        with self._lock:
            return tuple(sorted(self._kept))

    def _added_ones(self) -> str:
        if not self._sources:
            return ""
        return f", and added ones up to {self.first + len(self._sources) - 1}"
