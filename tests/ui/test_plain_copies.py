"""Copies in a browser: numbers and texts are passed on, everything else is copied as before."""

import pytest

from explorer.ui.scripts import script

pytestmark = pytest.mark.browser

COPIES = """() => {
  const list = [1, {two: 'three'}], copy = structuredClone(list);
  const refuses = (value) => {
    try { structuredClone(value); } catch (error) { return error.name; }
    return 'copied';
  };
  const moved = new ArrayBuffer(3);
  structuredClone(moved, {transfer: [moved]});
  return {
    plain: [0, -1.5, '', 'a', true, null].every((one) => structuredClone(one) === one)
      && structuredClone(undefined) === undefined,
    deep: JSON.stringify(copy) === JSON.stringify(list) && copy !== list && copy[1] !== list[1],
    refused: [refuses(() => 1), refuses(Symbol('s'))],
    moved: moved.byteLength,
  };
}"""


def test_only_what_needs_a_copy_is_copied(browser):
    page = browser.new_page()
    expected = page.evaluate(COPIES)
    page.evaluate(
        "() => { window.real = structuredClone; window.copied = 0;"
        " window.structuredClone = (...all) => { window.copied++; return window.real(...all); }; }"
    )
    page.evaluate(script("plain_copies.js"))
    assert page.evaluate(COPIES) == expected
    assert expected["plain"] and expected["deep"] and expected["moved"] == 0
    assert page.evaluate("() => window.copied") == 4  # the list, the buffer, the two refusals
    page.close()
