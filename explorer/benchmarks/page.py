"""How long the page lets people wait, in a headless Chromium with WebGL switched off.

| number | from | to |
|---|---|---|
| `start_map_s`, `start_walk_s` | the command | the map, the first walk is drawn |
| `map_5000_s`, `map_50000_s` | a page of that many images is asked for | its map is drawn |
| `frame_5000_ms`, `frame_50000_ms` | | one frame with every image on it is drawn |
| `hover_ms` | the pointer arrives | the card shows the image |
| `pick_ms` | the mouse button goes up on the map | both pictures beside it are the new pair |
| `walk_ms` | a pair is picked | slerp and lerp, 12 frames each, with all measures |
| `slider_ms` | a slider moves | the edited picture is drawn |
| `drag_updates_s` | a slider is dragged | pictures drawn a second |
| `wrong_picks` | 1,000 clicks at random places among 5,000 dots | picks not the nearest of all |
| `complaints` | all of this | errors of console, scripts and server, requests to other hosts |

Times are medians with their 95 % quantiles, after a warm-up.
"""

__all__ = ["PageTimes", "measure_page"]

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, ViewportSize

from explorer.benchmarks.chromium import Visit, launched
from explorer.benchmarks.synthetic import synthetic_model

WARM_UP = 3
SIZES = (5000, 50_000)
CLICKS = 1000
WINDOW: ViewportSize = {"width": 1440, "height": 1000}
WALK_STEPS = 12

_WATCH_PAIR = """() => {
  document.addEventListener('pointerup', () => { window.__up = performance.now(); }, true);
  const shown = slot => {
    const section = document.querySelector('#ends-map .end-slot-' + slot);
    const image = section.querySelector('img');
    const number = /#([\\d,]+)/.exec(section.textContent);
    return image.complete && number ? Number(number[1].replaceAll(',', '')) : -1;
  };
  window.__until = numbers => new Promise(done => {
    const look = () => {
      if (numbers.some((number, k) => shown('ab'[k]) !== number)) setTimeout(look, 1);
      else done(performance.now() - window.__up);
    };
    look();
  });
}"""

_HOVER = """([u, v]) => new Promise(done => {
  const start = performance.now(), before = window.__map.hovered();
  const box = document.querySelector('#latent-map .map');
  box.dispatchEvent(new PointerEvent('pointermove', {clientX: u, clientY: v, bubbles: true}));
  const look = () => {
    const card = box.querySelector('.map-card');
    if (window.__map.hovered() !== before && !card.hidden && card.textContent) {
      done(performance.now() - start);
    } else setTimeout(look, 1);
  };
  look();
})"""

_MOVE_SLIDER = """value => new Promise(done => {
  const slider = document.querySelector('.sliders input[type=range]');
  const frame = document.querySelector('.sliders .after .frame'), start = performance.now();
  const watch = new MutationObserver(() => {
    watch.disconnect();
    done(performance.now() - start);
  });
  watch.observe(frame, {childList: true, subtree: true});
  slider.value = value;
  slider.dispatchEvent(new Event('input', {bubbles: true}));
})"""

_DRAG_SLIDER = """seconds => new Promise(done => {
  const slider = document.querySelector('.sliders input[type=range]');
  const frame = document.querySelector('.sliders .after .frame'), start = performance.now();
  let drawn = 0;
  const watch = new MutationObserver(() => { drawn++; });
  watch.observe(frame, {childList: true, subtree: true});
  const move = () => {
    const passed = (performance.now() - start) / 1000;
    if (passed > seconds) { watch.disconnect(); done(drawn / passed); return; }
    slider.value = 1.5 * Math.sin(4 * passed);
    slider.dispatchEvent(new Event('input', {bubbles: true}));
    requestAnimationFrame(move);
  };
  move();
})"""

_SWAP = """() => new Promise(done => {
  const panel = document.querySelector('#walk-closer .walk'), start = performance.now();
  const watch = new MutationObserver(() => {
    if (panel.dataset.state !== 'ready') return;
    watch.disconnect();
    done(performance.now() - start);
  });
  document.querySelector('#ends-interpolate .ends-swap').click();
  watch.observe(panel, {attributes: true, attributeFilter: ['data-state']});
})"""

_NEAREST = """([u, v]) => {
  if (document.elementFromPoint(u, v)?.tagName !== 'CANVAS') return null;
  const map = window.__map;
  let best = -1, least = RADIUS;
  for (let i = 0; i < map.count; i++) {
    const [x, y] = map.xy(i), d = Math.hypot(x - u, y - v);
    if (d <= least) { least = d; best = i; }
  }
  return {best, slot: map.turn, before: map.picks()};
}""".replace("RADIUS", "14")  # CSS pixels within which a click picks


@dataclass(frozen=True, slots=True)
class PageTimes:
    """What was measured.

    Attributes:
        times: Median, 95 % quantile and number of values by name; names end in their unit.
        wrong_picks: Of `CLICKS` clicks.
        complaints: Of every page that was opened; empty where nothing went wrong.
        load: Load average of the machine at the end.
    """

    times: dict[str, dict[str, float]]
    wrong_picks: int
    complaints: tuple[str, ...]
    load: float


def measure_page(root: Path, *, rounds: int, report: Callable[[str], None]) -> PageTimes:
    """Measure the page on the models of a folder and on synthetic ones of 5,000 and 50,000.

    Args:
        root: Holds a model with attributes, the first to open.
        rounds: Values of each kind.
        report: Told what is being measured.

    Raises:
        NotSupportedError: There is no Chromium.
    """
    times: dict[str, list[float]] = {}
    complaints: list[str] = []
    with launched() as browser:
        report("starting")
        _start(
            browser, root, {}, complaints
        )  # files and compiled modules are in memory afterwards
        for _ in range(3):
            _start(browser, root, times, complaints)
        report("picking, walking, dragging")
        with _served(root) as (address, _):
            visit = Visit(browser.new_context(viewport=WINDOW), address)
            visit.page.wait_for_selector("#walk-glance .walk-frames .still")
            times["hover_ms"] = _hovers(visit.page, rounds)
            times["pick_ms"] = _picks(visit.page, rounds)
            times["walk_ms"] = _walks(visit.page, rounds)
            times["slider_ms"], times["drag_updates_s"] = _slides(visit.page, rounds)
            visit.close()
            complaints += visit.complaints
        wrong = 0
        for count in SIZES:
            report(f"a map of {count:,} images")
            wrong += _large(browser, count, rounds, times, complaints)
    summaries = {name: _summary(values) for name, values in times.items()}
    return PageTimes(summaries, wrong, tuple(complaints), round(os.getloadavg()[0], 1))


def _start(
    browser: Browser, root: Path, times: dict[str, list[float]], complaints: list[str]
) -> None:
    with _served(root) as (address, start):
        visit = Visit(browser.new_context(viewport=WINDOW), address)
        times.setdefault("start_map_s", []).append(time.perf_counter() - start)
        visit.page.wait_for_selector("#walk-glance .walk-frames .still")
        times.setdefault("start_walk_s", []).append(time.perf_counter() - start)
        visit.close()
        complaints += visit.complaints


def _large(
    browser: Browser,
    count: int,
    rounds: int,
    times: dict[str, list[float]],
    complaints: list[str],
) -> int:
    with tempfile.TemporaryDirectory(prefix="latent-explorer-") as folder:
        synthetic_model(Path(folder), count)
        with _served(Path(folder)) as (address, _):
            for attempt in range(4):
                start = time.perf_counter()
                visit = Visit(browser.new_context(viewport=WINDOW), address)
                if attempt:  # the server has read the model by then, as a person's has
                    times.setdefault(f"map_{count}_s", []).append(time.perf_counter() - start)
                if attempt < 3:
                    visit.close()
                    complaints += visit.complaints
            page = visit.page
            page.wait_for_function("() => window.__map.complete")
            frames = [page.evaluate("() => window.__map.frame()") for _ in range(rounds + WARM_UP)]
            times[f"frame_{count}_ms"] = frames[WARM_UP:]
            wrong = _wrong_picks(page) if count == SIZES[0] else 0
            visit.close()
            complaints += visit.complaints
    return wrong


def _hovers(page: Page, rounds: int) -> list[float]:
    times = []
    chosen = page.evaluate(
        "count => window.__map.pictured().filter(i => "
        "window.__map.nearest(...window.__map.xy(i)) === i).slice(0, count)",
        rounds + WARM_UP,
    )
    for index in chosen:
        times.append(page.evaluate(_HOVER, page.evaluate("i => window.__map.xy(i)", index)))
    return times[WARM_UP:]


def _pick_one(page: Page) -> dict[str, int]:
    """Click an image at random and return the pair that must follow."""
    pair: dict[str, int] = page.evaluate("() => window.__map.picks()")
    slot = page.evaluate("() => window.__map.turn")
    index = page.evaluate(
        "pair => window.__map.pictured().filter(i => i !== pair.a && i !== pair.b && "
        "window.__map.nearest(...window.__map.xy(i)) === i)"
        "[Math.floor(Math.random() * 30)]",
        pair,
    )
    page.mouse.click(*page.evaluate("i => window.__map.xy(i)", index))
    pair[slot] = index
    return pair


def _picks(page: Page, rounds: int) -> list[float]:
    page.evaluate(_WATCH_PAIR)
    times = []
    for _ in range(rounds + WARM_UP):
        pair = _pick_one(page)
        times.append(page.evaluate("numbers => window.__until(numbers)", [pair["a"], pair["b"]]))
        page.wait_for_timeout(900)  # the walk of this pair is not part of the next pick
    return times[WARM_UP:]


def _walks(page: Page, rounds: int) -> list[float]:
    """Swap A and B again and again on the Interpolate tab."""
    page.get_by_role("tab", name="Interpolate").click()
    panel = page.locator("#walk-closer .walk[data-state='ready']")
    panel.wait_for()
    slider = page.get_by_label("number input for Steps")
    slider.fill(str(WALK_STEPS))
    slider.press("Enter")
    page.wait_for_function(
        "count => document.querySelectorAll('#walk-closer .walk-frames .cell.slerp').length"
        " === count && document.querySelector('#walk-closer .walk').dataset.state === 'ready'",
        arg=WALK_STEPS,
    )
    times = []
    for _ in range(rounds + WARM_UP):
        page.wait_for_timeout(300)
        times.append(page.evaluate(_SWAP))
    page.get_by_role("tab", name="Map").click()
    return times[WARM_UP:]


def _slides(page: Page, rounds: int) -> tuple[list[float], list[float]]:
    page.get_by_role("tab", name="Attributes").click()
    page.wait_for_selector(".sliders input[type=range]")
    page.wait_for_selector(".sliders .after canvas")
    times = []
    for step in range(rounds + WARM_UP):
        times.append(page.evaluate(_MOVE_SLIDER, 0.1 + (step * 0.381966) % 1))
        page.wait_for_timeout(1200)  # the measuring of the settled edit is not part of the next
    drags = []
    for _ in range(3):
        drags.append(page.evaluate(_DRAG_SLIDER, 2))
        page.wait_for_timeout(2500)
    return times[WARM_UP:], drags


def _wrong_picks(page: Page) -> int:
    """Click at random places among dots and count the picks that a search of all does not give."""
    page.get_by_role("button", name="Dots", exact=True).click()
    box = page.locator("#latent-map .map").bounding_box()
    if box is None:
        raise RuntimeError("the map is not on the page")
    chance, clicked, wrong = np.random.default_rng(0), 0, 0
    while clicked < CLICKS:
        u = box["x"] + chance.uniform(0, box["width"])
        v = box["y"] + chance.uniform(0, box["height"])
        known = page.evaluate(_NEAREST, [u, v])
        if known is None:
            continue  # a button or the legend lies there
        page.mouse.click(u, v)
        clicked += 1
        expected = dict(known["before"])
        if known["best"] >= 0:
            expected[known["slot"]] = known["best"]
        wrong += page.evaluate("() => window.__map.picks()") != expected
    return wrong


@contextmanager
def _served(root: Path) -> Iterator[tuple[str, float]]:
    """Start the page as a person does; yield its address and when the command was given."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "explorer", "serve", "--port", "0", "--root", str(root)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        words = server.stdout.readline().split() if server.stdout else []
        yield next(word for word in words if word.startswith("http://")), start
    finally:
        server.terminate()
        server.wait(30)


def _summary(values: list[float]) -> dict[str, float]:
    return {
        "median": round(float(np.median(values)), 2),
        "p95": round(float(np.quantile(values, 0.95)), 2),
        "count": len(values),
    }
