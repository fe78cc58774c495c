"""Points by the text that names them, and the making of new ones.

| source | the point |
|---|---|
| `12` | gallery image 12, or the guest at that position |
| `sample:7`, `sample:7@0.5`, `sample:7@0.5/hat` | a sample: seed, temperature, class |
| `mean:3+5+sample:7` | the mean of these points |
| `image:0f3a...` | an uploaded image by the SHA-256 of its pixels, as long as it is kept |
| `image:0f3a.../hat` | the same with the class that the person gave it |

A class name in a source is percent-encoded where it has letters with a meaning there (`+`, `/`).
A mean counts each point once; a mean among its members stands for its own members.
"""

__all__ = [
    "LARGEST_MEAN",
    "add_image",
    "add_mean",
    "add_sample",
    "find_point",
    "in_class",
    "name_of",
    "source_of",
]

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, unquote

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from explorer.data.images import to_images
from explorer.errors import ConfigError
from explorer.service.guests import ClassFrom, Guest
from explorer.service.progress import Report, unreported
from explorer.service.shelf import OpenModel
from explorer.service.workbench import DEFAULT_TEMPERATURE, Workbench

LARGEST_MEAN = 1000
ENCODED_AT_ONCE = 32
_LARGEST_SEED = 2**63 - 1
_NUMBER = re.compile(r"-?\d{1,9}")  # below 0: out of range, and said so
_SAMPLE = re.compile(r"sample:(?P<seed>\d{1,19})(@(?P<heat>\d{1,2}(\.\d{1,4})?))?(/(?P<name>.+))?")
_IMAGE = re.compile(r"(?P<image>image:[0-9a-f]{16})(/(?P<name>.+))?")
_FORMS = (
    'Write the number of an image as on the map, "sample:7" for a sample of seed 7, '
    '"sample:7@0.5/CLASS" for its temperature and class, or "mean:3+5" for the mean of images.'
)


def find_point(workbench: Workbench, model: str, source: str, report: Report = unreported) -> int:
    """Return the position of the point that a text names; it is made if it is not there yet.

    Args:
        workbench: Where the model lies.
        model: The model.
        source: As in the table of this module, at most 20,000 letters.
        report: Takes the progress.

    Raises:
        ConfigError: The text has none of these forms, names a point that does not exist, or a
            value in it is out of range.
        NotSupportedError: A class is asked for and the model knows none.
    """
    opened = workbench.open(model)
    text = source.strip()
    if len(text) > 20_000:
        raise ConfigError(f"This names a point with {len(text)} letters; 20000 are read.")
    if _NUMBER.fullmatch(text):
        workbench.picture(model, int(text))
        return int(text)
    if sample := _SAMPLE.fullmatch(text):
        heat, name = sample["heat"], sample["name"]
        return add_sample(
            workbench,
            model,
            seed=int(sample["seed"]),
            temperature=DEFAULT_TEMPERATURE if heat is None else float(heat),
            class_name=None if name is None else unquote(name),
        )
    if text.startswith("mean:"):
        members = text.removeprefix("mean:").split("+")
        if any(member.strip().startswith("mean:") for member in members):
            raise ConfigError("A mean of a mean: name the images themselves, e.g. mean:3+5+9.")
        return add_mean(
            workbench, model, [find_point(workbench, model, one) for one in members], report
        )
    if image := _IMAGE.fullmatch(text):
        position = opened.guests.find(image["image"])
        if position is None:
            raise ConfigError(
                f"The uploaded image '{text[:80]}' is not kept any more. Upload its file again."
            )
        name = image["name"]
        return position if name is None else in_class(workbench, model, position, unquote(name))
    raise ConfigError(f"'{text[:80]}' names no point of '{model}'. {_FORMS}")


def source_of(opened: OpenModel, position: int) -> str:
    """Return the text that `find_point` finds a position by.

    Raises:
        ConfigError: There is no such position.
    """
    if position < len(opened.gallery):
        return str(position)
    return opened.guests.get(position).source


def name_of(opened: OpenModel, position: int) -> str:
    """Return what people call a point, e.g. "#12", "photo.png" or "mean of 5 images".

    Raises:
        ConfigError: There is no such position.
    """
    if position < len(opened.gallery):
        return f"#{position}"
    guest = opened.guests.get(position)
    if guest.origin == "uploaded":
        return guest.file_name or "your picture"
    return f"mean of {len(guest.members)} images" if guest.members else guest.source


def add_sample(
    workbench: Workbench,
    model: str,
    *,
    seed: int,
    temperature: float = DEFAULT_TEMPERATURE,
    class_name: str | None = None,
) -> int:
    """Draw one sample and return its position.

    Args:
        workbench: Where the model lies.
        model: The model.
        seed: Same seed, same sample; 0 to 2^63 - 1.
        temperature: Spread of the latent, 0 to 2, of which 4 decimals count.
        class_name: Only of this class.

    Raises:
        ConfigError: A value is out of range, or the class unknown.
        NotSupportedError: A class is asked for and the model knows none.
    """
    if not 0 <= seed <= _LARGEST_SEED:
        raise ConfigError(f"seed is {seed}; it must lie in 0 to 2^63 - 1.")
    opened = workbench.open(model)
    temperature = round(temperature, 4)
    heat = "" if temperature == DEFAULT_TEMPERATURE else f"@{temperature:g}"
    wish = "" if class_name is None else f"/{quote(class_name, safe=' ')}"
    source = f"sample:{seed}{heat}{wish}"
    known = opened.guests.find(source)
    if known is not None:
        return known
    latents = workbench.sample_latents(
        model, 1, seed=seed, temperature=temperature, class_name=class_name
    )
    pixels = workbench.decode(model, latents, as_sample=True)[0]
    if class_name is None:
        label, said_by = _class_of(opened, pixels)
    else:
        label, said_by = opened.class_number(class_name), "asked"
    return opened.guests.add(Guest(source, "generated", pixels, latents[0], label, said_by))


def add_mean(
    workbench: Workbench, model: str, positions: Sequence[int], report: Report = unreported
) -> int:
    r"""Add the mean of several points and return its position; that of one point is the point.

    The mean of latents that point in different directions is shorter than each of them, so that
    it lies where no image does. It is therefore brought back to where images lie:

    .. math:: \bar z = \frac{r}{|m|}\, m, \qquad m = \frac 1 k \sum_i z_i

    with r = 1 for latents on the unit sphere, else the mean of the members' own lengths. For two
    latents of equal length this is the midpoint of their slerp.

    Args:
        workbench: Where the model lies.
        model: The model.
        positions: 1 to `LARGEST_MEAN` positions; each counts once, and a mean among them stands
            for its members.
        report: Takes the progress.

    Raises:
        ConfigError: None or too many are given, one does not exist, or they cancel each other.
    """
    opened = workbench.open(model)
    members = sorted({one for position in positions for one in _members(opened, position)})
    if not 1 <= len(members) <= LARGEST_MEAN:
        raise ConfigError(f"A mean of {len(members)} images; 1 to {LARGEST_MEAN} can be chosen.")
    if len(members) == 1:
        workbench.picture(model, members[0])
        return members[0]
    source = "mean:" + "+".join(source_of(opened, one) for one in members)
    known = opened.guests.find(source)
    if known is not None:
        return known
    latent = _mean_latent(workbench, opened, members, report)
    pixels = workbench.decode(model, latent[None], as_sample=True)[0]
    labels = [opened.label(one) for one in members]
    label = int(np.bincount(labels).argmax())
    return opened.guests.add(
        Guest(source, "mean", pixels, latent, label, "majority", tuple(members))
    )


def add_image(
    workbench: Workbench,
    model: str,
    pixels: UInt8[np.ndarray, "height width channel"],
    report: Report = unreported,
    *,
    file_name: str = "",
) -> int:
    """Add an image of a person's own and return its position.

    Args:
        workbench: Where the model lies.
        model: The model.
        pixels: Of the model's size; see `explorer.service.own_image`.
        report: Takes the progress of the search for its latent, where the model needs one.
        file_name: What people call it.

    Raises:
        ConfigError: The image does not have the model's size.
        Cancelled: The person has cancelled.
    """
    opened = workbench.open(model)
    source = f"image:{hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:16]}"
    known = opened.guests.find(source)
    if known is not None:
        return known
    latent = workbench.encode(model, pixels[None], report)[0]
    label, said_by = _class_of(opened, pixels)
    guest = Guest(source, "uploaded", pixels.copy(), latent, label, said_by, file_name=file_name)
    return opened.guests.add(guest)


def in_class(workbench: Workbench, model: str, position: int, class_name: str) -> int:
    """Add an uploaded image with the class that a person gives it, and return its new position.

    Its class decides which directions edit it and which colour it has. The point it was before
    stays, so that whoever looks at it keeps it.

    Raises:
        ConfigError: It is no uploaded image, or the class is unknown.
    """
    opened = workbench.open(model)
    picture = workbench.picture(model, position)
    if picture.origin != "uploaded":
        raise ConfigError(f"Image {position} is no uploaded one; its class cannot be chosen.")
    label = opened.class_number(class_name)
    guest = opened.guests.get(position)
    source = f"{guest.source.partition('/')[0]}/{quote(class_name, safe=' ')}"
    return opened.guests.add(replace(guest, source=source, label=label, class_from="chosen"))


def _members(opened: OpenModel, position: int) -> tuple[int, ...]:
    if position < len(opened.gallery):
        return (position,)
    return opened.guests.get(position).members or (position,)


def _mean_latent(
    workbench: Workbench, opened: OpenModel, members: Sequence[int], report: Report
) -> Float[Tensor, " dim"]:
    parts = []
    for first in range(0, len(members), ENCODED_AT_ONCE):
        report(first / len(members), "Looking up the latents")
        parts.append(workbench.latents(opened.name, members[first : first + ENCODED_AT_ONCE]))
    latents = torch.cat(parts).double()
    mean = latents.mean(dim=0)
    lengths = latents.norm(dim=1)
    if mean.norm() <= 1e-6 * lengths.max():
        raise ConfigError(
            f"These {len(members)} images cancel each other: their mean latent has no direction. "
            "Select others."
        )
    on_sphere = opened.generative.traits.prior == "sphere"
    length = 1.0 if on_sphere else float(lengths.mean())
    return mean.mul(length / float(mean.norm())).float()


def _class_of(
    opened: OpenModel, pixels: UInt8[np.ndarray, "height width channel"]
) -> tuple[int, ClassFrom]:
    """Return the class the classifier gives, else that of the image with the nearest pixels."""
    if opened.class_judge is not None:
        chances = opened.class_judge.predict(to_images(pixels[None]))
        return int(chances[0].argmax()), "classifier"
    wanted = pixels.astype(np.float32)
    squares = [float(np.square(image - wanted).sum()) for image in opened.gallery.pixels]
    return int(opened.gallery.labels[int(np.argmin(squares))]), "neighbour"
