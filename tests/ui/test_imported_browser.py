"""A checkpoint of another program, imported without its data, on the page in headless Chromium."""

import dialects
import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from explorer.benchmarks.chromium import Visit
from explorer.service.import_model import import_model
from explorer.service.workbench import Workbench
from explorer.service.z_delta_files import import_z_deltas

pytestmark = pytest.mark.browser


@pytest.fixture
def page(tmp_path, browser, serve):
    torch.save(dialects.chaiyujin(), tmp_path / "save.pkl")
    root = tmp_path / "models"
    import_model(root, [tmp_path / "save.pkl"], "faces", count=16)
    rng = np.random.default_rng(0)
    for number in range(2):
        np.save(tmp_path / f"detla_z_{number}.npy", rng.standard_normal((24, 2, 2)))
    import_z_deltas(Workbench(root), "faces", tmp_path, ("Smiling", "Wearing_Hat"))
    with serve(root) as address:
        visit = Visit(browser.new_context(viewport={"width": 1440, "height": 1000}), address)
        yield visit.page
        visit.close()
        assert visit.complaints == []


def test_an_imported_model_is_explored_like_any_other(page):
    page.locator("#walk-glance .walk-frames .still").first.wait_for()
    page.wait_for_function("() => window.__map.complete")
    about = page.locator("#about").inner_text()
    assert "imported from chaiyujin/glow-pytorch" in about
    assert "without its data" in about
    assert "1 class " in about.replace("\n", " ") + " "
    assert page.evaluate("() => window.__map.pictured().length") == 16

    page.get_by_role("tab", name="Interpolate", exact=True).click()
    page.locator("#walk-closer .walk[data-state='ready']").wait_for()
    page.get_by_text("this model has no classifier of its classes").wait_for()

    page.get_by_role("tab", name="Attributes", exact=True).click()
    page.locator(".sliders[data-state='ready']").wait_for()
    row = page.locator(".slider-row", has_text="Wearing hat")
    expect(row).to_contain_text("from a file")
    assert row.locator(".tick").count() == 0, "nobody knows where its typical images lie"
    row.locator("input[type=number]").fill("1")
    page.get_by_text("Wearing hat +1.00").first.wait_for()

    page.get_by_role("tab", name="Distributions", exact=True).click()
    page.get_by_text("was trained on one class").wait_for()
