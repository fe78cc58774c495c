"""A picture of one's own, from the file to the map, in headless Chromium."""

import io

import pytest
from PIL import Image
from tiny_models import GLICO, GLOW

pytestmark = pytest.mark.browser


def picture(width=90, height=60):
    content = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(content, "PNG")
    return {"name": "photo.png", "mimeType": "image/png", "buffer": content.getvalue()}


def step(page, name):
    page.locator(f".own-body[data-step='{name}']").wait_for()


def choose(page, model):
    """Open a model by the picker and wait until A and B are its."""
    page.locator("#model-picker input").click()
    page.get_by_role("option", name=f"Faces by {model}").click()
    page.locator("#about", has_text="Glow" if model == GLOW else "GLICO").wait_for()


def test_a_picture_is_cropped_by_keys_and_becomes_a(visit):
    page = visit()
    choose(page, GLOW)
    page.get_by_text("Choose A").first.click()
    page.locator("#ends-map").get_by_role("button", name="Your own image…").first.click()
    page.locator(".own-file").set_input_files(picture())
    step(page, "crop")
    page.get_by_text("It is 90 × 60 pixels, not square: choose the part to use.").wait_for()
    square = page.locator(".own-square")
    before = square.evaluate("node => node.style.left")
    square.press("ArrowLeft")
    assert square.evaluate("node => node.style.left") != before
    page.locator(".own-main").click()
    step(page, "result")
    page.get_by_text("Decoding its latent gives the same 8-bit picture").wait_for()
    page.locator(".own-main").click()
    page.locator("#ends-map .end-slot-a", has_text="your image").wait_for()
    page.wait_for_function("() => window.__map.picks().a >= 60")


def test_a_code_is_searched_with_a_result_and_a_class_is_chosen(visit):
    page = visit()
    choose(page, GLICO)
    page.evaluate(
        """bytes => {
          const transfer = new DataTransfer();
          for (const name of ['one.png', 'two.png']) {
            transfer.items.add(new File([new Uint8Array(bytes)], name, {type: 'image/png'}));
          }
          document.body.dispatchEvent(
            new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: transfer}));
        }""",
        list(picture(64, 64)["buffer"]),
    )
    step(page, "crop")
    page.get_by_text("You gave 2 files; this is the first.").wait_for()
    page.locator(".own-main").click()
    step(page, "result")
    page.get_by_text("has a PSNR of").wait_for()
    page.locator(".own-label select").select_option("hat")
    page.get_by_text("chosen by you").wait_for()
    page.locator(".own-main").click()
    page.locator("#ends-map .end-slot-b .end-class", has_text="hat").wait_for()


def test_what_is_no_picture_is_explained_and_changes_nothing(visit):
    page = visit()
    before = page.evaluate("() => window.__map.picks()")
    page.evaluate(
        "() => document.dispatchEvent(new CustomEvent('explorer-upload', {detail: {slot: 'a'}}))"
    )
    words = {"name": "words.png", "mimeType": "image/png", "buffer": b"no picture"}
    page.locator(".own-file").set_input_files(words)
    page.get_by_text("'words.png' is not a picture").wait_for()
    step(page, "choose")
    page.keyboard.press("Escape")
    page.locator("dialog.own").wait_for(state="hidden")
    assert page.evaluate("() => window.__map.picks()") == before
