"""Uploads as the browser sends them, and as anybody else could."""

import io

import pytest
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.service.own_image import Square
from explorer.service.points import find_point
from explorer.ui.own_image import (
    PATH,
    PREVIEW,
    add_own_image_routes,
    result_message,
    square_of,
)


@pytest.fixture(scope="module")
def client():
    app = FastAPI()
    add_own_image_routes(app)
    return TestClient(app)


def png(*size):
    content = io.BytesIO()
    Image.new("RGB", size, "red").save(content, "PNG")
    return content.getvalue()


def test_a_picture_comes_back_as_a_preview_with_its_size(client):
    answer = client.post(f"{PATH}?name=a.png", content=png(1200, 600)).json()
    assert (answer["width"], answer["height"], answer["notes"]) == (1200, 600, [])
    assert len(answer["uri"]) < 4 * PREVIEW**2
    assert client.post(PATH, content=png(1200, 600)).json()["key"] == answer["key"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"plain words", "not a picture"), (png(9, 9)[:40], "damaged|header")],
)
def test_what_is_no_picture_is_answered_in_words(client, content, words):
    answer = client.post(f"{PATH}?name=x.png", content=content)
    assert answer.status_code == 200
    assert set(answer.json()) == {"error"}
    assert "'x.png'" in answer.json()["error"]


def saved(image, kind="PNG", **options):
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def animation():
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (animation(), "first"),
        (saved(Image.new("I;16", (9, 9), 40_000)), "16"),
        (saved(Image.new("CMYK", (9, 9), (0, 255, 0, 0)), "JPEG"), "CMYK"),
        (saved(Image.new("RGBA", (9, 9), (255, 0, 0, 90))), "white"),
    ],
    ids=["animated", "16 bits", "CMYK", "transparent"],
)
def test_what_is_converted_is_said(client, content, words):
    (note,) = client.post(PATH, content=content).json()["notes"]
    assert words in note and note.endswith(".")


def test_one_pixel_is_a_picture(client):
    answer = client.post(PATH, content=png(1, 1)).json()
    assert (answer["width"], answer["height"]) == (1, 1)


def test_a_hundred_megapixels_are_refused(client):
    answer = client.post(f"{PATH}?name=big.png", content=saved(Image.new("1", (10_000, 10_000))))
    assert "'big.png' has far too many pixels" in answer.json()["error"]


def test_a_square_is_read_from_an_event():
    sent = {"left": 0, "top": 0.25, "side": 1, "pad": False}
    assert square_of(sent) == Square(0.0, 0.25, 1.0)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        "x",
        {},
        {"left": 0, "top": 0, "side": 1},
        {"left": "0", "top": 0, "side": 1, "pad": False},
        {"left": True, "top": 0, "side": 1, "pad": False},
        {"left": float("nan"), "top": 0, "side": 1, "pad": False},
        {"left": 10**400, "top": 0, "side": 1, "pad": False},
        {"left": 0, "top": 0, "side": 1, "pad": 1},
    ],
)
def test_a_forged_square_is_refused(sent):
    with pytest.raises(ConfigError, match="crop square"):
        square_of(sent)


def test_the_result_says_what_is_exact_and_how_usual_it_is(workbench):
    exact = result_message(workbench, GLOW, 3)
    assert exact["exact"] and exact["original"] == exact["drawn"]
    assert [line["name"] for line in exact["lines"]] == [
        "Bits per dimension",
        "Length of the latent",
    ]
    searched = result_message(workbench, GLICO, find_point(workbench, GLICO, "5"))
    assert "PSNR" in searched["back"]
    assert [line["name"] for line in searched["lines"]] == ["Error of the reconstruction"]
