"""The Glow that FrEIA offers: its `AllInOneBlock`s in its `GraphINN`."""

__all__ = ["freia_glow"]

from typing import Any, cast

import torch
from FrEIA import framework, modules
from torch import Tensor, nn

from explorer.benchmarks.glow.candidate import Candidate, GlowShape
from explorer.nn.flow import standard_normal_log_prob


class _Freia(Candidate):
    name = "FrEIA"

    def log_density(self, x: Tensor) -> Tensor:
        flow: Any = self.model
        parts, log_det = flow(x)
        latents = torch.cat([part.flatten(1) for part in parts], 1)
        return cast(Tensor, standard_normal_log_prob(latents) + log_det)

    def there_and_back(self, x: Tensor) -> Tensor:
        flow: Any = self.model
        return cast(Tensor, flow(flow(x, jac=False)[0], rev=True, jac=False)[0])

    def draw(self, count: int) -> Tensor:
        flow: Any = self.model
        latents = [torch.randn(count, *node.output_dims[0]) for node in _ends(flow)]
        with torch.no_grad():
            return cast(Tensor, flow(latents, rev=True, jac=False)[0])


def _ends(flow: Any) -> list[Any]:
    return [node.inputs[0][0] for node in flow.out_nodes]


def freia_glow(shape: GlowShape) -> Candidate:
    """Return its Glow of a shape: one coupling, affine map and rotation a block."""

    def network(inputs: int, outputs: int) -> nn.Module:
        last = nn.Conv2d(shape.hidden, outputs, 3, padding=1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(cast(Tensor, last.bias))
        return nn.Sequential(
            nn.Conv2d(inputs, shape.hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(shape.hidden, shape.hidden, 1),
            nn.ReLU(),
            last,
        )

    settings = {"subnet_constructor": network, "permute_soft": True}
    node = framework.InputNode(shape.channels, shape.side, shape.side)
    nodes, ends = [node], []
    for level in range(shape.levels):
        node = framework.Node(node, modules.IRevNetDownsampling, {})
        nodes.append(node)
        for _ in range(shape.steps):
            node = framework.Node(node, modules.AllInOneBlock, settings)
            nodes.append(node)
        if level < shape.levels - 1:
            node = framework.Node(node, modules.Split, {})
            nodes.append(node)
            ends.append(framework.OutputNode(node.out1))
            node = node.out0
    ends.append(framework.OutputNode(node))
    return _Freia(framework.GraphINN([*nodes, *ends]), shape)
