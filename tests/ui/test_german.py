"""The page in German: whatever a walk through it shows is translated, but for names."""

import re

import pytest
from tiny_sets import save

from explorer.benchmarks.chromium import PATIENCE, Visit

pytestmark = pytest.mark.browser

WIDE = {"width": 1440, "height": 1000}
NUMBER = r"[+\-−±]?\d[\d,.]*( %)?"


@pytest.fixture
def german(visit, workbench):
    """A page in German and what remains English on it."""
    page = visit(locale="de-DE", viewport=WIDE)
    return page, lambda: left_english(page, workbench)


def left_english(page, workbench, *names):
    """What the page's catalogue lacks, but for names and numbers."""
    known = {"slerp", "lerp", "nlerp", *names, *gradio_texts()}
    for card in workbench.models():
        known |= {card.name, card.title, card.model, card.data}
        known |= {*card.class_names, *card.attribute_names, f"{card.model} on {card.data}"}
    known = {name.replace("_", " ").lower() for name in known}
    return [
        text
        for text in page.evaluate("() => window.__language.missing()")
        if not all(is_name(part, known) for part in re.split(r" · |, | / ", text))
    ]


def gradio_texts():
    """What Gradio itself writes in the browser's language, and what people never see as words."""
    return (
        "diagramm",
        "laden...",
        "löschen",
        "entfernen",
        "fehler",
        "plotly-logomark",
        "pan",
        "processing",
    )


def is_name(part, known):
    words = re.sub(rf"^(sample|mean|image):[\w+@./…]+|[\w-]+/[\w.-]+|{NUMBER}|#", "", part)
    words = words.strip(" []").lower()
    return not re.search(r"[a-zäöü]{2}", words) or words in known


def test_the_map_speaks_german(german):
    page, left = german
    page.locator("#walk-glance .walk-frames .still").first.wait_for()
    assert page.evaluate("() => document.documentElement.lang") == "de"
    assert page.get_by_role("tab").first.inner_text() == "Karte"
    page.wait_for_function("() => window.__map.complete")
    page.mouse.move(*page.evaluate("() => window.__map.xy(window.__map.pictured()[5])"))
    page.locator(".map-card").wait_for()
    for name in page.locator(".map-colour option").evaluate_all("all => all.map(o => o.value)"):
        page.locator(".map-colour").select_option(name)
    page.locator(".map-search").fill("1")
    page.locator(".map-layout").select_option("*")
    page.locator(".map-form [name=n_neighbors]").fill("100")
    page.locator(".map-form [type=submit]").click()
    page.locator(".map-refused", has_text=re.compile("....")).wait_for(timeout=30000)
    assert "es in 2 bis 59 liegen" in page.locator(".map-refused").inner_text()
    page.locator("#ends-map .end-slot-b summary").click()
    page.locator("#ends-map .end-slot-b .end-source").fill("hello")
    page.keyboard.press("Enter")
    page.get_by_text("benennt keinen Punkt").wait_for()
    page.locator("#latent-map .share summary").click()
    page.get_by_text("Link kopieren").first.wait_for()
    assert left() == []


def test_walks_sliders_and_distributions_speak_german(german):
    page, left = german
    page.get_by_role("tab", name="Übergang", exact=True).click()
    page.locator("#walk-closer .walk[data-state='ready']").wait_for()
    page.locator("#plane-panel").scroll_into_view_if_needed()
    page.locator("#plane-panel .plane[data-state='ready']").wait_for()
    page.get_by_role("tab", name="Merkmale", exact=True).click()
    page.locator(".sliders[data-state='ready']").wait_for()
    page.locator(".sliders .class-row canvas").first.wait_for()
    for panel in page.locator(".attribute-panels button[role=tab]").all():
        panel.click()
    page.get_by_role("tab", name="Verteilungen", exact=True).click()
    done = ".distributions[data-state='ready'], .distributions[data-state='nothing']"
    page.locator(done).first.wait_for(timeout=PATIENCE)
    assert left() == []


def test_new_images_speak_german(german):
    page, left = german
    page.get_by_role("tab", name="Vermehren", exact=True).click()
    page.get_by_label("Je Klasse").fill("2")
    page.get_by_label("Je Klasse").press("Tab")
    page.get_by_role("button", name="Bilder erzeugen").click()
    page.locator(".augment[data-state='ready']").wait_for()
    page.locator(".aug-cell").first.click()
    for name in ("sample", "complete"):
        page.locator(f".aug-wish input[type=radio][value={name}]").check()
    page.get_by_label("Ordner", exact=False).first.wait_for()
    assert left() == []


def test_training_speaks_german(browser, own_page, tmp_path, workbench):
    address, _ = own_page
    visit = Visit(browser.new_context(locale="de-DE", viewport=WIDE), address)
    page = visit.page
    for number in range(12):
        save(tmp_path / "fruit" / f"kind-{number % 2}" / f"{number}.png", number)
    (tmp_path / "fruit" / "kind-0" / "bad.png").write_bytes(b"<html>")
    page.get_by_role("tab", name="Trainieren", exact=True).click()
    page.locator("#set-train-steps input").fill("0")
    page.locator("#train-start").click()
    page.locator("#set-train-steps .setting-problem").wait_for()
    page.locator("#set-train-steps input").fill("2")
    page.locator("#set-data-root textarea, #set-data-root input").first.fill(
        str(tmp_path / "fruit")
    )
    page.get_by_role("button", name="Bilder ansehen").click()
    page.locator(".data-check .verdict").wait_for()
    page.locator(".data-check details").first.click()
    (tmp_path / "fruit" / "kind-0" / "bad.png").unlink()
    page.get_by_role("button", name="Bilder ansehen").click()
    page.locator(".data-check .verdict.good").wait_for()
    page.get_by_role("button", name="Als Befehl zeigen").click()
    page.locator("#train-start").click()
    page.locator(".run-title", has_text="fruit").wait_for()
    page.locator(".run-state", has_text="fertig").wait_for()
    page.locator(".run-next h3").wait_for()
    page.get_by_role("button", name="Löschen", exact=True).click()
    assert left_english(page, workbench, "fruit", "fruit-glico", "kind", "GLICO on folder") == []
    visit.close()
    assert visit.complaints == []


def test_another_language_keeps_the_view(visit):
    page = visit(locale="en-GB")
    page.wait_for_function("() => window.__map.complete")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.locator("#ends-map").get_by_role("button", name="Swap A and B").click()
    page.locator("#ends-map .ends[data-pair]").wait_for()
    page.get_by_role("tab", name="Interpolate", exact=True).click()
    page.locator("#walk-closer .walk[data-state='ready']").wait_for()
    picked = page.evaluate("() => window.__map.picks()")
    words = page.get_by_role("button").all_inner_texts()
    page.get_by_role("button", name="Deutsch").click()
    page.get_by_role("tab", name="Karte", exact=True).wait_for()
    assert page.evaluate("() => document.documentElement.lang") == "de"
    assert page.evaluate("() => window.__map.picks()") == picked
    assert page.evaluate("() => document.body.classList.contains('dark')")
    tab = page.get_by_role("tab", name="Übergang", exact=True)
    assert tab.get_attribute("aria-selected") == "true"
    page.get_by_role("button", name="English").click()
    page.get_by_role("tab", name="Map", exact=True).wait_for()
    assert page.get_by_role("button").all_inner_texts() == words
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_function("() => window.__map && window.__map.ready")
    assert other.evaluate("() => document.body.classList.contains('dark')")
    assert other.evaluate("() => document.documentElement.lang") == "en"
