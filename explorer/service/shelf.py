"""Trained models in a folder: listed, opened on demand, and kept while they are in use."""

__all__ = ["OPEN_AT_ONCE", "OpenModel", "Shelf"]

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from explorer import models
from explorer.errors import (
    CheckpointError,
    ConfigError,
    ExplorerError,
    UnknownModelError,
    near_match,
)
from explorer.judge.class_classifier import ClassClassifier
from explorer.latent.direction_file import load_directions
from explorer.latent.directions import Directions
from explorer.latent.projection import Projection, load_projection
from explorer.protocol import GenerativeModel
from explorer.service.class_judge import open_class_judge
from explorer.service.gallery import Gallery, load_gallery
from explorer.service.guests import Guests
from explorer.service.latent_file import weights_version
from explorer.service.measures import Measures, load_measures
from explorer.service.records import ModelCard
from explorer.train.run import DataCard, RunFolder
from explorer.train.session import load_model

OPEN_AT_ONCE = 3
"""Models in memory; the one that was used longest ago goes first."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenModel:
    """A loaded model with everything that lies beside its weights.

    Attributes:
        name: Folder name.
        folder: Where it lies.
        version: SHA-256 of its weights.
        model: Ready to use, on the CPU; use it under `lock`.
        data: What it was built for.
        gallery: Images to pick from.
        layouts: Maps by method; at least one.
        directions: Of the attributes, and variations; None where none were found.
        measures: Of each gallery image; None where they were not measured.
        class_judge: Tells the classes apart; None where there is no such classifier.
        facts: Measured numbers.
        token: Changes whenever a file of the model changes.
        lock: One thread at a time computes with the model.
        guests: Points beside the gallery; they outlive the model's stay in memory.
        codes: Latents of gallery images that were asked for, by position, the latest last.
        own: Files of own attributes that were read, by name; see `explorer.service.own_files`.
    """

    name: str
    folder: Path
    version: str
    model: nn.Module
    data: DataCard
    gallery: Gallery
    layouts: Mapping[str, Projection]
    directions: Directions | None
    measures: Measures | None
    class_judge: ClassClassifier | None
    facts: Mapping[str, float | int | str]
    token: str
    guests: Guests
    lock: AbstractContextManager[bool] = field(default_factory=threading.RLock)
    codes: dict[int, torch.Tensor] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)

    @property
    def generative(self) -> GenerativeModel:
        """The model by its protocol."""
        return cast(GenerativeModel, self.model)

    def label(self, position: int) -> int:
        """Return the class number of a gallery image or guest.

        Raises:
            ConfigError: There is none at this position.
        """
        if 0 <= position < len(self.gallery):
            return int(self.gallery.labels[position])
        return self.guests.get(position).label

    def class_number(self, class_name: str) -> int:
        """Return the number of a class.

        Raises:
            ConfigError: There is no such class; the text names the known ones.
        """
        names = self.data.class_names
        if class_name not in names:
            hint = near_match(class_name, names)
            raise ConfigError(f"No class '{class_name}'.{hint} Known: {', '.join(names)}.")
        return names.index(class_name)


class Shelf:
    """The checkpoint folders below one folder.

    Attributes:
        root: That folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: OrderedDict[str, OpenModel] = OrderedDict()
        self._guests: dict[str, tuple[str, Guests]] = {}
        self._lock = threading.Lock()

    def models(self) -> list[ModelCard]:
        """Return a card of every checkpoint folder, the ones that open first, by title."""
        folders = [path.parent for path in self.root.glob("*/experiment.json")]
        cards = [self.card(folder.name) for folder in sorted(folders)]
        return sorted(cards, key=lambda card: (bool(card.problem), card.title.lower()))

    def card(self, name: str) -> ModelCard:
        """Return what people should know of one model, without loading its weights.

        Raises:
            UnknownModelError: No folder has this name.
        """
        run = RunFolder(self._folder(name))
        try:
            experiment, data = run.experiment(), run.data_card()
            title = models.get(experiment.model.name).title
            problem = "" if (run.path / "gallery.npz").exists() else "not yet prepared to explore"
            return ModelCard(
                name=name,
                title=experiment.title or name,
                model=title,
                problem=problem,
                data=data.name,
                image_shape=data.image_shape,
                class_names=data.class_names,
                class_counts=data.class_counts,
                attribute_names=data.attribute_names,
                facts=_facts(run.path),
            )
        except ExplorerError as error:
            return ModelCard(name, name, "", str(error), "", (0, 0, 0), (), (), (), {})

    def open(self, name: str) -> OpenModel:
        """Return a model with its gallery, maps and directions, from memory if it is there.

        Raises:
            UnknownModelError: No folder has this name.
            CheckpointError: A file is missing, altered or damaged.
        """
        folder = self._folder(name)
        with self._lock:
            token = _token(folder)
            if name in self._open and self._open[name].token == token:
                self._open.move_to_end(name)
                return self._open[name]
            known, guests = self._guests.get(name, ("", None))
            opened = _open(folder, token, guests if known == token else None)
            self._guests[name] = token, opened.guests
            self._open[name] = opened
            self._open.move_to_end(name)
            while len(self._open) > OPEN_AT_ONCE:
                self._open.popitem(last=False)
            return opened

    def _folder(self, name: str) -> Path:
        known = [path.parent.name for path in self.root.glob("*/experiment.json")]
        if name not in known:
            hint = near_match(name, known)
            raise UnknownModelError(
                f"No model '{name}' in '{self.root}'.{hint} Known: {', '.join(known) or 'none'}."
            )
        return self.root / name


def _open(folder: Path, token: str, guests: Guests | None) -> OpenModel:
    run = RunFolder(folder)
    data = run.data_card()
    layouts = {
        path.stem.removeprefix("layout-"): load_projection(path)
        for path in sorted(folder.glob("layout-*.npz"))
    }
    model = load_model(folder)
    gallery = load_gallery(folder, data.image_shape)
    for method, layout in layouts.items():
        if layout.count != len(gallery):
            raise CheckpointError(
                f"'{folder}': map '{method}' has {layout.count} points for {len(gallery)} images. "
                f"Run `python -m explorer project --model {folder.name}`."
            )
    if not layouts:
        raise CheckpointError(
            f"'{folder}' has no map. Run `python -m explorer project --model {folder.name}`."
        )
    path = folder / "directions.npz"
    version = weights_version(folder)
    directions = load_directions(path, model=version) if path.exists() else None
    return OpenModel(
        folder.name,
        folder,
        version,
        model,
        data,
        gallery,
        layouts,
        directions,
        load_measures(folder, len(gallery)),
        open_class_judge(folder, len(data.class_names), data.image_shape[0]),
        _facts(folder),
        token,
        guests or Guests(folder.name, len(gallery)),
    )


def _facts(folder: Path) -> dict[str, float | int | str]:
    """Return the measured numbers of a model; none where nothing was measured."""
    path = folder / "facts.json"
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"'{path}' is not a readable JSON file: {error}.") from None
    if not isinstance(content, dict):
        raise CheckpointError(f"'{path}' holds no JSON object.")
    return content


def _token(folder: Path) -> str:
    """Return a text that changes when a file of the folder is replaced."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    stamps = "".join(f"{p.name}{p.stat().st_mtime_ns}{p.stat().st_size}" for p in files)
    return hashlib.sha256(stamps.encode()).hexdigest()[:16]
