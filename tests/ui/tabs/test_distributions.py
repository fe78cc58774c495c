"""The tab of distributions: choices, messages with their numbers, charts, and the page itself."""

import json

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.service.complementary_bias import complementary_bias
from explorer.service.distributions import Axis, ClassPositions, Distribution
from explorer.service.mixed_distribution import mixed_distribution
from explorer.service.progress import unreported
from explorer.service.survey import Skipped, Survey
from explorer.ui.background import Progress
from explorer.ui.distribution_messages import result_message, survey_message
from explorer.ui.shared import Picked
from explorer.ui.tabs.distributions import (
    CHARTS,
    choices,
    progress_message,
    read_part,
    stale_message,
)

CLASSES, EACH = 3, 80


@pytest.fixture(scope="module")
def found():
    """An analysis of three classes of drawn positions."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(CLASSES), EACH)
    positions = rng.normal(size=len(labels)) + labels
    random = rng.normal(size=(len(labels), 99))
    drawn = {"random": random, "generator": rng, "report": unreported}
    mixed = mixed_distribution(positions, labels, shuffled=None, **drawn)
    complement = complementary_bias(
        positions, labels, conditions=rng.normal(size=(len(labels), 1)), **drawn
    )
    edges = np.linspace(-4, 6, 11)
    grid = np.linspace(-5, 7, 31)
    classes = tuple(
        ClassPositions(
            name=f"class_{k}",
            count=EACH,
            mean=float(k),
            deviation=1.0,
            skewness=0.1,
            kurtosis=-0.2,
            counts=np.histogram(positions[labels == k], edges)[0].astype(np.int64),
            density=np.exp(-((grid - k) ** 2) / 2) / np.sqrt(2 * np.pi),
            own=(k - 2.0, k + 2.0),
            borrowed=(k - 2.5, k + 2.5),
            borrowed_count=2 * EACH,
            fit=fit,
        )
        for k, fit in enumerate(complement.fits)
    )
    return Distribution(
        model="m",
        axis=Axis("red_shirt", "attribute"),
        part="without",
        source="240 gallery images",
        seed=0,
        note="",
        edges=edges,
        grid=grid,
        classes=classes,
        left_out=("hat",),
        mixed=mixed,
        complement=complement,
    )


def test_the_first_choice_is_an_attribute_among_images_without_it(workbench):
    names, chosen, parts, which = choices(workbench, Picked(GLOW, 0, 1), None, None)
    assert names[0] == chosen == "glasses" and names[-1] == "variation 4"
    assert parts == ["without", "with", "all"] and which == "without"


def test_a_choice_stays_where_it_is_possible(workbench):
    picked = Picked(GLICO, 0, 1)
    assert choices(workbench, picked, "smile", "with")[1::2] == ("smile", "with")
    assert choices(workbench, picked, "tilt", "with")[1:] == ("tilt", ["all"], "all")
    assert choices(workbench, picked, ["forged"], {"x": 1})[1::2] == ("glasses", "without")


def test_without_a_model_there_is_nothing_to_choose(workbench):
    assert choices(workbench, None, "smile", "with") == ([], None, [], None)
    assert stale_message(None, None, None)["key"] == ""


@pytest.mark.parametrize("bad", [None, 3, "some", ["all"]])
def test_only_parts_are_read(bad):
    with pytest.raises(ConfigError):
        read_part(bad)


def test_the_result_gives_numbers_before_words(found):
    message = result_message(found, "k")
    json.dumps(message, allow_nan=False)
    assert message["key"] == "k" and "red shirt · images without it" in message["source"]
    assert "hat" in message["note"]
    change = message["mixed"]["facts"][1]
    assert f"{found.mixed.change:+.2f}" in change["reference"]
    assert message["mixed"]["words"] == found.mixed.verdict
    gain = next(fact for fact in message["complement"]["facts"] if fact["name"] == "Gain")
    at = next(one for one in found.complement.sizes if one.size == found.complement.primary)
    assert gain["value"] == f"{at.gain:+.3f}"
    heading, rows = message["table"]["heading"], message["table"]["rows"]
    assert len(rows) == CLASSES and all(len(row) == len(heading) for row in rows)
    sizes = message["sizes"]
    assert [row[0] for row in sizes["rows"]] == [str(one.size) for one in found.complement.sizes]
    assert all(len(row) == len(sizes["heading"]) for row in sizes["rows"])
    assert rows[1][:2] == ["class 1", "80"] and "-1.00 to +3.00" in rows[1]


def test_the_survey_has_a_line_for_each_and_names_what_is_missing(found):
    skipped = (Skipped(Axis("bald", "attribute"), "with", "One class."),)
    message = survey_message(Survey((found,), (0.2,), skipped))
    assert all(len(row) == len(message["heading"]) for row in message["rows"])
    assert message["rows"][0][3] == "0.200"
    assert message["rows"][1][:2] == ["bald · images with it", "too few images"]


def test_progress_is_a_share_and_a_text():
    assert progress_message(Progress(0.12345, "Encoding")) == {
        "kind": "progress",
        "share": 0.123,
        "doing": "Encoding",
    }


def traces(figure):
    return {trace.name: trace for trace in figure.data if trace.name}


def test_the_charts_show_the_numbers_of_the_analysis(found):
    by_class, pooled, quantiles, distance, gain = (traces(draw(found)) for _, _, draw in CHARTS)
    assert list(by_class) == ["class 0", "class 1", "class 2"]
    np.testing.assert_array_equal(by_class["class 1"].y, found.classes[1].density)
    assert np.trapezoid(pooled["normal"].y, found.grid) == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(quantiles["pooled"].y, found.mixed.quantiles)
    curve = found.mixed.curves["anderson_darling"]["attribute"]
    np.testing.assert_array_equal(distance["this attribute"].y, curve.mean)
    np.testing.assert_allclose(curve.mean + distance["this attribute"].error_y.array, curve.high)
    assert {"random directions", "normal classes"} <= set(distance)
    sizes = found.complement.sizes
    assert list(gain["alone"].y) == [one.alone for one in sizes]
    bars = gain["completed by other classes"]
    for at, one in enumerate(sizes):  # what is left between alone and the bar's ends is the gain
        assert one.alone - bars.y[at] - bars.error_y.array[at] == pytest.approx(one.gain_low)
        assert one.alone - bars.y[at] + bars.error_y.arrayminus[at] == pytest.approx(one.gain_high)


def test_charts_are_transparent(found):
    for _, _, draw in CHARTS:
        layout = draw(found).layout
        assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


STATE = """states => states.includes(
  document.querySelector('#distributions .distributions').dataset.state)"""


@pytest.mark.browser
def test_a_visitor_sees_verdicts_or_what_to_do_instead(visit):
    page = visit()
    page.get_by_role("tab", name="Distributions").click()
    panel = page.locator("#distributions .distributions")
    page.wait_for_function(STATE, arg=["nothing"])
    assert "16 images a class are needed" in panel.inner_text()
    assert "--count" not in panel.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


@pytest.mark.browser
def test_another_model_brings_its_own_choices(visit):
    page = visit()
    page.get_by_role("tab", name="Distributions").click()
    page.wait_for_function(STATE, arg=["nothing"])
    page.get_by_label("Images with it").check()
    page.locator("#model-picker input").click()
    page.get_by_role("option", name=f"Faces by {GLOW}").click()
    page.get_by_label("Images without it").check()
    page.wait_for_function(STATE, arg=["nothing", "ready"])
