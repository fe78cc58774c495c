"""Rendered faces: any number, every attribute known, drawn so that they read at 32 pixels.

A face is drawn from independent factors; image `i` of a split depends on (seed, split, i) alone.
Skin, hair and background colours are continuous: between two faces every in-between is a face,
which is what a flow, a smooth map of a Gaussian, can learn.

Twelve attributes are independent of one another by construction: glasses, beard, smile,
mouth_open, brows_raised, dark_skin, warm_background, red_shirt, blush, earrings, collar, hat.
The other eight are further values of the same factors (sunglasses, moustache, long_hair, bald), or
can be seen only where nothing hides them and are false elsewhere (eyes_closed behind sunglasses;
blond, black_hair and grey_hair under a hat or on a bald head).

The art is "Avataaars" by Pablo Stanley, through the python-avatars package (see assets/NOTICE).
"""

__all__ = ["ATTRIBUTES", "FAMILIES", "SOURCE", "render"]

import hashlib
import io
import os
import re
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import python_avatars as pa
import resvg_py
from jaxtyping import UInt8
from PIL import Image

from explorer.data.labelled import LabelledImages
from explorer.data.source import DataSource, Split
from explorer.errors import ConfigError
from explorer.files import write_bytes
from explorer.settings import DataSettings

FAMILIES: dict[str, tuple[float, tuple[str, ...]]] = {
    "short": (0.26, ("SHORT_FLAT", "SHORT_WAVED", "POMPADOUR", "CAESAR")),
    "long": (0.24, ("BOB", "STRAIGHT_STRAND", "LONG_NOT_TOO_LONG")),
    "curly": (0.16, ("CURLY", "FRO")),
    "bald": (0.14, ("NONE",)),
    "hat": (0.20, ("WINTER_HAT_3", "TURBAN")),
}
"""Hair family -> (share of the faces, styles of equal share). The families are the classes."""

ATTRIBUTES = (
    "glasses",
    "beard",
    "smile",
    "mouth_open",
    "brows_raised",
    "dark_skin",
    "warm_background",
    "red_shirt",
    "blush",
    "earrings",
    "collar",
    "hat",
    "sunglasses",
    "moustache",
    "eyes_closed",
    "long_hair",
    "bald",
    "blond",
    "black_hair",
    "grey_hair",
)
"""Attribute names; the first twelve are mutually independent."""

HAIR_COLOURS = {
    "black_hair": (0.24, "#1E1512", "#33221C"),
    "brown": (0.28, "#4A312C", "#7A4836"),
    "red": (0.14, "#A5481F", "#C4622D"),
    "blond": (0.22, "#D2A85C", "#EACB82"),
    "grey_hair": (0.12, "#C4C4C6", "#E4E2E2"),
}
HAT_COLOURS = ("#E0565B", "#4C8FD6", "#2F4858", "#F2B84B")
SKIN = ("#FFDFC4", "#F0C08F", "#D9985F", "#AE6B3A", "#7A4A2B", "#5A3A28")
DARK_SKIN_FROM = 0.6
BACKGROUND = ("#DDEBF6", "#F8E6D8")
SHIRT = ("#5199E4", "#E0565B")

RENDER_SIZE = 64
COUNTS = (20_000, 2_000)
VERSION = 1  # of the drawing: part of the cache's name
_FACE_CROP = 'viewBox="30 12 204 204"'
_CLOSED_SMILE = (
    '<path d="M112 150 Q132 170 152 150" fill="none" stroke="#2b1a14" stroke-width="6"'
    ' stroke-linecap="round" opacity="0.8"/>'
)
_BLUSH = (
    '<g fill="#ef5f73" opacity="0.5"><ellipse cx="97" cy="137" rx="12" ry="9"/>'
    '<ellipse cx="167" cy="137" rx="12" ry="9"/></g>'
)
_EARRINGS = (
    '<g fill="#f4c430" stroke="#8a6a00" stroke-width="2"><circle cx="75" cy="148" r="8"/>'
    '<circle cx="189" cy="148" r="8"/></g>'
)


@dataclass(frozen=True, slots=True)
class Face:
    """The drawn factors of one face.

    Attributes:
        family: Hair family, a key of `FAMILIES`.
        style: Name of the hair or hat in python-avatars.
        hair_name: A key of `HAIR_COLOURS`.
        hair: Hair colour, "#rrggbb".
        hat: Hat colour, "#rrggbb".
        skin: Position along `SKIN`, [0, 1].
        background: Position along `BACKGROUND`, [0, 1]; warm above 0.5.
        shirt: Position along `SHIRT`, [0, 1]; red above 0.5.
        eyewear: "NONE", "PRESCRIPTION_2" or "WAYFARERS".
        facial_hair: "NONE", "BEARD_MEDIUM" or "MOUSTACHE_MAGNUM".
        flags: The independent on/off factors by attribute name.
    """

    family: str
    style: str
    hair_name: str
    hair: str
    hat: str
    skin: float
    background: float
    shirt: float
    eyewear: str
    facial_hair: str
    flags: dict[str, bool]

    def attributes(self) -> dict[str, bool]:
        """Return every attribute of `ATTRIBUTES` by name, as it can be seen."""
        hair_shows = self.family not in ("hat", "bald")
        return {
            **self.flags,
            "glasses": self.eyewear == "PRESCRIPTION_2",
            "sunglasses": self.eyewear == "WAYFARERS",
            "beard": self.facial_hair == "BEARD_MEDIUM",
            "moustache": self.facial_hair == "MOUSTACHE_MAGNUM",
            "dark_skin": self.skin > DARK_SKIN_FROM,
            "warm_background": self.background > 0.5,
            "red_shirt": self.shirt > 0.5,
            "hat": self.family == "hat",
            "long_hair": self.family == "long",
            "bald": self.family == "bald",
            "eyes_closed": self.flags["eyes_closed"] and self.eyewear != "WAYFARERS",
            **{
                name: hair_shows and self.hair_name == name
                for name in ("blond", "black_hair", "grey_hair")
            },
        }


def draw_face(seed: int, split: Split, index: int) -> Face:
    """Draw the factors of one face, each independent of the others."""
    rng = np.random.default_rng([seed, ("train", "test").index(split), index])
    families = list(FAMILIES)
    family = families[rng.choice(len(families), p=[share for share, _ in FAMILIES.values()])]
    styles = FAMILIES[family][1]
    colours = list(HAIR_COLOURS)
    hair_name = colours[rng.choice(len(colours), p=[c[0] for c in HAIR_COLOURS.values()])]
    _, dark, light = HAIR_COLOURS[hair_name]
    return Face(
        family=family,
        style=styles[rng.integers(len(styles))],
        hair_name=hair_name,
        hair=blend((dark, light), rng.uniform()),
        hat=HAT_COLOURS[rng.integers(len(HAT_COLOURS))],
        skin=rng.uniform(),
        background=rng.uniform(),
        shirt=rng.uniform(),
        eyewear=("NONE", "PRESCRIPTION_2", "WAYFARERS")[rng.choice(3, p=[0.5, 0.3, 0.2])],
        facial_hair=("NONE", "BEARD_MEDIUM", "MOUSTACHE_MAGNUM")[
            rng.choice(3, p=[0.55, 0.25, 0.2])
        ],
        flags={
            "smile": rng.uniform() < 0.5,
            "mouth_open": rng.uniform() < 0.5,
            "brows_raised": rng.uniform() < 0.4,
            "blush": rng.uniform() < 0.35,
            "earrings": rng.uniform() < 0.3,
            "collar": rng.uniform() < 0.4,
            "eyes_closed": rng.uniform() < 0.25,
        },
    )


def blend(colours: tuple[str, ...], position: float) -> str:
    """Return the colour at a position in [0, 1] along a list of "#rrggbb" colours.

    Example:
        >>> blend(("#000000", "#ffffff"), 0.5)
        '#808080'
    """
    stops = np.array([[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in colours], dtype=float)
    where = position * (len(stops) - 1)
    left = min(int(where), len(stops) - 2)
    mixed = stops[left] + (where - left) * (stops[left + 1] - stops[left])
    return "#" + "".join(f"{round(value):02x}" for value in mixed)


def to_svg(face: Face) -> str:
    """Return the face as SVG text, cropped to the head."""
    flags = face.flags
    top = pa.HatType if face.family == "hat" else pa.HairType
    mouth = {
        (True, True): "BIG_SMILE",
        (True, False): "TWINKLE",
        (False, True): "SCREAM_OPEN",
        (False, False): "SERIOUS",
    }[flags["smile"], flags["mouth_open"]]
    svg = pa.Avatar(
        style=pa.AvatarStyle.TRANSPARENT,
        top=top[face.style],
        hat_color=face.hat,
        eyebrows=pa.EyebrowType["RAISED_EXCITED" if flags["brows_raised"] else "DEFAULT"],
        eyes=pa.EyeType["CLOSED" if flags["eyes_closed"] else "DEFAULT"],
        nose=pa.NoseType.DEFAULT,
        mouth=pa.MouthType[mouth],
        facial_hair=pa.FacialHairType[face.facial_hair],
        skin_color=blend(SKIN, face.skin),
        hair_color=face.hair,
        facial_hair_color=face.hair,
        accessory=pa.AccessoryType[face.eyewear],
        clothing=pa.ClothingType["COLLAR_SWEATER" if flags["collar"] else "SHIRT_CREW_NECK"],
        clothing_color=blend(SHIRT, face.shirt),
    ).render()
    extras = (
        (_CLOSED_SMILE if mouth == "TWINKLE" else "")
        + (_BLUSH if flags["blush"] else "")
        + (_EARRINGS if flags["earrings"] else "")
    )
    head, end = svg.rsplit("</svg>", 1)
    return re.sub(r'viewBox="[^"]*"', _FACE_CROP, f"{head}{extras}</svg>{end}", count=1)


def render(face: Face, image_size: int) -> UInt8[np.ndarray, "size size 3"]:
    """Return the face as pixels.

    Drawn at a whole multiple of the size, at least 64, and box-averaged, which keeps thin lines
    such as spectacle frames visible at 32 pixels.
    """
    size = image_size * -(-RENDER_SIZE // image_size)
    png = resvg_py.svg_to_bytes(
        svg_string=to_svg(face),
        width=size,
        height=size,
        background=blend(BACKGROUND, face.background),
        skip_system_fonts=True,
    )
    picture = Image.open(io.BytesIO(bytes(png))).convert("RGB")
    return np.asarray(picture.resize((image_size, image_size), Image.Resampling.BOX))


def _cache_file(settings: DataSettings, split: Split, count: int) -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "latent-explorer"
    name = f"avatars-v{VERSION}-{split}-{count}-{settings.image_size}px-seed{settings.seed}"
    return (Path(settings.root) if settings.root else root) / f"{name}.npz"


def _load(settings: DataSettings, split: Split) -> LabelledImages:
    count = settings.count or COUNTS[("train", "test").index(split)]
    faces = [draw_face(settings.seed, split, index) for index in range(count)]
    pixels = _cached_pixels(_cache_file(settings, split, count), faces, settings.image_size)
    families = list(FAMILIES)
    known = [face.attributes() for face in faces]
    return LabelledImages(
        name="avatars",
        images=pixels,
        labels=np.array([families.index(face.family) for face in faces], dtype=np.int64),
        class_names=tuple(families),
        indices=np.arange(count, dtype=np.int64),
        attribute_names=ATTRIBUTES,
        attributes=np.array([[row[name] for name in ATTRIBUTES] for row in known], dtype=bool),
    )


def _cached_pixels(
    path: Path, faces: list[Face], image_size: int
) -> UInt8[np.ndarray, "n size size 3"]:
    if path.exists():
        try:
            stored = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
            pixels: UInt8[np.ndarray, "n size size 3"] = stored["pixels"]
            if _digest(pixels) == str(stored["sha256"]):
                return pixels
        except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile):
            pass  # a damaged cache is drawn anew below
    pixels = np.stack([render(face, image_size) for face in faces])
    content = io.BytesIO()
    np.savez(content, pixels=pixels, sha256=np.array(_digest(pixels)))
    write_bytes(path, content.getvalue())
    return pixels


def _digest(pixels: UInt8[np.ndarray, "n size size 3"]) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()


@cache
def _check_size(image_size: int) -> None:
    if image_size not in (16, 32, 64, 128, 256):
        raise ConfigError(
            f"data.image_size is {image_size}; avatars are drawn at 16, 32, 64, 128 or 256 pixels."
        )


def _check(settings: DataSettings) -> None:
    _check_size(settings.image_size)


def _checked_load(settings: DataSettings, split: Split) -> LabelledImages:
    _check(settings)
    return _load(settings, split)


SOURCE = DataSource(
    name="avatars",
    title="Avatar faces",
    summary="drawn faces, 5 hair families as classes, 20 known attributes",
    counts=COUNTS,
    licence="art Avataaars by Pablo Stanley, free for personal and commercial use; code MIT",
    how_to_get="drawn on the fly by the installed packages python-avatars and resvg-py",
    check=_check,
    load=_checked_load,
    hidden_by={
        "blond": ("hat", "bald"),
        "black_hair": ("hat", "bald"),
        "grey_hair": ("hat", "bald"),
        "eyes_closed": ("sunglasses",),
    },
)
