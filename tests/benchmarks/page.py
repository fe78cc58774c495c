"""How long the page takes: command to usable page, click to both pictures, slider to picture.

Run it on an idle machine: ``python tests/benchmarks/page.py``. Prints JSON, times in
milliseconds; start-up in seconds. What is measured is what a person waits for, in a headless
Chromium that is already running:

| number | from | to |
|---|---|---|
| `start_up_s.map` | the command | the map is drawn |
| `start_up_s.walk` | the command | the first pair's walk is drawn |
| `pick_ms` | the mouse button goes up on the map | both pictures beside it are the new pair |
| `slider_ms` | a slider moves | the edited picture is drawn |
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "ui"))

from chromium import Visit, launched  # noqa: E402  (lies beside the page's tests)
from playwright.sync_api import Browser, Page  # noqa: E402

WARM_UP = 3

_WATCH_PAIR = """() => {
  document.addEventListener('pointerup', () => { window.__up = performance.now(); }, true);
  const shown = () => ['a', 'b'].map(slot => {
    const image = document.querySelector(`#pair .slot-${slot} img`);
    const number = document.querySelector(`#pair .slot-${slot} .quiet`);
    return image.complete ? number.textContent.trim() : '';
  });
  window.__until = numbers => new Promise(done => {
    const look = () => {
      const now = shown();
      if (!numbers.every((number, k) => now[k] === '#' + number)) setTimeout(look, 1);
      else done(performance.now() - window.__up);
    };
    look();
  });
}"""

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


@contextmanager
def started(root: Path) -> Iterator[tuple[str, float]]:
    """Start the page as a person does; yield its address and when the command was given."""
    start = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "app.py", "--port", "0", "--root", str(root)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        words = server.stdout.readline().split() if server.stdout else []
        yield next(word for word in words if word.startswith("http://")), start
    finally:
        server.terminate()
        server.wait(30)


def start_up(browser: Browser, root: Path) -> dict[str, float]:
    """Return seconds from the command to the map and to the first walk."""
    with started(root) as (address, start):
        answers = time.perf_counter() - start
        visit = Visit(browser.new_context(), address)
        drawn = time.perf_counter() - start
        visit.page.wait_for_selector("#walk-glance .walk-frames canvas")
        walked = time.perf_counter() - start
        visit.close()
    return {"answers": answers, "map": drawn, "walk": walked}


def picks(page: Page, rounds: int) -> list[float]:
    """Return the milliseconds from each of many clicks to both pictures."""
    page.evaluate(_WATCH_PAIR)
    times = []
    for _ in range(rounds + WARM_UP):
        pair = page.evaluate("() => window.__map.picks()")
        slot = page.evaluate("() => window.__map.turn")
        index = page.evaluate(
            "pair => window.__map.pictured().filter(i => i !== pair.a && i !== pair.b && "
            "window.__map.nearest(...window.__map.xy(i)) === i)"
            "[Math.floor(Math.random() * 30)]",
            pair,
        )
        page.mouse.click(*page.evaluate("i => window.__map.xy(i)", index))
        pair[slot] = index
        times.append(page.evaluate("numbers => window.__until(numbers)", [pair["a"], pair["b"]]))
        page.wait_for_timeout(700)  # the walk of this pair is not part of the next pick
    return times[WARM_UP:]


def slides(page: Page, rounds: int) -> list[float]:
    """Return the milliseconds from each of many slider moves to the edited picture."""
    page.get_by_role("tab", name="Attributes").click()
    page.wait_for_selector(".sliders input[type=range]")
    page.wait_for_selector(".sliders .after canvas")
    times = []
    for step in range(rounds + WARM_UP):
        times.append(page.evaluate(_MOVE_SLIDER, 0.1 + (step * 0.381966) % 1))
        page.wait_for_timeout(900)  # the measuring of the settled edit is not part of the next
    return times[WARM_UP:]


def summary(times: list[float]) -> dict[str, float]:
    """Return median and worst."""
    return {"median": round(statistics.median(times), 1), "worst": round(max(times), 1)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=REPOSITORY / "checkpoints")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=20)
    choice = parser.parse_args()
    with launched() as browser:
        start_up(browser, choice.root)  # files and compiled modules are in memory afterwards
        starts = [start_up(browser, choice.root) for _ in range(choice.starts)]
        with started(choice.root) as (address, _):
            visit = Visit(browser.new_context(viewport={"width": 1440, "height": 1000}), address)
            visit.page.wait_for_selector("#walk-glance .walk-frames canvas")
            pick_times = picks(visit.page, choice.rounds)
            slide_times = slides(visit.page, choice.rounds)
            visit.close()
    result = {
        "start_up_s": {
            name: round(statistics.median(one[name] for one in starts), 2) for name in starts[0]
        },
        "pick_ms": summary(pick_times),
        "slider_ms": summary(slide_times),
        "load_average": round(os.getloadavg()[0], 1),
        "complaints": visit.complaints,
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
