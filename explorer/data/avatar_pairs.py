"""The same drawn face with and without an attribute: what an edit should have made of it."""

__all__ = ["PAIRED", "draw_pairs", "with_attribute"]

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Int64

from explorer.data.avatars import (
    DARK_SKIN_FROM,
    FAMILIES,
    HAIR_COLOURS,
    Face,
    blend,
    draw_face,
    render,
)
from explorer.data.labelled import ImagePairs
from explorer.data.source import Split
from explorer.errors import DataError, near_match
from explorer.settings import DataSettings

_HAIR_COLOURS = ("blond", "black_hair", "grey_hair")
_SWITCHES = ("smile", "mouth_open", "brows_raised", "blush", "earrings", "collar", "eyes_closed")
_EYEWEAR = {"glasses": "PRESCRIPTION_2", "sunglasses": "WAYFARERS"}
_FACIAL_HAIR = {"beard": "BEARD_MEDIUM", "moustache": "MOUSTACHE_MAGNUM"}
_GRADED = {"dark_skin": ("skin", DARK_SKIN_FROM), "warm_background": ("background", 0.5)}
_GRADED |= {"red_shirt": ("shirt", 0.5)}

PAIRED = (*_SWITCHES, *_EYEWEAR, *_FACIAL_HAIR, *_GRADED, *_HAIR_COLOURS)
"""Attributes by which a face has one counterpart. A hat, long hair and a bald head come in several
shapes (or take hair away that nobody knows), so no one picture is the right answer."""


def with_attribute(face: Face, attribute: str, *, present: bool) -> Face:
    """Return the same face with the attribute, or without it.

    A graded attribute (skin, background, shirt) keeps its rank: who is the darkest third of the
    light faces becomes the darkest third of the dark ones. Hair becomes the middle shade of its
    colour, or of brown. Sunglasses come off where they would hide the eyes.

    Args:
        face: Any face; its hair must show for hair colours.
        attribute: One of `PAIRED`.
        present: Whether the returned face has it.
    """
    if attribute in _SWITCHES:
        hidden = attribute == "eyes_closed" and face.eyewear == _EYEWEAR["sunglasses"]
        flags = {**face.flags, attribute: present}
        return replace(face, flags=flags, eyewear="NONE" if hidden else face.eyewear)
    if attribute in _EYEWEAR:
        return replace(face, eyewear=_EYEWEAR[attribute] if present else "NONE")
    if attribute in _FACIAL_HAIR:
        return replace(face, facial_hair=_FACIAL_HAIR[attribute] if present else "NONE")
    if attribute in _GRADED:
        factor, limit = _GRADED[attribute]
        changed: dict[str, Any] = {factor: _ranked(getattr(face, factor), limit, above=present)}
        return replace(face, **changed)
    return _with_hair(face, attribute, present=present)


def _ranked(value: float, limit: float, *, above: bool) -> float:
    """Return where a value belongs on one side of a limit if it keeps its rank on its own side."""
    rank = (value - limit) / (1 - limit) if value > limit else value / limit
    return limit + max(rank, 1e-6) * (1 - limit) if above else rank * limit


def _with_hair(face: Face, attribute: str, *, present: bool) -> Face:
    if (face.hair_name == attribute) == present:
        return face
    name = attribute if present else "brown"
    return replace(face, hair_name=name, hair=blend(HAIR_COLOURS[name][1:], 0.5))


def draw_pairs(settings: DataSettings, split: Split, attribute: str, count: int) -> ImagePairs:
    """Draw the first faces of a split that can show an attribute, without it and with it.

    Args:
        settings: `image_size` and `seed` say which faces and how large.
        split: Faces of "test" are none that a model was trained on.
        attribute: One of `PAIRED`.
        count: Faces to draw, at least 1.

    Raises:
        DataError: The attribute has no counterpart.
    """
    if attribute not in PAIRED:
        hint = near_match(attribute, PAIRED)
        raise DataError(
            f"avatars: no face has one counterpart by '{attribute}'.{hint} "
            f"Choose among {', '.join(PAIRED)}."
        )
    families, faces, index = list(FAMILIES), list[tuple[int, Face]](), 0
    while len(faces) < count:
        face = draw_face(settings.seed, split, index)
        if attribute not in _HAIR_COLOURS or face.family not in ("hat", "bald"):
            faces.append((index, face))
        index += 1
    pictures = [
        np.stack(
            [
                render(with_attribute(face, attribute, present=present), settings.image_size)
                for _, face in faces
            ]
        )
        for present in (False, True)
    ]
    indices: Int64[np.ndarray, " k"] = np.array([index for index, _ in faces], dtype=np.int64)
    return ImagePairs(
        without=pictures[0],
        with_it=pictures[1],
        labels=np.array([families.index(face.family) for _, face in faces], dtype=np.int64),
        indices=indices,
    )
