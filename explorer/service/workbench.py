"""The operations a person can ask for. Page and command line call these and nothing below."""

__all__ = ["DEFAULT_TEMPERATURE", "Workbench"]

import math
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch
from jaxtyping import UInt8

from explorer.data.images import to_images, to_pixels
from explorer.errors import (
    ConfigError,
    NotSupportedError,
    near_match,
)
from explorer.latent.directions import Directions, edit, position
from explorer.latent.interpolate import METHODS, angles, compare_walks, describe_walk, norms, path
from explorer.protocol import Density, Latents
from explorer.service.gallery import gallery_latents
from explorer.service.records import (
    AttributeCard,
    Edit,
    EditRow,
    Picture,
    Walk,
    WalkRow,
)
from explorer.service.shelf import OpenModel, Shelf

DEFAULT_TEMPERATURE = 0.85
FRAMES = (2, 33)
LONGEST_STRENGTH = 3.0
CODES_KEPT = 512
_LIKELIHOOD_SEED = 0


class Workbench(Shelf):
    """What can be done with the models of a folder."""

    # pictures

    def picture(self, name: str, index: int) -> Picture:
        """Return one gallery image.

        Raises:
            ConfigError: The index is out of range.
        """
        opened = self.open(name)
        gallery = opened.gallery
        self._check_index(opened, index)
        marks = gallery.attributes[index] if opened.data.attribute_names else ()
        named = zip(opened.data.attribute_names, marks, strict=False)
        return Picture(
            position=index,
            pixels=gallery.pixels[index],
            class_name=opened.data.class_names[gallery.labels[index]],
            attributes=tuple(attribute for attribute, has in named if has),
            held_out=bool(gallery.held_out[index]),
        )

    def first_pair(self, name: str) -> tuple[int, int]:
        """Return two gallery positions whose walk is worth seeing first.

        The pair the model's folder names, else the first image and the last of its class.
        """
        opened = self.open(name)
        pair = (opened.facts.get("first_a"), opened.facts.get("first_b"))
        if all(isinstance(index, int) and 0 <= index < len(opened.gallery) for index in pair):
            return cast(tuple[int, int], pair)
        same = np.flatnonzero(opened.gallery.labels == opened.gallery.labels[0])
        return 0, int(same[-1])

    @torch.no_grad()
    def latents(self, name: str, indices: Sequence[int]) -> Latents:
        """Return the latents of gallery images, shape (k, dim); each is encoded once.

        Raises:
            ConfigError: An index is out of range.
        """
        opened = self.open(name)
        for index in indices:
            self._check_index(opened, index)
        with opened.lock:
            unknown = [index for index in dict.fromkeys(indices) if index not in opened.codes]
            if unknown:
                positions = np.array(unknown, dtype=np.int64)
                found = gallery_latents(opened.model, opened.gallery, positions)
                opened.codes.update(
                    (i, row.clone()) for i, row in zip(unknown, found, strict=True)
                )
            latents = torch.stack([opened.codes[index] for index in indices])
            for index in list(opened.codes)[:-CODES_KEPT]:
                del opened.codes[index]
        return latents

    @torch.no_grad()
    def decode(
        self, name: str, latents: Latents, *, as_sample: bool
    ) -> UInt8[np.ndarray, "batch height width channel"]:
        """Return the pictures of latents.

        Args:
            name: The model.
            latents: Shape (batch, dim).
            as_sample: The latents are not of real images, so that a model trained on noisy
                images may take one denoising step.

        Raises:
            ConfigError: The latents' length is not the model's.
        """
        opened = self.open(name)
        expected = opened.generative.traits.latent_dim
        if latents.shape[1] != expected:
            raise ConfigError(
                f"These latents have {latents.shape[1]} values; '{name}' has {expected}. "
                "Use latents of the same model."
            )
        with opened.lock:
            images = opened.generative.decode(latents)
            if as_sample and isinstance(opened.model, Density):
                images = opened.model.denoise(images)
        return to_pixels(images.nan_to_num(0.0))

    @torch.no_grad()
    def encode(
        self, name: str, pixels: UInt8[np.ndarray, "batch height width channel"]
    ) -> Latents:
        """Return the latents of any images of the model's shape.

        Raises:
            ConfigError: The images' shape is not the model's.
        """
        opened = self.open(name)
        channels, height, width = opened.data.image_shape
        if pixels.shape[1:] != (height, width, channels):
            raise ConfigError(
                f"The image is {pixels.shape[1]}x{pixels.shape[2]} with {pixels.shape[3]} "
                f"channels; '{name}' needs {height}x{width} with {channels}."
            )
        with opened.lock:
            return opened.generative.encode(to_images(pixels))

    @torch.no_grad()
    def sample(
        self,
        name: str,
        count: int,
        *,
        seed: int,
        temperature: float = DEFAULT_TEMPERATURE,
        class_name: str | None = None,
    ) -> UInt8[np.ndarray, "batch height width channel"]:
        """Return new pictures.

        Args:
            name: The model.
            count: How many, 1 to 1,024.
            seed: Same seed, same pictures.
            temperature: Spread of the latents; 1 is the model's own distribution.
            class_name: Only of this class, for models that know classes.

        Raises:
            ConfigError: A value is out of its range or the class is unknown.
            NotSupportedError: A class was asked for and the model knows none.
        """
        opened = self.open(name)
        if not 1 <= count <= 1024:
            raise ConfigError(f"count is {count}; 1 to 1024 pictures are drawn at once.")
        if not 0 <= temperature <= 2:
            raise ConfigError(f"temperature is {temperature}; it must lie in [0, 2].")
        labels = None
        if class_name is not None:
            if not opened.generative.traits.knows_classes:
                raise NotSupportedError(
                    f"'{name}' was trained without classes, so it cannot draw '{class_name}' "
                    "alone. Leave the class out, or set model.config.class_conditional and train."
                )
            labels = torch.full((count,), self._class(opened, class_name))
        generator = torch.Generator().manual_seed(seed)
        with opened.lock:
            latents = opened.generative.sample_latents(
                count, generator=generator, temperature=temperature, labels=labels
            )
        return self.decode(name, latents, as_sample=True)

    # walks

    def walk(
        self,
        name: str,
        start: int,
        end: int,
        *,
        num_points: int,
        methods: Sequence[str] = tuple(METHODS),
    ) -> Walk:
        """Join two gallery images in several ways.

        Args:
            name: The model.
            start: Gallery position of A.
            end: Gallery position of B.
            num_points: Frames of each row, 2 to 33, both ends included.
            methods: Kinds of path.

        Raises:
            ConfigError: An index, a method or the number of frames is not allowed.
        """
        low, high = FRAMES
        if not low <= num_points <= high:
            raise ConfigError(f"A walk of {num_points} frames; {low} to {high} are shown.")
        opened = self.open(name)
        latents = self.latents(name, [start, end])
        reference = torch.from_numpy(opened.gallery.norms)
        paths = [path(latents[0], latents[1], num_points, method) for method in methods]
        middles = torch.cat([points[1:-1] for points in paths])
        ends = self.decode(name, latents, as_sample=False)
        inner = np.split(
            self.decode(name, middles, as_sample=True) if len(middles) else ends[:0], len(paths)
        )
        verdicts, rows = [], []
        for method, points, frames in zip(methods, paths, inner, strict=True):
            lengths = norms(points)
            verdicts.append(describe_walk(lengths, reference, name=method))
            pictures = np.concatenate([ends[:1], frames, ends[1:]])
            rows.append(WalkRow(method, pictures, lengths.numpy(), verdicts[-1].inside))
        quantiles = np.quantile(opened.gallery.norms, [0.025, 0.5, 0.975]).tolist()
        return Walk(
            start=start,
            end=end,
            rows=tuple(rows),
            typical=(quantiles[0], quantiles[1], quantiles[2]),
            angle=float(angles(latents[:1], latents[1:])[0]),
            distance=float(norms(latents[1:] - latents[:1])[0]),
            verdict=compare_walks(verdicts),
        )

    # attributes

    def attributes(self, name: str) -> list[AttributeCard]:
        """Return one card an attribute.

        Raises:
            NotSupportedError: The model's data has no attributes.
        """
        opened = self.open(name)
        directions = self._directions(opened)
        return [
            AttributeCard(
                name=attribute,
                positives=int(directions.positives[row]),
                negatives=int(directions.negatives[row]),
                kind=str(opened.facts.get(f"edit.{attribute}.kind", "conditional")),
                flips=float(opened.facts.get(f"edit.{attribute}.flips", math.nan)),
                strength=float(opened.facts.get(f"edit.{attribute}.strength", 1.0)),
            )
            for row, attribute in enumerate(directions.names)
        ]

    @torch.no_grad()
    def edit(
        self, name: str, index: int, strengths: Mapping[str, float], *, with_density: bool = True
    ) -> Edit:
        """Return one gallery image moved along attributes.

        Args:
            name: The model.
            index: Gallery position.
            strengths: Strength by attribute, each in [-3, 3]; 0 for the others.
            with_density: Whether to measure bits per dimension too, which costs one more pass.

        Raises:
            NotSupportedError: The model's data has no attributes.
            ConfigError: An attribute is unknown, or a strength or the index out of range.
        """
        opened = self.open(name)
        directions = self._directions(opened)
        moved = self.edited_latents(name, [index], strengths)
        pixels = self._edited_pictures(opened, [index], moved, strengths)
        places = {
            attribute: float(position(moved, directions.pooled[row], directions.midpoints[row])[0])
            for row, attribute in enumerate(directions.names)
        }
        bits = self.bits_per_dim(name, pixels)[0] if with_density else math.nan
        return Edit(pixels[0], places, bits)

    def sketch(
        self, name: str, index: int, strengths: Mapping[str, float]
    ) -> UInt8[np.ndarray, "height width channel"]:
        """Return the picture of `edit` as fast as the model can: neither denoised nor measured.

        For a slider on the move. It raises what `edit` raises.
        """
        opened = self.open(name)
        moved = self.edited_latents(name, [index], strengths)
        if any(strengths.values()):
            pictures = self.decode(name, moved, as_sample=False)
        else:
            pictures = self._edited_pictures(opened, [index], moved, strengths)
        first: UInt8[np.ndarray, "height width channel"] = pictures[0]
        return first

    def edit_row(self, name: str, index: int, strengths: Mapping[str, float]) -> EditRow:
        """Return one image of each class before and after the same edit, as the model draws them.

        The image at `index` stands for its own class.
        """
        opened = self.open(name)
        self._check_index(opened, index)
        gallery = opened.gallery
        firsts = [
            index if label == gallery.labels[index] else int(np.argmax(gallery.labels == label))
            for label in range(len(opened.data.class_names))
        ]
        moved = self.edited_latents(name, firsts, strengths)
        before = self._edited_pictures(opened, firsts, self.latents(name, firsts), {})
        after = self._edited_pictures(opened, firsts, moved, strengths)
        return EditRow(opened.data.class_names, before, after)

    def edited_latents(
        self, name: str, indices: Sequence[int], strengths: Mapping[str, float]
    ) -> Latents:
        """Return gallery latents moved along attributes, each from its own class.

        Models whose latents live on a sphere get unit rows back.
        """
        opened = self.open(name)
        directions = self._directions(opened)
        for attribute, strength in strengths.items():
            if attribute not in directions.names:
                hint = near_match(attribute, directions.names)
                known = ", ".join(directions.names)
                raise ConfigError(f"No attribute '{attribute}'.{hint} Known: {known}.")
            if not abs(strength) <= LONGEST_STRENGTH:
                raise ConfigError(
                    f"Strength {strength} of '{attribute}'; it must lie in "
                    f"[-{LONGEST_STRENGTH:g}, {LONGEST_STRENGTH:g}]."
                )
        latents = self.latents(name, indices)
        rows = []
        for latent, index in zip(latents, indices, strict=True):
            label = int(opened.gallery.labels[index])
            axes = [self._axis(opened, attribute, label) for attribute in strengths]
            rows.append(
                edit(latent[None], torch.stack(axes), list(strengths.values()))
                if axes
                else latent[None]
            )
        moved = torch.cat(rows)
        if opened.generative.traits.prior == "sphere":
            moved = torch.nn.functional.normalize(moved)
        return moved

    @torch.no_grad()
    def bits_per_dim(
        self, name: str, pixels: UInt8[np.ndarray, "batch height width channel"]
    ) -> list[float]:
        """Return the bits per dimension of each image, NaN where the model has no likelihood."""
        opened = self.open(name)
        if not isinstance(opened.model, Density):
            return [math.nan] * len(pixels)
        generator = torch.Generator().manual_seed(_LIKELIHOOD_SEED)
        with opened.lock:
            bits = opened.model.bits_per_dim(to_images(pixels), generator=generator)
        return [float(value) for value in bits]

    def _edited_pictures(
        self,
        opened: OpenModel,
        indices: Sequence[int],
        moved: Latents,
        strengths: Mapping[str, float],
    ) -> UInt8[np.ndarray, "batch height width channel"]:
        if any(strengths.values()):
            return self.decode(opened.name, moved, as_sample=True)
        if opened.generative.traits.encoder == "exact":
            return opened.gallery.pixels[list(indices)]
        return self.decode(opened.name, moved, as_sample=False)

    def _axis(self, opened: OpenModel, attribute: str, label: int) -> torch.Tensor:
        directions = self._directions(opened)
        row = directions.names.index(attribute)
        kind = opened.facts.get(f"edit.{attribute}.kind", "conditional")
        if kind == "conditional":
            return directions.conditional[row, label]
        return directions.ridge[row] if kind == "ridge" else directions.pooled[row]

    def _directions(self, opened: OpenModel) -> Directions:
        if opened.directions is None:
            raise NotSupportedError(
                f"'{opened.name}' was trained on data without attributes, so it has no sliders. "
                "Add an attributes.csv to the data, or choose a model of labelled faces."
            )
        return opened.directions

    def _class(self, opened: OpenModel, class_name: str) -> int:
        names = opened.data.class_names
        if class_name not in names:
            hint = near_match(class_name, names)
            raise ConfigError(f"No class '{class_name}'.{hint} Known: {', '.join(names)}.")
        return names.index(class_name)

    def _check_index(self, opened: OpenModel, index: int) -> None:
        count = len(opened.gallery)
        if not 0 <= index < count:
            raise ConfigError(f"Image {index} of '{opened.name}'; 0 to {count - 1} are there.")
