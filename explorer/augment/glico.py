"""A GLICO that is fitted to labelled images and sampled, in the habits of estimators."""

__all__ = ["Glico"]

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64

from explorer.augment.intake import take
from explorer.data.images import to_images
from explorer.data.labelled import LabelledImages
from explorer.errors import CheckpointError, ConfigError, DataError
from explorer.latent.mixing import Law, Mixes, Partner, draw_mixes, mixed
from explorer.models import glico
from explorer.models.glico import GlicoSettings
from explorer.protocol import Images, Labels
from explorer.settings import DataSettings, Experiment, ModelChoice, TrainSettings
from explorer.train import loop
from explorer.train.run import RunFolder, RunStatus
from explorer.train.session import load_model, pick_device

log = logging.getLogger(__name__)

DECODED_AT_ONCE = 64

Shares = Float[torch.Tensor, "n classes"]
"""Share of each class in a label; rows sum to 1."""


class Glico:
    """New images between labelled ones. Only the images given to `fit` are ever seen.

    Attributes:
        classes: The labels as they were given, in the order of the class numbers; () before a fit.
        image_shape: (channel, height, width) of its images.
        notes: What `fit` converted, one sentence each.
    """

    def __init__(
        self,
        *,
        steps: int = 2000,
        image_size: int = 32,
        seed: int = 0,
        settings: GlicoSettings | None = None,
        device: str = "auto",
    ) -> None:
        """Choose how it will be fitted.

        Args:
            steps: Optimiser updates.
            image_size: Height and width of its images, pixels.
            seed: Of weights, batches and the draw of shots: same seed, same model.
            settings: Sizes of the networks and weights of the losses.
            device: "auto", "cpu", "cuda" or "mps".
        """
        self.settings = settings or GlicoSettings()
        self.train = TrainSettings(steps=steps, seed=seed, device=device)
        self.image_size = image_size
        self.classes: tuple[Any, ...] = ()
        self.image_shape: tuple[int, int, int] = (0, 0, 0)
        self.notes: tuple[str, ...] = ()
        self._model: glico.Glico | None = None
        self._data: LabelledImages | None = None

    def fit(
        self,
        images: Any,
        labels: Iterable[Any] | None = None,
        *,
        shots: int | None = None,
        report: Callable[[loop.Progress], None] | None = None,
    ) -> "Glico":
        """Fit to labelled images and return itself.

        Args:
            images: A folder with one sub-folder a class, of which one image in ten is held out; a
                tensor (n, channel, height, width) in [0, 1]; an 8-bit array (n, height, width,
                channel); or a list of pictures of any size.
            labels: One a picture, numbers or texts; None for a folder.
            shots: Images a class to learn from; all if None.
            report: Called after every update.

        Raises:
            ConfigError: Images and labels do not go together, or a setting does not fit.
            DataError: There are too few images, or equal ones with different labels.
            TrainingError: The loss stayed infinite.
        """
        taken = take(images, labels, image_size=self.image_size, shots=shots, seed=self.train.seed)
        for note in taken.notes:
            log.warning("%s", note)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.train.seed)
            model = glico.Glico(self.settings, taken.data.info)
        state = loop.start(model.to(pick_device(self.train.device)), taken.data, self.train)
        for progress in loop.fit(state, taken.data, self.train):
            if report is not None:
                report(progress)
        self.notes, self._data = taken.notes, taken.data
        self._use(state.average.cpu().eval(), taken.classes)
        return self

    @torch.no_grad()
    def sample(
        self,
        per_class: int,
        *,
        seed: int = 0,
        law: Law = "paper",
        partner: Partner = "same-class",
    ) -> tuple[Images, Labels]:
        """Return new images of every class, class by class, and their class numbers.

        Args:
            per_class: How many of each.
            seed: Same seed, same images; asking for more keeps the first ones.
            law: One of `explorer.latent.mixing.LAWS`.
            partner: "same-class" or "nearest".

        Raises:
            ConfigError: It is not fitted, or partners of another class are asked for, which would
                need mixed labels.
            DataError: A class has a single image and so no partner.
        """
        if partner == "other-class":
            raise ConfigError(
                "Labels here are whole classes. Choose 'same-class' or 'nearest', or call "
                "`sample_soft`, whose labels are shares."
            )
        model, labels = self._fitted(), np.arange(len(self.classes))
        own = model.code_labels.numpy()
        codes = model.codes.detach()
        latents = [
            mixed(
                codes,
                draw_mixes(codes, own, k, per_class, law=law, partner=partner, seed=seed),
            )
            for k in labels.tolist()
        ]
        return self._decoded(torch.cat(latents)), torch.from_numpy(labels.repeat(per_class))

    @torch.no_grad()
    def sample_for(self, numbers: Int64[np.ndarray, " n"], chance: np.random.Generator) -> Images:
        """Return one new image of each class number, by the paper's law.

        Args:
            numbers: Class numbers, positions in `classes`.
            chance: Source of all draws.

        Raises:
            ConfigError: It is not fitted.
            DataError: A class has a single image and so no partner.
        """
        model = self._fitted()
        codes, own = model.codes.detach(), model.code_labels.numpy()
        seeds = chance.integers(2**62, size=len(numbers)).tolist()
        rows = [
            mixed(
                codes,
                draw_mixes(codes, own, k, 1, law="paper", partner="same-class", seed=seed),
            )
            for k, seed in zip(numbers.tolist(), seeds, strict=True)
        ]
        return self._decoded(torch.cat(rows))

    @torch.no_grad()
    def sample_soft(
        self, per_class: int, *, seed: int = 0, law: Law = "uniform", residual: bool = False
    ) -> tuple[Images, Shares]:
        """Return new images between two classes, and labels mixed as the images are.

        `torch.nn.functional.cross_entropy` takes such labels as they are.

        Args:
            per_class: How many whose larger share is this class.
            seed: Same seed, same images; asking for more keeps the first ones.
            law: One of `explorer.latent.mixing.LAWS`.
            residual: Whether each keeps what the model does not reproduce of its first image.

        Raises:
            ConfigError: It is not fitted, or was loaded and has no images to take details from.
            DataError: There is a single class.
        """
        model, labels = self._fitted(), np.arange(len(self.classes))
        codes, own = model.codes.detach(), model.code_labels.numpy()
        drawn = [
            draw_mixes(codes, own, k, per_class, law=law, partner="other-class", seed=seed)
            for k in labels.tolist()
        ]
        return self._mixed(drawn, residual=residual)

    @torch.no_grad()
    def soft_for(
        self, numbers: Int64[np.ndarray, " n"], chance: np.random.Generator, *, residual: bool
    ) -> tuple[Images, Shares]:
        """Return a new image for each class number, mixed with another class, and its label.

        Args:
            numbers: Class numbers, positions in `classes`.
            chance: Source of all draws.
            residual: As in `sample_soft`.

        Raises:
            ConfigError: As `sample_soft`.
            DataError: There is a single class.
        """
        model = self._fitted()
        codes, own = model.codes.detach(), model.code_labels.numpy()
        seeds = chance.integers(2**62, size=len(numbers)).tolist()
        drawn = [
            draw_mixes(codes, own, k, 1, law="uniform", partner="other-class", seed=seed)
            for k, seed in zip(numbers.tolist(), seeds, strict=True)
        ]
        return self._mixed(drawn, residual=residual)

    def numbers(self, labels: Iterable[Any]) -> Int64[np.ndarray, " n"]:
        """Return the class number of each label.

        Raises:
            ConfigError: A label was not among those it was fitted to.
        """
        self._fitted()
        known = {label: number for number, label in enumerate(self.classes)}
        plain = [label.item() if hasattr(label, "item") else label for label in labels]
        for label in plain:
            if label not in known:
                shown = ", ".join(map(str, self.classes[:20]))
                raise ConfigError(f"Label {label!r} was not fitted. Known: {shown}.")
        return np.array([known[label] for label in plain], dtype=np.int64)

    def save(self, folder: str | Path) -> None:
        """Write it as a run's folder, which `load` and the whole program read.

        Raises:
            ConfigError: It is not fitted, or the folder holds a model already.
        """
        model, run = self._fitted(), RunFolder(Path(folder))
        if self._data is None or run.holds_weights:
            raise ConfigError(
                f"'{folder}' holds a model already. Choose another folder."
                if self._data is not None
                else "It was loaded and not changed, so there is nothing to save."
            )
        choice = ModelChoice(name="glico", config=self.settings.model_dump())
        data = DataSettings(name="folder", image_size=self.image_size)
        run.begin(
            Experiment(name=run.path.name, model=choice, data=data, train=self.train), self._data
        )
        run.finish(model.state_dict())
        run.write_status(RunStatus("done", self.train.steps, 0.0, "Fitted from code."))

    @classmethod
    def load(cls, folder: str | Path) -> "Glico":
        """Return a GLICO from its folder, e.g. "checkpoints/glico-avatars"; labels are names.

        Raises:
            CheckpointError: The folder holds no finished GLICO.
        """
        model, run = load_model(Path(folder)), RunFolder(Path(folder))
        if not isinstance(model, glico.Glico):
            raise CheckpointError(f"'{folder}' holds another model than GLICO.")
        card, train = run.data_card(), run.experiment().train
        found = cls(
            steps=train.steps,
            image_size=card.image_shape[1],
            seed=train.seed,
            settings=model.settings,
        )
        found._use(model, card.class_names)
        return found

    def _use(self, model: torch.nn.Module, classes: tuple[Any, ...]) -> None:
        if not isinstance(model, glico.Glico):
            raise DataError("The fitted model is none.")
        self._model, self.classes = model.requires_grad_(requires_grad=False), classes
        self.image_shape = model.traits.image_shape

    def _fitted(self) -> glico.Glico:
        if self._model is None:
            raise ConfigError("It is not fitted yet. Call `fit` first, or `Glico.load`.")
        return self._model

    def _mixed(self, drawn: list[Mixes], *, residual: bool) -> tuple[Images, Shares]:
        """Return the images of all draws and the shares of their two classes."""
        model = self._fitted()
        codes, labels = model.codes.detach(), model.code_labels
        anchors, partners = (
            torch.from_numpy(np.concatenate([getattr(one, ends) for one in drawn]))
            for ends in ("anchors", "partners")
        )
        t = torch.from_numpy(np.concatenate([one.t for one in drawn])).float()
        images = self._decoded(torch.cat([mixed(codes, one) for one in drawn]))
        if residual:
            if self._data is None:
                raise ConfigError(
                    "It was loaded, and the images it was fitted to were not. Leave `residual` "
                    "out, or fit it again."
                )
            real = to_images(self._data.images[anchors.numpy()])
            images = (real + images - self._decoded(codes[anchors])).clamp(0, 1)
        shares = torch.zeros(len(t), len(self.classes))
        shares[torch.arange(len(t)), labels[anchors]] += 1 - t
        shares[torch.arange(len(t)), labels[partners]] += t
        return images, shares

    def _decoded(self, latents: torch.Tensor) -> Images:
        model = self._fitted()
        parts = [model.decode(part) for part in latents.split(DECODED_AT_ONCE)]
        return torch.cat(parts)
