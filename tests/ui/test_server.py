"""The server: what it refuses to bind, and the data routes behind the map."""

import io
import json
import socket

import numpy as np
import pytest
from asking import get
from PIL import Image
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.service.layouts import layouts_of
from explorer.service.places import drawn_places
from explorer.ui.latent_map import map_value
from explorer.ui.map_data import data_address
from explorer.ui.server import build_app, serve
from explorer.ui.shared import Picked


@pytest.fixture(scope="module")
def app(workbench):
    return build_app(workbench)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", "", "127.0.0.2"])
def test_only_this_machine_may_be_bound(workbench, host):
    with pytest.raises(ConfigError, match=r"this machine only.*ssh -L"):
        serve(workbench, host=host, port=0, open_browser=False)


def test_a_port_in_use_is_named_with_a_way_out(workbench):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"Port {port} .*--port {port + 1}"):
            serve(workbench, host="127.0.0.1", port=port, open_browser=False)


@pytest.mark.parametrize("port", [-1, 65536])
def test_an_impossible_port_is_refused(workbench, port):
    with pytest.raises(ConfigError, match=f"port is {port}"):
        serve(workbench, host="localhost", port=port, open_browser=False)


@pytest.mark.parametrize("name", [GLOW, GLICO])
def test_points_are_the_layout_with_class_and_held_out(app, workbench, name):
    opened = workbench.open(name)
    for layout in layouts_of(opened):
        status, headers, body = get(app, f"{data_address(opened)}points-{layout}.bin")
        assert status == 200
        assert b"immutable" in headers[b"cache-control"]
        table = np.frombuffer(body, "<f4").reshape(-1, 4)
        np.testing.assert_array_equal(table[:, :2], drawn_places(opened, layout))
        np.testing.assert_array_equal(table[:, 2], opened.gallery.labels)
        np.testing.assert_array_equal(table[:, 3], opened.gallery.held_out)


def test_the_atlas_shows_the_gallery_where_the_map_looks(app, workbench):
    opened = workbench.open(GLOW)
    status, headers, body = get(app, f"{data_address(opened)}atlas.webp")
    assert (status, headers[b"content-type"]) == (200, b"image/webp")
    value = map_value(workbench, Picked(GLOW, 0, 1))
    width, height = value["cell"]
    index = value["count"] - 1
    row, column = divmod(index, value["columns"])
    box = (column * width, row * height, (column + 1) * width, (row + 1) * height)
    cell = np.asarray(Image.open(io.BytesIO(body)).convert("RGB").crop(box))
    np.testing.assert_array_equal(cell, opened.gallery.pixels[index])


@pytest.mark.parametrize(
    "path",
    [
        "explore/no-such-model/x/atlas.webp",
        f"explore/{GLOW}/0000000000000000/atlas.webp",
        f"explore/{GLOW}/0000000000000000/about.json",
    ],
)
def test_data_of_unknown_models_or_other_files_are_not_there(app, path):
    assert get(app, path)[0] == 404


def test_an_unknown_layout_is_not_there(app, workbench):
    assert get(app, f"{data_address(workbench.open(GLOW))}points-tsne.bin")[0] == 404


def test_the_guard_stands_before_page_and_data(app, workbench):
    for path in ("", "config", f"{data_address(workbench.open(GLOW))}atlas.webp"):
        assert get(app, path, host=b"evil.example")[0] == 421


def test_the_map_is_told_little_however_many_images_there_are(workbench):
    value = map_value(workbench, Picked(GLOW, 3, 5))
    assert (value["a"], value["b"], value["count"]) == (3, 5, len(workbench.open(GLOW).gallery))
    assert len(str(value)) < 2000
    assert map_value(workbench, None) is None


def test_the_page_can_be_installed_as_a_program(app):
    status, _, body = get(app, "manifest.json")
    manifest = json.loads(body)
    assert status == 200
    assert manifest["name"] == "Latent Explorer"
    assert manifest["display"] == "standalone"
    sizes = {icon["sizes"]: icon["src"] for icon in manifest["icons"]}
    assert {"192x192", "512x512"} <= set(sizes)
    status, _, icon = get(app, sizes["192x192"].lstrip("/"))
    assert status == 200
    assert Image.open(io.BytesIO(icon)).size == (192, 192)
