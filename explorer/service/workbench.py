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
)
from explorer.protocol import Density, Latents
from explorer.service.axes import AS_IN_USE, directions_of, kind_in_use, slider_axes, slider_names
from explorer.service.gallery import gallery_latents
from explorer.service.moves import moved
from explorer.service.own_files import own_directions
from explorer.service.parts import in_parts
from explorer.service.progress import Report, unreported
from explorer.service.records import (
    AttributeCard,
    Edit,
    EditRow,
    Picture,
)
from explorer.service.shelf import OpenModel, Shelf

DEFAULT_TEMPERATURE = 0.85
CODES_KEPT = 512
_LIKELIHOOD_SEED = 0


class Workbench(Shelf):
    """What can be done with the models of a folder."""

    # pictures

    def picture(self, name: str, index: int) -> Picture:
        """Return one gallery image or guest.

        Raises:
            ConfigError: There is none at this position.
        """
        opened = self.open(name)
        gallery = opened.gallery
        self._check_index(opened, index)
        if index >= len(gallery):
            guest = opened.guests.get(index)
            return Picture(
                position=index,
                pixels=guest.pixels,
                class_name=opened.data.class_names[guest.label],
                attributes=(),
                origin=guest.origin,
                source=guest.source,
                class_from=guest.class_from,
            )
        marks = gallery.attributes[index] if opened.data.attribute_names else ()
        named = zip(opened.data.attribute_names, marks, strict=False)
        return Picture(
            position=index,
            pixels=gallery.pixels[index],
            class_name=opened.data.class_names[gallery.labels[index]],
            attributes=tuple(attribute for attribute, has in named if has),
            origin="held-out" if gallery.held_out[index] else "train",
            source=str(index),
            class_from="data",
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
        """Return the latents of gallery images and guests, shape (k, dim); each encoded once.

        Raises:
            ConfigError: There is no image at a position.
        """
        opened = self.open(name)
        for index in indices:
            self._check_index(opened, index)
        with opened.lock:
            shown = [index for index in dict.fromkeys(indices) if index < len(opened.gallery)]
            unknown = [index for index in shown if index not in opened.codes]
            if unknown:
                positions = np.array(unknown, dtype=np.int64)
                found = gallery_latents(opened.model, opened.gallery, positions)
                opened.codes.update(
                    (i, row.clone()) for i, row in zip(unknown, found, strict=True)
                )
            own = {i: opened.guests.get(i).latent for i in indices if i >= len(opened.gallery)}
            known = opened.codes | own
            latents = torch.stack([known[index] for index in indices])
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

        def decoded(part: torch.Tensor) -> torch.Tensor:
            images = opened.generative.decode(part)
            if as_sample and isinstance(opened.model, Density):
                images = opened.model.denoise(images)
            return images

        with opened.lock:
            images = in_parts(decoded, latents)
        return to_pixels(images.nan_to_num(0.0))

    def drawn(
        self, name: str, indices: Sequence[int]
    ) -> UInt8[np.ndarray, "batch height width channel"]:
        """Return gallery images and guests as the model draws them.

        That is the very image where the encoder is exact, else its reconstruction; a sample or a
        mean is drawn by the model to begin with.

        Raises:
            ConfigError: There is no image at a position.
        """
        opened = self.open(name)
        pictures = [self.picture(name, index) for index in indices]
        exact = opened.generative.traits.encoder == "exact"
        pixels = np.stack([picture.pixels for picture in pictures])
        if exact:
            return pixels
        by_model = np.array([picture.origin in ("generated", "mean") for picture in pictures])
        if not by_model.all():
            others = [index for index, own in zip(indices, by_model, strict=True) if not own]
            pixels[~by_model] = self.decode(name, self.latents(name, others), as_sample=False)
        return pixels

    @torch.no_grad()
    def encode(
        self,
        name: str,
        pixels: UInt8[np.ndarray, "batch height width channel"],
        report: Report = unreported,
    ) -> Latents:
        """Return the latents of any images of the model's shape.

        Args:
            name: The model.
            pixels: The images.
            report: Takes the progress of a search; what it raises ends the search.

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
            return opened.generative.encode(
                to_images(pixels), progress=lambda share: report(share, "Searching the latent")
            )

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
        """Return new pictures. For the arguments and errors see `sample_latents`."""
        latents = self.sample_latents(
            name, count, seed=seed, temperature=temperature, class_name=class_name
        )
        return self.decode(name, latents, as_sample=True)

    def sample_latents(
        self,
        name: str,
        count: int,
        *,
        seed: int,
        temperature: float = DEFAULT_TEMPERATURE,
        class_name: str | None = None,
    ) -> Latents:
        """Draw the latents of new pictures, shape (count, dim).

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
            labels = torch.full((count,), opened.class_number(class_name))
        generator = torch.Generator().manual_seed(seed)
        with opened.lock:
            return opened.generative.sample_latents(
                count, generator=generator, temperature=temperature, labels=labels
            )

    # attributes

    def attributes(self, name: str) -> list[AttributeCard]:
        """Return one card a slider: trained attributes, own attributes, variations.

        Raises:
            NotSupportedError: The model has no sliders.
        """
        opened = self.open(name)
        own, first = own_directions(opened), 0
        cards = []
        for attribute in slider_names(opened):
            kind = kind_in_use(opened, attribute, first)
            directions = directions_of(opened, attribute)
            positives, negatives = directions.counts(attribute)
            cards.append(
                AttributeCard(
                    name=attribute,
                    positives=positives,
                    negatives=negatives,
                    kind=kind,
                    flips=float(opened.facts.get(f"edit.{attribute}.flips", math.nan)),
                    strength=float(opened.facts.get(f"edit.{attribute}.strength", 1.0)),
                    own=attribute in own,
                )
            )
        return cards

    @torch.no_grad()
    def edit(
        self,
        name: str,
        index: int,
        strengths: Mapping[str, float],
        *,
        kinds: Mapping[str, str] = AS_IN_USE,
        with_density: bool = True,
    ) -> Edit:
        """Return one gallery image moved along attributes.

        Args:
            name: The model.
            index: Gallery position.
            strengths: Strength by attribute, each in [-3, 3]; 0 for the others.
            kinds: Chosen kind of direction by attribute; see `explorer.service.axes.kind_in_use`.
            with_density: Whether to measure bits per dimension too, which costs one more pass.

        Raises:
            NotSupportedError: The model has no sliders.
            ConfigError: An attribute or kind is unknown, or a strength or the index out of range.
        """
        opened = self.open(name)
        latents = self.edited_latents(name, [index], strengths, kinds=kinds)
        pixels = self._edited_pictures(opened, [index], latents, strengths)
        axes = slider_axes(opened, opened.label(index), kinds)
        places = dict(zip(axes.names, axes.positions(latents[0]).tolist(), strict=True))
        bits = self.bits_per_dim(name, pixels)[0] if with_density else math.nan
        return Edit(pixels[0], places, bits)

    def sketch(
        self,
        name: str,
        index: int,
        strengths: Mapping[str, float],
        *,
        kinds: Mapping[str, str] = AS_IN_USE,
    ) -> UInt8[np.ndarray, "height width channel"]:
        """Return the picture of `edit` as fast as the model can: neither denoised nor measured.

        For a slider on the move. It raises what `edit` raises.
        """
        opened = self.open(name)
        latents = self.edited_latents(name, [index], strengths, kinds=kinds)
        if any(strengths.values()):
            pictures = self.decode(name, latents, as_sample=False)
        else:
            pictures = self._edited_pictures(opened, [index], latents, strengths)
        first: UInt8[np.ndarray, "height width channel"] = pictures[0]
        return first

    def edit_row(
        self,
        name: str,
        index: int,
        strengths: Mapping[str, float],
        *,
        kinds: Mapping[str, str] = AS_IN_USE,
    ) -> EditRow:
        """Return one image of each class before and after the same edit, as the model draws them.

        The image at `index` stands for its own class.
        """
        opened = self.open(name)
        self._check_index(opened, index)
        gallery = opened.gallery
        own = opened.label(index)
        firsts = [
            index if label == own else int(np.argmax(gallery.labels == label))
            for label in range(len(opened.data.class_names))
        ]
        edited = self.edited_latents(name, firsts, strengths, kinds=kinds)
        before = self._edited_pictures(opened, firsts, self.latents(name, firsts), {})
        after = self._edited_pictures(opened, firsts, edited, strengths)
        return EditRow(opened.data.class_names, before, after)

    def edited_latents(
        self,
        name: str,
        indices: Sequence[int],
        strengths: Mapping[str, float],
        *,
        kinds: Mapping[str, str] = AS_IN_USE,
    ) -> Latents:
        """Return gallery latents moved along attributes, each from its own class.

        Models whose latents live on a sphere get unit rows back.
        """
        opened = self.open(name)
        latents = self.latents(name, indices)
        labels = [opened.label(index) for index in indices]
        return moved(opened, latents, labels, strengths, kinds)

    @torch.no_grad()
    def bits_per_dim(
        self, name: str, pixels: UInt8[np.ndarray, "batch height width channel"]
    ) -> list[float]:
        """Return the bits per dimension of each image, NaN where the model has no likelihood.

        All images get the same draw of the training noise, so that they can be compared.
        """
        opened = self.open(name)
        model = opened.model
        if not isinstance(model, Density):
            return [math.nan] * len(pixels)

        def measured(part: torch.Tensor) -> torch.Tensor:
            generator = torch.Generator().manual_seed(_LIKELIHOOD_SEED)
            return model.bits_per_dim(part, generator=generator, same_noise=True)

        with opened.lock:
            bits = in_parts(measured, to_images(pixels))
        return [float(value) for value in bits]

    def _edited_pictures(
        self,
        opened: OpenModel,
        indices: Sequence[int],
        edited: Latents,
        strengths: Mapping[str, float],
    ) -> UInt8[np.ndarray, "batch height width channel"]:
        if any(strengths.values()):
            return self.decode(opened.name, edited, as_sample=True)
        return self.drawn(opened.name, indices)

    def _check_index(self, opened: OpenModel, index: int) -> None:
        if not 0 <= index < len(opened.gallery):
            opened.guests.get(index)
