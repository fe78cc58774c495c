"""Augmented sets from disk: the very images, numbers and choice that were written."""

__all__ = ["read_set"]

import io
import json
import math
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from explorer.errors import ConfigError, DataError
from explorer.service.augment import NewImages
from explorer.service.augmented_set import AugmentedSet
from explorer.service.judgement import Judgement, Yardstick
from explorer.service.limits import checked_limits
from explorer.service.plan import MOST_IMAGES, checked_plan
from explorer.service.set_file import FORMAT, MANIFEST, SCHEMA
from explorer.service.set_measures import SetMeasure, SetMeasures

MOST_BYTES = 64 * 2**20
"""Of a manifest; 20,000 images have about 20 MB."""

MOST_PICTURE_BYTES = 4 * 2**20
MOST_SIDE = 1024
_FILE = re.compile(r"(kept|left-out)/[^/\\]+/\d{4,6}\.png")

_Opener = Callable[[str, int], bytes]
"""Takes a name within the set and the most bytes it may have."""


def read_set(path: Path) -> AugmentedSet:
    """Read a set from its folder, its archive, or its manifest.

    Args:
        path: What `explorer.service.set_file.write_set` wrote, or the manifest in a folder.

    Raises:
        DataError: Nothing is there, it is no augmented set, or it is damaged or was changed.
    """
    if path.name == MANIFEST:
        path = path.parent
    if path.is_dir():
        return _read(str(path), _folder_opener(path))
    if not path.is_file():
        raise DataError(f"No augmented set at '{path}'. Give the folder or the .zip of one.")
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(str(path), _archive_opener(archive))
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"'{path}' is not a readable archive ({error}). Give the folder or the .zip of an "
            "augmented set."
        ) from None


def _folder_opener(folder: Path) -> _Opener:
    def opener(name: str, most: int) -> bytes:
        with (folder / name).open("rb") as file:
            return file.read(most + 1)

    return opener


def _archive_opener(archive: zipfile.ZipFile) -> _Opener:
    def opener(name: str, most: int) -> bytes:
        try:
            with archive.open(name) as file:
                return file.read(most + 1)
        except KeyError:
            raise FileNotFoundError(name) from None

    return opener


def _read(where: str, opener: _Opener) -> AugmentedSet:
    try:
        text = opener(MANIFEST, MOST_BYTES)
    except OSError:
        raise DataError(
            f"'{where}' has no {MANIFEST}, so it is no augmented set. Give one that was exported "
            "here."
        ) from None
    if len(text) > MOST_BYTES:
        raise DataError(f"'{where}': the manifest has more than {MOST_BYTES // 2**20} MB.")
    try:
        header, *lines = (json.loads(line) for line in text.decode().splitlines())
        if header.get("format") != FORMAT or header["schema"] != SCHEMA:
            raise DataError(
                f"'{where}' is of another kind or version ({header.get('format')!r}, schema "
                f"{header.get('schema')!r}). This version reads {FORMAT!r}, schema {SCHEMA}."
            )
        if len(lines) != header["images"] or not 1 <= len(lines) <= MOST_IMAGES:
            raise DataError(
                f"'{where}': the manifest tells of {header['images']} images and lists "
                f"{len(lines)}. It was cut off or changed; export the set again."
            )
        return _set(where, opener, header, lines)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        if isinstance(error, ConfigError):
            raise DataError(f"'{where}': {error}") from None
        raise DataError(
            f"'{where}': the manifest is damaged ({type(error).__name__}: {str(error)[:80]}). "
            "Export the set again."
        ) from None


def _set(
    where: str, opener: _Opener, header: Mapping[str, Any], lines: list[dict[str, Any]]
) -> AugmentedSet:
    names = tuple(str(name) for name in header["class_names"])
    numbers = {name: k for k, name in enumerate(names)}
    mixture = np.zeros((len(lines), len(names)), dtype=np.float32)
    for row, line in enumerate(lines):
        for name, share in line["label"].items():
            mixture[row, numbers[name]] = share
    parents = [[int(one) for one in line["parents"]] for line in lines]
    shape = tuple(int(side) for side in header["image_shape"])
    if len(shape) != 3 or max(shape) > MOST_SIDE or shape[2] not in (1, 3):
        raise ValueError(f"image shape {shape}")
    made = NewImages(
        model=str(header["model"]),
        version=str(header["version"]),
        class_names=names,
        plan=checked_plan(header["plan"]),
        pixels=np.stack([_picture(where, opener, line["file"], shape) for line in lines]),
        labels=np.array([numbers[line["class"]] for line in lines], dtype=np.int64),
        mixture=mixture,
        numbers=np.array([int(line["number"]) for line in lines], dtype=np.int64),
        parents=np.array([[*row, -1, -1][:2] for row in parents], dtype=np.int64),
        t=_numbers([line["t"] for line in lines], math.nan),
    )
    measures = list(lines[0]["measures"])
    judged = Judgement(
        values={
            name: _numbers([line["measures"][name] for line in lines], math.inf)
            for name in measures
        },
        shares={
            name: _numbers([line["share_of_real_below"][name] for line in lines], math.nan)
            for name in measures
        },
        yardsticks={str(name): Yardstick(**one) for name, one in header["real"].items()},
        nearest=np.array([int(line["nearest"]) for line in lines], dtype=np.int64),
        backbone=str(header["backbone"]),
        features=None,
        real=None,
    )
    return AugmentedSet(
        made=made,
        judged=judged,
        limits=checked_limits(header["limits"]),
        reasons=tuple(tuple(str(one) for one in line["reasons"]) for line in lines),
        whole=_measures(header["whole"]),
        chosen=_measures(header["chosen"]),
    )


def _picture(where: str, opener: _Opener, name: object, shape: tuple[int, ...]) -> np.ndarray:
    if not isinstance(name, str) or not _FILE.fullmatch(name) or ".." in name.split("/"):
        raise ValueError(f"file name {str(name)[:60]!r}")
    try:
        content = opener(name, MOST_PICTURE_BYTES)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if picture.size != (shape[1], shape[0]):
                raise DataError(
                    f"'{where}': '{name}' has {picture.width} x {picture.height} pixels; "
                    f"{shape[1]} x {shape[0]} are expected. It was changed; export the set again."
                )
            pixels = np.asarray(picture.convert("L" if shape[2] == 1 else "RGB"))
    except (OSError, SyntaxError, Image.DecompressionBombError):
        raise DataError(
            f"'{where}': '{name}' is missing or cannot be read. Export the set again."
        ) from None
    return pixels.reshape(shape)


def _numbers(values: list[Any], missing: float) -> np.ndarray:
    return np.array([missing if one is None else float(one) for one in values])


def _measures(raw: Mapping[str, Any]) -> SetMeasures:
    found = tuple(
        SetMeasure(
            str(one["name"]), *(_number(one[k]) for k in ("value", "low", "median", "high"))
        )
        for one in raw["found"]
    )
    return SetMeasures(found, int(raw["size"]), str(raw["note"]))


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
