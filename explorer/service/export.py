"""Results as files: one picture, its single pictures, moving pictures, latents."""

__all__ = ["EXPORTS", "Export", "export"]

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from explorer.errors import ConfigError, NotSupportedError, near_match
from explorer.service.latent_file import latents_bytes
from explorer.service.render import render, signed
from explorer.service.result import Result
from explorer.service.sheets import enlarged
from explorer.service.stamp import stamped_png
from explorer.service.view import View, WalkView
from explorer.service.workbench import Workbench

FRAME_SIDE = 192
"""Pixels a picture is enlarged to, at least, in moving pictures."""

FRAMES_A_SECOND = 10
REST_FRAMES = 6
"""How long a moving picture rests at either end."""

LABEL_HEIGHT = 22
SAME_TIME = (1980, 1, 1, 0, 0, 0)
"""Written into archives, so that equal results give equal bytes."""


@dataclass(frozen=True, slots=True)
class Export:
    """One way to take a result along.

    Attributes:
        name: Suffix of the file, without the dot.
        title: For people.
        media_type: For browsers.
        make: Returns the file's bytes.
    """

    name: str
    title: str
    media_type: str
    make: Callable[[Workbench, View, Result], bytes]


def export(workbench: Workbench, view: View, name: str) -> bytes:
    """Make a view's result and return it as a file's bytes.

    Args:
        workbench: Where the model lies.
        view: What to make.
        name: One of `EXPORTS`.

    Raises:
        ConfigError: There is no such format, or a setting of the view is not allowed.
        NotSupportedError: The result cannot be had in this format.
    """
    if name not in EXPORTS:
        hint = near_match(name, EXPORTS)
        raise ConfigError(f"No format '{name}'.{hint} Choose one of {', '.join(EXPORTS)}.")
    result = render(workbench, view)
    return EXPORTS[name].make(workbench, signed(workbench, view), result)


def _png(workbench: Workbench, view: View, result: Result) -> bytes:
    return stamped_png(result.sheet(), view)


def _single_pictures(workbench: Workbench, view: View, result: Result) -> bytes:
    """Return a zip archive with each picture of the result at its own size."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for row, (label, pictures) in enumerate(result.rows):
            for column, picture in enumerate(pictures):
                name = f"{row:02d}-{_file_name(label)}-{column:02d}.png"
                archive.writestr(zipfile.ZipInfo(name, SAME_TIME), stamped_png(picture, view))
    return content.getvalue()


def _latents(workbench: Workbench, view: View, result: Result) -> bytes:
    if result.latents is None:
        raise NotSupportedError(
            "These pictures are of several images at once; export their latents one by one."
        )
    return latents_bytes(workbench.open(view.model).folder, result.latents)


def _gif(workbench: Workbench, view: View, result: Result) -> bytes:
    frames = [Image.fromarray(frame) for frame in _moving(view, result)]
    content = io.BytesIO()
    milliseconds = 1000 // FRAMES_A_SECOND
    frames[0].save(
        content, "GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0
    )
    return content.getvalue()


def _mp4(workbench: Workbench, view: View, result: Result) -> bytes:
    """Return H.264 in MP4, which every browser and office program plays."""
    frames = _moving(view, result)
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FRAMES_A_SECOND)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "12"}
        stream.time_base = Fraction(1, FRAMES_A_SECOND)
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return content.getvalue()


EXPORTS: dict[str, Export] = {
    one.name: one
    for one in (
        Export("png", "Picture with labels (PNG)", "image/png", _png),
        Export("zip", "Single pictures (ZIP)", "application/zip", _single_pictures),
        Export("gif", "Animation (GIF)", "image/gif", _gif),
        Export("mp4", "Video (MP4)", "video/mp4", _mp4),
        Export("npz", "Latents (NPZ)", "application/octet-stream", _latents),
    )
}
"""The formats by name."""


def _moving(view: View, result: Result) -> list[UInt8[np.ndarray, "height width 3"]]:
    """Return the frames there and back, the rows side by side with their names over them.

    Raises:
        NotSupportedError: The result is no walk.
    """
    if not isinstance(view, WalkView):
        raise NotSupportedError("Only a walk can move. Choose PNG, or export single pictures.")
    rows = [enlarged(pictures, FRAME_SIDE) for _, pictures in result.rows]
    count, high, wide, _ = rows[0].shape
    size = (len(rows) * wide, (LABEL_HEIGHT + high + 1) // 2 * 2)
    order = [0] * REST_FRAMES + [*range(count)] + [count - 1] * REST_FRAMES
    order += [*range(count - 1, 0, -1)]
    font = ImageFont.load_default(14)
    frames = []
    for column in order:
        frame = Image.new("RGB", (size[0] + size[0] % 2, size[1]), "white")
        pen = ImageDraw.Draw(frame)
        for k, (label, _) in enumerate(result.rows):
            picture = rows[k][column]
            shown = picture[:, :, 0] if picture.shape[2] == 1 else picture
            frame.paste(Image.fromarray(shown).convert("RGB"), (k * wide, LABEL_HEIGHT))
            middle = (k * wide + wide / 2, LABEL_HEIGHT / 2)
            pen.text(middle, label, fill="black", font=font, anchor="mm")
        frames.append(np.array(frame))
    return frames


def _file_name(label: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in label)[:40]
