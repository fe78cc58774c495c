"""Checkpoints as four other programs write them, from seeded numbers and by our own code.

Names and shapes are theirs; each was loaded strictly by the original code, which gave the numbers
of `recorded.json`.
"""

from collections import OrderedDict, defaultdict

import numpy as np
import torch

SIDE = 8
STEPS, HIDDEN = 2, 6
CHANNELS = (12, 24)
CLASSES = 3


def some_images(count=4, channels=3, side=SIDE):
    """8-bit values by a formula, float64, shape (count, channel, side, side)."""
    k = np.arange(count * channels * side * side, dtype=np.int64)
    values = (k * 37 + (k // 7) ** 2 * 11 + k // 64 * 5) % 256
    return torch.from_numpy(values.reshape(count, channels, side, side)).double()


class Draws:
    """Seeded tensors of the sizes that a trained model has."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.tensors = OrderedDict()

    def normal(self, name, *shape, spread=0.1):
        drawn = spread * self.rng.standard_normal(shape)
        self.tensors[name] = torch.from_numpy(drawn.astype(np.float32))

    def rotation(self, channels):
        return np.linalg.qr(self.rng.standard_normal((channels, channels)))[0]

    def factors(self, channels):
        """P, L, U and s of a rotation whose rows were exchanged, so that P is no identity."""
        lower = np.tril(0.2 * self.rng.standard_normal((channels, channels)), -1)
        upper = np.triu(0.2 * self.rng.standard_normal((channels, channels)), 1)
        order = np.eye(channels)[self.rng.permutation(channels)]
        sign = np.where(self.rng.random(channels) < 0.5, -1.0, 1.0)
        log_s = 0.1 * self.rng.standard_normal(channels)
        parts = (order, sign, lower, upper, log_s)
        return [torch.from_numpy(part.astype(np.float32)) for part in parts]


def sequential(dialect, *, lu=False, additive=False, learn_top=False, classes=0, seed=1):
    """The state_dict of chaiyujin/glow-pytorch or of y0ast/Glow-PyTorch."""
    is_first = dialect == "chaiyujin"
    net, conv, linear = ("f", "", "") if is_first else ("block", ".conv", ".linear")
    draws = Draws(seed)

    def norm(name, channels):
        draws.normal(f"{name}.bias", 1, channels, 1, 1)
        draws.normal(f"{name}.logs", 1, channels, 1, 1)

    def zeros(name, inputs, outputs):
        draws.normal(f"{name}{conv}.weight", outputs, inputs, 3, 3)
        draws.normal(f"{name}{conv}.bias", outputs)
        draws.normal(f"{name}.logs", outputs, 1, 1)

    number = 0
    for level, channels in enumerate(CHANNELS):
        number += 1  # the squeeze
        for _ in range(STEPS):
            step = f"flow.layers.{number}"
            norm(f"{step}.actnorm", channels)
            if lu:
                names = ("p", "sign_s", *(("l", "u") if is_first else ("lower", "upper")), "log_s")
                for name, part in zip(names, draws.factors(channels), strict=True):
                    draws.tensors[f"{step}.invconv.{name}"] = part
            else:
                rotation = draws.rotation(channels).astype(np.float32)
                draws.tensors[f"{step}.invconv.weight"] = torch.from_numpy(rotation)
            draws.normal(f"{step}.{net}.0{conv}.weight", HIDDEN, channels // 2, 3, 3)
            norm(f"{step}.{net}.0.actnorm", HIDDEN)
            draws.normal(f"{step}.{net}.2{conv}.weight", HIDDEN, HIDDEN, 1, 1)
            norm(f"{step}.{net}.2.actnorm", HIDDEN)
            zeros(f"{step}.{net}.4", HIDDEN, channels // 2 if additive else channels)
            number += 1
        if level < len(CHANNELS) - 1:
            zeros(f"flow.layers.{number}.conv", channels // 2, channels)
            number += 1
    top = CHANNELS[-1]
    if learn_top:
        zeros("learn_top" if is_first else "learn_top_fn", 2 * top, 2 * top)
    for name, inputs, outputs in (
        ("project_ycond", classes, 2 * top),
        ("project_class", top, classes),
    ):
        if classes:
            draws.normal(f"{name}{linear}.weight", outputs, inputs)
            draws.normal(f"{name}{linear}.bias", outputs)
            draws.normal(f"{name}.logs", outputs)
    draws.tensors["prior_h"] = torch.zeros(4 if is_first else 1, 2 * top, 2, 2)
    return draws.tensors


def chaiyujin(**options):
    """The content of its `save_0k500.pkl`."""
    state = sequential("chaiyujin", **options)
    return {"global_step": 500, "graph": state, "optim": {"state": {}}, "criterion": {}}


def y0ast(**options):
    """The content of its `glow_model_1.pt`."""
    return sequential("y0ast", **options)


def rosinality(*, additive=False, lu=True, seed=2):
    """The content of its `model_000001.pt`, which a parallel wrapper has named."""
    draws = Draws(seed)

    def zeros(name, inputs, outputs):
        draws.normal(f"{name}.conv.weight", outputs, inputs, 3, 3, spread=0.02)
        draws.normal(f"{name}.conv.bias", outputs)
        draws.normal(f"{name}.scale", 1, outputs, 1, 1)

    for block, channels in enumerate(CHANNELS):
        is_top = block == len(CHANNELS) - 1
        for k in range(STEPS):
            step = f"module.blocks.{block}.flows.{k}"
            draws.normal(f"{step}.actnorm.loc", 1, channels, 1, 1)
            draws.normal(f"{step}.actnorm.scale", 1, channels, 1, 1)
            scale = draws.tensors[f"{step}.actnorm.scale"]
            scale.add_(torch.where(torch.arange(channels) % 3 == 0, -1.0, 1.0)[:, None, None])
            draws.tensors[f"{step}.actnorm.initialized"] = torch.tensor(1, dtype=torch.uint8)
            invconv(draws, f"{step}.invconv", channels, lu=lu or is_top)
            net = f"{step}.coupling.net"
            draws.normal(f"{net}.0.weight", HIDDEN, channels // 2, 3, 3)
            draws.normal(f"{net}.0.bias", HIDDEN)
            draws.normal(f"{net}.2.weight", HIDDEN, HIDDEN, 1, 1)
            draws.normal(f"{net}.2.bias", HIDDEN)
            zeros(f"{net}.4", HIDDEN, channels // 2 if additive else channels)
        seen = channels if is_top else channels // 2
        zeros(f"module.blocks.{block}.prior", seen, 2 * seen)
    return draws.tensors


def invconv(draws, prefix, channels, *, lu):
    """Its 1x1 convolution; of the last block always the decomposed one."""
    if not lu:
        rotation = torch.from_numpy(draws.rotation(channels).astype(np.float32))
        draws.tensors[f"{prefix}.weight"] = rotation[:, :, None, None]
        return
    order, sign, lower, upper, log_s = draws.factors(channels)
    mask = torch.ones(channels, channels).triu(1)
    parts = {
        "w_l": lower,
        "w_s": log_s,
        "w_u": upper,
        "w_p": order,
        "u_mask": mask,
        "l_mask": mask.T.contiguous(),
        "s_sign": sign,
        "l_eye": torch.eye(channels),
    }
    for name, part in parts.items():
        draws.tensors[f"{prefix}.{name}"] = part


def glico_pair(*, codes=10, dim=16, noise=True, seed=3):
    """The contents of its `netZ_nag_5.pkl` and `netG_nag_5.pkl`."""
    draws = Draws(seed)
    draws.normal("emb.weight", codes, dim, spread=1.0)
    labels, members = dict.fromkeys(range(codes), -1), defaultdict(set)
    for code in range(codes - 2):  # the last two have no label
        labels[code] = code % CLASSES
        members[code % CLASSES].add(code)
    netz = {"epoch": 5, "model": draws.tensors, "label2idx": members, "idx2label": labels}
    draws = Draws(seed + 1)
    draws.normal("lin_code.weight", 100, 100)
    draws.normal("lin_in.weight", 1024, dim + 100 * noise)
    bn(draws, "bn_in", 1024)
    draws.normal("lin_im.weight", 8192, 1024, spread=0.03)
    bn(draws, "bn_im", 8192)
    draws.normal("conv1.weight", 128, 64, 4, 4, spread=0.05)
    draws.normal("conv1.bias", 64)
    bn(draws, "bn_conv", 64)
    draws.normal("conv2.weight", 64, 3, 4, 4)
    draws.normal("conv2.bias", 3)
    return netz, {"epoch": 5, "model": draws.tensors}


def bn(draws, name, channels):
    """A BatchNorm's tensors; the generator has three, and calls none."""
    for part in ("weight", "bias", "running_mean", "running_var"):
        draws.normal(f"{name}.{part}", channels)
    draws.tensors[f"{name}.num_batches_tracked"] = torch.tensor(0)


GLOWS = {
    "chaiyujin": lambda: chaiyujin(),
    "chaiyujin-lu-top": lambda: chaiyujin(lu=True, learn_top=True),
    "chaiyujin-additive": lambda: chaiyujin(additive=True),
    "chaiyujin-classes": lambda: chaiyujin(learn_top=True, classes=CLASSES),
    "y0ast": lambda: y0ast(learn_top=True, lu=True),
    "y0ast-plain": lambda: y0ast(),
    "y0ast-additive": lambda: y0ast(additive=True),
    "y0ast-classes": lambda: y0ast(learn_top=True, classes=CLASSES),
    "rosinality": lambda: rosinality(),
    "rosinality-additive": lambda: rosinality(additive=True),
    "rosinality-plain": lambda: rosinality(lu=False),
}
