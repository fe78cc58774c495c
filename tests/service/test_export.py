"""Results as files, and the lines that make them again: the very same pixels each time."""

import csv
import io
import shlex
import shutil
import zipfile

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence
from tiny_models import GLICO, GLOW

from explorer.cli import main
from explorer.errors import ConfigError, NotSupportedError
from explorer.latent.projection import load_projection
from explorer.service.export import EXPORTS, export
from explorer.service.latent_file import load_latents
from explorer.service.points import add_image, source_of
from explorer.service.recipe import EXPORTED, as_command, as_python
from explorer.service.render import render, signed
from explorer.service.stamp import read_stamp
from explorer.service.view import (
    EditView,
    KindsView,
    MapView,
    PlaneView,
    RowView,
    StrengthsView,
    StripView,
    TransferView,
    WalkView,
)
from explorer.service.workbench import Workbench

WALK = WalkView(model=GLOW, a="1", b="sample:7@0.5", steps=4, methods=("slerp", "lerp"))


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


@pytest.fixture(scope="module")
def attribute(workbench):
    return workbench.attributes(GLOW)[0].name


@pytest.fixture(scope="module")
def views(workbench, attribute):
    moved, names = {attribute: 0.75}, workbench.open(GLOW).data.class_names
    another = workbench.attributes(GLOW)[1].name
    return {
        "walk": WALK,
        "walk of codes": WalkView(model=GLICO, a="0", b="mean:1+2", steps=3, methods=("nlerp",)),
        "plane": PlaneView(model=GLOW, corners=("0", "1", "2", "3"), size=3, method="spherical"),
        "edit": EditView(model=GLOW, a="sample:3", strengths=moved),
        "edit by a chosen direction": EditView(
            model=GLOW, a="2", strengths=moved, kinds={attribute: "pooled"}
        ),
        "row": RowView(model=GLOW, a="2", strengths=moved),
        "strengths": StrengthsView(
            model=GLOW, a="2", attribute=attribute, strengths=(-1.0, 0.0, 0.5)
        ),
        "strip": StripView(
            model=GLOW,
            a="2",
            attributes=(attribute, another),
            strengths=(0.0, 0.5),
            kinds={another: "pooled"},
        ),
        "kinds": KindsView(model=GLOW, a="2", attribute=attribute, strength=0.5),
        "transfer": TransferView(
            model=GLOW,
            attribute=workbench.open(GLOW).data.attribute_names[0],
            learn_on=names,
            apply_to=names[:2],
            strength=0.5,
        ),
    }


KINDS = (
    "walk",
    "walk of codes",
    "plane",
    "edit",
    "edit by a chosen direction",
    "row",
    "strengths",
    "strip",
    "kinds",
    "transfer",
)


def pixels_of(content):
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("kind", KINDS)
def test_copied_python_gives_the_exported_pixels(workbench, views, tiny_root, monkeypatch, kind):
    view = signed(workbench, views[kind])
    monkeypatch.chdir(tiny_root.parent)
    names: dict[str, object] = {}
    exec(as_python(view), names)
    assert np.array_equal(names["pixels"], pixels_of(export(workbench, view, "png")))


@pytest.mark.parametrize("kind", KINDS)
def test_the_copied_command_writes_the_exported_pixels(
    workbench, views, tiny_root, tmp_path, monkeypatch, kind
):
    view = signed(workbench, views[kind])
    monkeypatch.chdir(tmp_path)
    words = shlex.split(as_command(view, "again.png"))
    assert words[:3] == ["python", "-m", "explorer"]
    assert main([*words[3:], "--root", str(tiny_root)]) == 0
    written = pixels_of((tmp_path / "again.png").read_bytes())
    assert np.array_equal(written, pixels_of(export(workbench, view, "png")))


@pytest.mark.parametrize("kind", KINDS)
def test_an_exported_picture_brings_its_view_and_is_made_again(
    workbench, views, tiny_root, tmp_path, kind
):
    content = export(workbench, views[kind], "png")
    assert read_stamp(content) == signed(workbench, views[kind])
    (tmp_path / "one.png").write_bytes(content)
    again = tmp_path / "two.png"
    words = ["render", str(tmp_path / "one.png"), "--out", str(again), "--root", str(tiny_root)]
    assert main(words) == 0
    assert np.array_equal(pixels_of(again.read_bytes()), pixels_of(content))


@pytest.mark.parametrize("kind", ["walk", "plane", "edit", "row", "strengths", "strip", "kinds"])
def test_results_of_uploads_are_made_from_the_picture_that_holds_them(
    workbench, views, tiny_root, tmp_path, monkeypatch, kind
):
    opened = workbench.open(GLOW)
    position = add_image(workbench, GLOW, opened.gallery.pixels[4] ^ 3)
    source = source_of(opened, position)
    ends = {"corners": (source, "1", "2", "3")} if kind == "plane" else {"a": source}
    view = signed(workbench, views[kind].model_copy(update=ends))
    content = export(workbench, view, "png")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / EXPORTED).write_bytes(content)
    (folder / "checkpoints").symlink_to(tiny_root)
    monkeypatch.chdir(folder)
    names: dict[str, object] = {}
    exec(as_python(view), names)  # its workbench has never seen the image
    assert np.array_equal(names["pixels"], pixels_of(content))
    words = shlex.split(as_command(view, "again.png"))[3:]
    assert main([*words, "--root", "checkpoints"]) == 0
    assert np.array_equal(pixels_of((folder / "again.png").read_bytes()), pixels_of(content))


@pytest.mark.parametrize("layout", ["pca", "umap-5-0.3-cosine"])
def test_copied_lines_of_a_map_give_its_coordinates(tiny_root, tmp_path, monkeypatch, layout):
    shutil.copytree(tiny_root / GLOW, tmp_path / "checkpoints" / GLOW)
    monkeypatch.chdir(tmp_path)
    view = MapView(model=GLOW, layout=layout, a="0", b="1")
    names: dict[str, object] = {}
    exec(as_python(view), names)
    assert np.shape(names["coordinates"]) == (60, 2)
    words = shlex.split(as_command(view, "map.png"))[3:]
    assert main([*words, "--root", "checkpoints"]) == 0
    written = load_projection(tmp_path / "checkpoints" / GLOW / f"layout-{layout}.npz")
    assert np.array_equal(names["coordinates"], written.coordinates)
    assert pixels_of((tmp_path / "map.png").read_bytes()).ndim == 3


def test_single_pictures_are_the_frames_at_their_own_size(workbench):
    with zipfile.ZipFile(io.BytesIO(export(workbench, WALK, "zip"))) as archive:
        names = archive.namelist()
        frames = [pixels_of(archive.read(name)) for name in names]
    assert names == sorted(names)
    assert len(names) == 8
    wanted = np.concatenate([row for _, row in render(workbench, WALK).rows])
    assert np.array_equal(np.stack(frames).reshape(wanted.shape), wanted)


def test_an_animation_goes_there_and_back(workbench):
    with Image.open(io.BytesIO(export(workbench, WALK, "gif"))) as image:
        frames = [np.asarray(one.convert("RGB")) for one in ImageSequence.Iterator(image)]
        assert image.info["loop"] == 0
    assert np.array_equal(frames[0], frames[-1]) or len(frames) > 2
    assert not np.array_equal(frames[0], frames[len(frames) // 2])


def test_a_video_plays_every_frame(workbench):
    with av.open(io.BytesIO(export(workbench, WALK, "mp4"))) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    steps, rest = WALK.steps, 6
    assert len(frames) == 2 * rest + steps + steps - 1
    assert all(side % 2 == 0 for side in frames[0].shape[:2])


def test_latents_come_back_as_the_pictures(workbench, tiny_root, tmp_path):
    path = tmp_path / "walk.npz"
    path.write_bytes(export(workbench, WALK, "npz"))
    name, latents = load_latents(path, tiny_root)
    assert name == GLOW
    frames = np.concatenate([row for _, row in render(workbench, WALK).rows])
    decoded = workbench.decode(name, latents, as_sample=True)
    assert np.array_equal(decoded[1:3], frames[1:3])


def test_equal_results_are_equal_files(workbench):
    for name in ("png", "zip", "gif", "npz"):
        assert export(workbench, WALK, name) == export(workbench, WALK, name), name


@pytest.mark.parametrize("name", ["gif", "mp4"])
def test_what_does_not_move_makes_no_video(workbench, views, name):
    with pytest.raises(NotSupportedError, match="Only a walk can move"):
        export(workbench, views["plane"], name)


def test_a_format_that_is_not_there_is_named(workbench):
    with pytest.raises(ConfigError, match="jpg"):
        export(workbench, WALK, "jpg")
    assert list(EXPORTS) == ["png", "zip", "gif", "mp4", "npz"]


def test_a_map_is_drawn_by_the_page_alone(workbench):
    with pytest.raises(NotSupportedError, match="drawn by the page"):
        export(workbench, MapView(model=GLOW, layout="pca", a="0", b="1"), "png")


def test_copied_lines_name_another_folder_of_models(workbench, views, tiny_root, monkeypatch):
    """They are short in the repository, and work everywhere else."""
    view = views["plane"]
    monkeypatch.chdir(tiny_root.parent)
    assert 'Path("checkpoints")' in as_python(view).replace("'", '"')
    assert "--root" not in as_command(view, root=tiny_root.parent / "checkpoints")
    other = tiny_root.parent / "a b"
    assert repr(str(other)) in as_python(view, other)
    assert shlex.split(as_command(view, root=other))[-4:-2] == ["--root", str(other)]


def test_a_picture_that_is_not_there_is_named(tiny_root, tmp_path, capsys):
    words = ["render", str(tmp_path / "no.png"), "--out", str(tmp_path / "x.png")]
    assert main([*words, "--root", str(tiny_root)]) == 2
    assert "no.png" in capsys.readouterr().err


def test_commands_say_every_number_and_name_exactly():
    lesson = {"attribute": "hat", "learn_on": ("a, b", "c"), "apply_to": ('d "e"',)}
    words = shlex.split(as_command(TransferView(model="m", **lesson, strength=1 / 3)))
    assert float(words[words.index("--strength") + 1]) == 1 / 3
    for option in ("learn_on", "apply_to"):
        text = words[words.index("--" + option.replace("_", "-")) + 1]
        assert next(csv.reader([text])) == list(lesson[option])
    words = shlex.split(as_command(EditView(model="m", a="1", strengths={"hat": 0.1 + 0.2})))
    assert f"hat={0.1 + 0.2!r}" in words
