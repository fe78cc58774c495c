"""Attributes that a person teaches a model: by two selections, two folders, or a table.

A taught attribute is learned by the same estimators as the trained ones and becomes one more
slider. It lies in a file beside the weights (see `own_files`), and can be carried to any copy of
the same model.
"""

__all__ = [
    "OwnAttribute",
    "delete_attribute",
    "export_attribute",
    "import_attribute",
    "learn_attribute",
    "learn_from_folders",
    "learn_from_table",
    "new_name",
    "own_attributes",
]

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from explorer.data.attribute_table import check_rows, read_table
from explorer.data.intake import SUFFIXES, read_image
from explorer.errors import ConfigError, DataError, near_match
from explorer.latent.direction_file import save_directions
from explorer.latent.direction_fit import DirectionFit
from explorer.latent.directions import MIN_GROUP, Directions, too_few
from explorer.protocol import Latents
from explorer.service.own_files import OwnFile, own_directions, own_files, own_path, read_one
from explorer.service.progress import Report, unreported
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench

MOST_IMAGES = 5000
"""Images with and without an attribute, each, that it is learned from at most."""

LONGEST_NAME = 40
ENCODED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class OwnAttribute:
    """What there is to know of a taught attribute.

    Attributes:
        name: As the person calls it; the file's name where the file cannot be read.
        positives: Images with it that it was learned from.
        negatives: Images without it.
        learned_on: Day, as 2026-11-22.
        spread_cosine: Mean cosine of resampled directions to this one; see
            `explorer.latent.directions.Spread`.
        spread_error: Relative standard error of the direction.
        problem: Why it is no slider; empty if it is one.
    """

    name: str
    positives: int
    negatives: int
    learned_on: str
    spread_cosine: float
    spread_error: float
    problem: str


def own_attributes(workbench: Workbench, model: str) -> tuple[OwnAttribute, ...]:
    """Return the attributes a model was taught, those whose file cannot be used among them."""
    return tuple(_described(file) for file in own_files(workbench.open(model)))


def learn_attribute(
    workbench: Workbench,
    model: str,
    name: object,
    positives: object,
    negatives: object,
    report: Report = unreported,
) -> OwnAttribute:
    """Teach a model an attribute from images it shows, and keep it beside the weights.

    Name and positions may come from a browser, so that their types are checked here.

    Args:
        workbench: Where the model lies.
        model: Its name.
        name: Of the attribute: text of at most 40 characters, not yet in use.
        positives: A sequence of positions of images with the attribute.
        negatives: Likewise of images without it.
        report: Told how far it is.

    Raises:
        ConfigError: The name or a position is not allowed, or an image is in both lists.
        DataError: Fewer than `MIN_GROUP` images with or without it.
    """
    opened = workbench.open(model)
    wanted = new_name(opened, name)
    with_it = _positions(positives, "with")
    without_it = _positions(negatives, "without")
    if both := sorted(set(with_it) & set(without_it)):
        raise ConfigError(
            f"Image {both[0]} is among those with '{wanted}' and those without it ({len(both)} "
            "such images). Choose two sets that do not overlap."
        )
    _check_counts(wanted, len(with_it), len(without_it))
    labels = torch.tensor([opened.label(position) for position in with_it + without_it])
    latents = []
    for first in range(0, len(labels), ENCODED_AT_ONCE):
        report(first / len(labels), "finding the latents of the images")
        shown = (with_it + without_it)[first : first + ENCODED_AT_ONCE]
        latents.append(workbench.latents(model, shown))
    marks = torch.arange(len(labels))[:, None] < len(with_it)
    report(1.0, "finding the direction")
    fit = DirectionFit((wanted,), opened.data.class_names, marks, labels, latents[0].shape[1])
    for part in latents:
        fit.update(part)
    return _kept(opened, fit.finish(opened.version))[0]


def learn_from_folders(
    workbench: Workbench,
    model: str,
    name: str,
    positives: Path,
    negatives: Path,
    report: Report = unreported,
) -> OwnAttribute:
    """Teach a model an attribute from a folder of images with it and a folder without it.

    Raises:
        ConfigError: The name is not allowed.
        DataError: A folder is not there or holds too few images, or an image cannot be read.
    """
    opened = workbench.open(model)
    name = new_name(opened, name)
    with_it, without_it = _images_in(positives), _images_in(negatives)
    _check_counts(name, len(with_it), len(without_it))
    files = with_it + without_it
    marks = torch.arange(len(files))[:, None] < len(with_it)
    latents = _encoded(workbench, model, files, report)
    return _kept(opened, _without_classes(opened, (name,), marks, latents))[0]


def learn_from_table(
    workbench: Workbench, model: str, table: Path, report: Report = unreported
) -> tuple[OwnAttribute, ...]:
    """Teach a model every attribute of a CSV file; see `explorer.data.attribute_table`.

    All columns are learned together, so that each direction is freed of the others.

    Raises:
        ConfigError: A column's name is not allowed.
        DataError: The table is wrong; it names a file that is not there, or leaves out one that
            lies beside it; an attribute has too few images; an image cannot be read.
    """
    opened = workbench.open(model)
    columns, names, values = read_table(table)
    attributes = tuple(new_name(opened, column) for column in columns)
    check_rows(table, names)
    files = [table.parent / file for file in names]
    _check_images(table, files)
    for attribute, count in zip(attributes, values.sum(0).tolist(), strict=True):
        _check_counts(attribute, count, len(files) - count)
    latents = _encoded(workbench, model, files, report)
    marks = torch.from_numpy(values)
    return _kept(opened, _without_classes(opened, attributes, marks, latents))


def delete_attribute(workbench: Workbench, model: str, name: str) -> None:
    """Forget a taught attribute, and remove its file.

    Raises:
        ConfigError: The model was not taught this attribute.
    """
    _file_of(workbench.open(model), name).path.unlink(missing_ok=True)


def export_attribute(workbench: Workbench, model: str, name: str, target: Path) -> None:
    """Write a taught attribute to a file, for another copy of the same model.

    Raises:
        ConfigError: The model was not taught this attribute.
        CheckpointError: Its file cannot be used.
        OSError: The file cannot be written.
    """
    opened = workbench.open(model)
    save_directions(target, read_one(_file_of(opened, name).path, opened))


def import_attribute(workbench: Workbench, model: str, source: Path) -> OwnAttribute:
    """Take over an attribute that another copy of the same model was taught.

    Raises:
        CheckpointError: The file is missing or damaged, or belongs to another model.
        ConfigError: The model has a slider of this name.
    """
    opened = workbench.open(model)
    directions = read_one(source, opened)
    new_name(opened, directions.names[0])
    return _kept(opened, directions)[0]


def _without_classes(
    opened: OpenModel,
    names: tuple[str, ...],
    marks: Bool[Tensor, "n attribute"],
    latents: list[Latents],
) -> Directions:
    """Return the directions of images whose classes are not known."""
    labels = torch.zeros(len(marks), dtype=torch.int64)
    fit = DirectionFit(names, ("any",), marks, labels, latents[0].shape[1])
    for part in latents:
        fit.update(part)
    return fit.finish(opened.version).without_classes()


def _kept(opened: OpenModel, found: Directions) -> tuple[OwnAttribute, ...]:
    """Write each attribute to its own file, all of them or none, and describe it."""
    paths = [own_path(opened, name) for name in found.names]
    try:
        for path, name in zip(paths, found.names, strict=True):
            save_directions(path, found.only([name]))
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
    return tuple(_described(_file_of(opened, name)) for name in found.names)


def _described(file: OwnFile) -> OwnAttribute:
    if file.directions is None:
        nothing = float("nan")
        return OwnAttribute(file.path.stem, 0, 0, "", nothing, nothing, file.problem)
    directions, name = file.directions, file.directions.names[0]
    spread = directions.spread(name, "pooled")
    return OwnAttribute(
        name,
        *directions.counts(name),
        directions.found_on,
        spread.cosine,
        spread.error,
        "",
    )


def _file_of(opened: OpenModel, name: str) -> OwnFile:
    """Return the file of a taught attribute; one that cannot be read goes by its file's name."""
    files = {_described(file).name: file for file in own_files(opened)}
    if name not in files:
        hint = near_match(name, files)
        raise ConfigError(
            f"'{opened.name}' was not taught '{name}'.{hint} "
            f"Taught attributes: {', '.join(files) or 'none'}."
        )
    return files[name]


def new_name(opened: OpenModel, name: object) -> str:
    """Return a name without blanks around it, after checking that a new slider may have it.

    Raises:
        ConfigError: It is no text of 1 to 40 characters, or in use.
    """
    if not isinstance(name, str):
        raise ConfigError("The name of an attribute is a text. Type one.")
    name = name.strip()
    if not name:
        raise ConfigError("The attribute has no name. Type one.")
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or "=" in name:
        raise ConfigError(
            f"'{name[:LONGEST_NAME]}' cannot be the name of an attribute: 1 to {LONGEST_NAME} "
            "characters are allowed, without '='. Choose another name."
        )
    trained = () if opened.directions is None else opened.directions.sliders
    if name.lower() in {known.lower() for known in (*trained, *own_directions(opened))}:
        raise ConfigError(
            f"'{opened.name}' has an attribute '{name}'. Choose another name, or delete the one "
            "it was taught."
        )
    return name


def _positions(values: object, what: str) -> list[int]:
    """Return different positions, each a whole number; a browser may send anything."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ConfigError(f"The images {what} the attribute are no list. Select them anew.")
    if len(values) > MOST_IMAGES:
        raise ConfigError(
            f"{len(values)} images {what} the attribute; at most {MOST_IMAGES} are taken. "
            "Select fewer."
        )
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise ConfigError(
                f"{str(value)[:40]!r} is no position of an image {what} the attribute. "
                "Select the images anew."
            )
    return list(dict.fromkeys(int(value) for value in values))


def _check_counts(name: str, positives: int, negatives: int) -> None:
    if min(positives, negatives) < MIN_GROUP:
        raise DataError(too_few(name, positives, negatives))


def _images_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"'{folder}' is not a folder. Give a folder of images.")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if len(files) > MOST_IMAGES:
        raise DataError(f"'{folder}' holds {len(files)} images; at most {MOST_IMAGES} are taken.")
    return files


def _check_images(table: Path, files: Sequence[Path]) -> None:
    """Refuse a table that leaves out images which lie beside it."""
    forgotten = sorted(set(_images_in(table.parent)) - set(files))
    if forgotten:
        raise DataError(
            f"'{table}' has no row for '{forgotten[0].relative_to(table.parent)}' "
            f"({len(forgotten)} images have none). Add the rows, or move the images away."
        )


def _encoded(
    workbench: Workbench, model: str, files: Sequence[Path], report: Report
) -> list[Latents]:
    channels, height, _ = workbench.open(model).data.image_shape
    latents = []
    for first in range(0, len(files), ENCODED_AT_ONCE):
        report(first / len(files), "finding the latents of the images")
        part = files[first : first + ENCODED_AT_ONCE]
        pixels = np.stack([read_image(file, height, channels) for file in part])
        latents.append(workbench.encode(model, pixels))
    report(1.0, "finding the direction")
    return latents
