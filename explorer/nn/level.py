"""One level of a flow: squeeze, steps, split; figure 2b of Glow. All steps run as one stack.

ActNorms are folded into the matrices beside them, and those inside the coupling networks and the
last layer's scale into weights, for all steps at once. What `FlowStep` computes layer by layer is
the reference; the tests hold both against each other.
"""

__all__ = ["FlowLevel"]

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from explorer.nn.column_net import NetWeights
from explorer.nn.flow import CouplingNet, FlowStep, Split, Squeeze
from explorer.nn.kept import Kept
from explorer.nn.passes import Keep, StepList, StepStack, inverted
from explorer.nn.reversible import Exactness, run_steps, undo_steps
from explorer.nn.rooms import Rooms
from explorer.nn.scales import Scale


class FlowLevel(nn.Module):
    """Squeeze, then steps of flow, then (on all but the top level) a split.

    Attributes:
        steps: At least one; all with the same kind of coupling.
        keep: What training keeps of what the networks compute.
        products: Narrower dtype that the networks are computed in in training, if any.
        exactness: How exact the last backward was.
    """

    def __init__(self, steps: Sequence[FlowStep], split: Split | None) -> None:
        super().__init__()
        self.squeeze = Squeeze()
        self.steps = nn.ModuleList(steps)
        self.split = split
        self.products: torch.dtype | None = None
        self.keep = Keep()
        self.exactness = Exactness()
        self._folded, self._inverted, self._rooms = Kept(), Kept(), Rooms()
        self._tables: list[dict[str, nn.Parameter | None]] = []

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the maps, for a split level [kept, eps], and the log-determinant."""
        x = self.squeeze(x)[0]
        stack, log_det = self._folded.of(self._parameters_of_steps(), self._fold)
        keep = self.keep._replace(products=self.products)
        places = x.shape[2] * x.shape[3]
        x, total = run_steps(
            x, stack, self._scale(), keep=keep, watch=self.exactness, rooms=self._rooms
        )
        total = total + places * log_det
        if self.split is not None:
            x, log_det = self.split(x)
            total = total + log_det
        return x, total

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Undo `forward`; with gradients layer by layer."""
        total = z.new_zeros(len(z))
        if self.split is not None:
            z, total = self.split.inverse(z)
        if torch.is_grad_enabled():
            for step in reversed(self.steps):
                z, log_det = cast(FlowStep, step).inverse(z)
                total = total + log_det
            return self.squeeze.inverse(z)[0], total
        steps, log_det = self._inverted.of(self._parameters_of_steps(), self._invert)
        places = z.shape[2] * z.shape[3]
        z, below = undo_steps(z, steps, self._scale(), self._rooms)
        total = total + below - places * log_det
        return self.squeeze.inverse(z)[0], total

    def initialise(self, x: Tensor) -> Tensor:
        """Initialise the steps in order; return the level's output."""
        x = self.squeeze.initialise(x)
        for step in self.steps:
            x = cast(FlowStep, step).initialise(x)
        return x if self.split is None else self.split.initialise(x)

    def afford(self, memory: float, places: int) -> float:
        """Keep as much as possible of what networks compute; return the memory that is left.

        What saves most products a byte comes first: outputs, then the second hidden maps.

        Args:
            memory: MiB an image.
            places: Height times width of the level's maps.
        """
        weight = cast(FlowStep, self.steps[0]).coupling.net.weight1
        outputs = len(cast(FlowStep, self.steps[0]).coupling.net.out.weight)
        hidden = len(weight) * (self.products or weight.dtype).itemsize
        counts = []
        for size in (outputs * weight.itemsize, hidden, hidden):
            one = size * places / 2**20
            counts.append(min(len(self.steps), int(memory / one)))
            memory -= counts[-1] * one
        self.keep = Keep(counts[0], counts[1], counts[2])
        return memory

    def _scale(self) -> Scale | None:
        return cast(FlowStep, self.steps[0]).coupling.scale

    def _parameters_of_steps(self) -> list[Tensor]:
        """Return all parameters of the steps, without asking 150 modules each time."""
        if not self._tables:
            self._tables = [one._parameters for one in self.steps.modules() if one._parameters]
        return [value for table in self._tables for value in table.values() if value is not None]

    def _fold(self) -> tuple[StepStack, Tensor]:
        """Return the steps and the sum of their matrices' log-determinants a place."""
        steps = [cast(FlowStep, step) for step in self.steps]
        log_scale = torch.stack([step.norm.log_scale for step in steps])
        bias = torch.stack([step.norm.bias for step in steps])
        mixing = torch.stack([step.permutation.mixing() for step in steps])
        matrix = mixing * log_scale.exp()[:, None]
        offset = matrix @ bias[..., None]
        log_det = log_scale.sum() + torch.linalg.slogdet(mixing)[1].sum()
        nets = _fold_nets([step.coupling.net for step in steps])
        return StepStack(matrix, offset, nets), log_det

    def _invert(self) -> tuple[StepList, Tensor]:
        """Return the same, one by one, with the inverse of each matrix, and of each offset."""
        stack, log_det = self._folded.of(self._parameters_of_steps(), self._fold)
        matrix, offset = inverted(stack.matrix, stack.offset)
        return StepList.of(StepStack(matrix, offset, stack.net), matrix.dtype), log_det


def _fold_nets(nets: Sequence[CouplingNet]) -> NetWeights:
    """Return stacked weights with both ActNorms and the last scale in them."""
    scale1 = torch.stack([net.norm1.log_scale for net in nets]).exp()
    scale2 = torch.stack([net.norm2.log_scale for net in nets]).exp()
    scale3 = (3 * torch.stack([net.out.log_scale for net in nets])).exp()
    weight1 = torch.stack([net.weight1 for net in nets]) * scale1[..., None, None, None]
    weight3 = torch.stack([net.out.weight for net in nets]) * scale3[..., None, None, None]
    return NetWeights(
        weight1.permute(0, 1, 3, 4, 2).flatten(2),
        (torch.stack([net.norm1.bias for net in nets]) * scale1)[..., None],
        torch.stack([net.weight2 for net in nets]) * scale2[..., None],
        (torch.stack([net.norm2.bias for net in nets]) * scale2)[..., None],
        # convolving with a kernel is folding with its mirror image
        weight3.flip(3, 4).permute(0, 3, 4, 1, 2).flatten(1, 3),
        (torch.stack([net.out.bias for net in nets]) * scale3)[..., None],
    )
