"""Links and dropped pictures: what they bring back, what they are refused for."""

import base64
import json
from types import SimpleNamespace

import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError, DataError, UnknownModelError
from explorer.service.render import signed
from explorer.service.view import EditView, MapView, TransferView, WalkView
from explorer.ui.share import LINK_START, link_text, restored, view_of_event, view_of_link

WALK = WalkView(model=GLOW, a="1", b="3", steps=4, methods=("slerp",))


def test_a_link_brings_its_view_back():
    assert view_of_link(link_text(WALK)) == WALK


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_link_that_was_cut_off_is_refused(cut):
    with pytest.raises(ConfigError, match=r"cut off|cannot be read"):
        view_of_link(link_text(WALK)[:-cut])


@pytest.mark.parametrize("text", ["", "?", "ä", "e30", "x" * 500_000])
def test_what_is_no_link_is_refused(text):
    with pytest.raises(ConfigError):
        view_of_link(LINK_START + text)


def test_a_walk_opens_on_its_tab_with_its_pair(workbench):
    found = restored(workbench, WALK)
    assert (found.picked.a, found.picked.b) == (1, 3)
    assert found.tab == "interpolate"


def test_an_edit_opens_on_the_attributes_with_a_second_image(workbench):
    found = restored(workbench, EditView(model=GLOW, a="2", strengths={}))
    assert found.tab == "attributes"
    assert found.picked.a == 2
    assert found.picked.b != 2


def test_what_is_of_no_image_opens_with_the_models_first_pair(workbench):
    name = workbench.open(GLOW).data.attribute_names[0]
    classes = workbench.card(GLOW).class_names
    view = TransferView(
        model=GLOW, attribute=name, learn_on=classes, apply_to=classes[:1], strength=1.0
    )
    found = restored(workbench, view)
    assert (found.picked.a, found.picked.b) == workbench.first_pair(GLOW)
    assert found.tab == "attributes"


def test_a_map_opens_on_the_map(workbench):
    view = MapView(model=GLICO, layout="pca", a="0", b="1")
    assert restored(workbench, view).tab == "map"


def test_an_uploaded_image_travels_inside_the_link(workbench):
    from explorer.service.points import add_image, source_of

    opened = workbench.open(GLOW)
    position = add_image(workbench, GLOW, opened.gallery.pixels[0] ^ 1)
    source = source_of(opened, position)
    view = signed(workbench, WalkView(model=GLOW, a=source, b="1", steps=3, methods=("lerp",)))
    assert list(view.images) == [source]
    assert restored(workbench, view_of_link(link_text(view))).picked.a == position


def test_a_model_that_is_gone_is_named(workbench):
    with pytest.raises(UnknownModelError, match="gone-away"):
        restored(workbench, WALK.model_copy(update={"model": "gone-away"}))


def test_other_weights_are_refused(workbench):
    with pytest.raises(ConfigError, match="other weights"):
        restored(workbench, WALK.model_copy(update={"weights": "0" * 16}))


def test_an_image_that_is_not_the_one_named_is_refused(workbench):
    from explorer.data.images import to_png

    png = base64.b64encode(to_png(workbench.open(GLOW).gallery.pixels[0])).decode()
    source = "image:" + "0" * 16
    forged = WALK.model_copy(update={"a": source, "images": {source: png}})
    with pytest.raises(DataError, match="not the one they name"):
        restored(workbench, forged)


@pytest.mark.parametrize("content", ["", "no base64!", "aGVsbG8="])
def test_a_damaged_image_inside_is_refused(workbench, content):
    source = "image:" + "0" * 16
    with pytest.raises(DataError, match="damaged"):
        restored(workbench, WALK.model_copy(update={"a": source, "images": {source: content}}))


def test_events_bring_links_views_or_errors():
    assert view_of_event(SimpleNamespace(link=link_text(WALK))) == WALK
    plain = json.loads(WALK.model_dump_json())
    assert view_of_event(SimpleNamespace(view=plain)) == WALK
    with pytest.raises(DataError, match="no settings"):
        view_of_event(SimpleNamespace(error="no settings inside"))


@pytest.mark.parametrize("forged", [{}, {"view": 3}, {"view": {}}, {"link": 7}, {"view": [1]}])
def test_forged_events_are_refused(forged):
    with pytest.raises(ConfigError):
        view_of_event(SimpleNamespace(**forged))
