"""The stream of answers in a browser, against a server that ends it in the wrong moment."""

import pytest

from explorer.ui.scripts import script

pytestmark = pytest.mark.browser

SERVER = """() => {
  const encoder = new TextEncoder();
  window.streams = [];
  window.say = (number, message) =>
    window.streams[number].enqueue(encoder.encode('data: ' + JSON.stringify(message) + '\\n\\n'));
  window.end = (number) => {
    window.say(number, {msg: 'close_stream', event_id: null});
    window.streams[number].close();
  };
  window.answers = [];
  window.fetch = async (what) => {
    const path = String(what.url ?? what);
    if (path.includes('/queue/join')) return new Promise((done) => window.answers.push(
      (event_id) => done(new Response(JSON.stringify({event_id})))));
    if (!path.includes('/queue/data')) return new Response('other');
    return new Response(new ReadableStream({start: (one) => { window.streams.push(one); }}));
  };
}"""
READ = """async () => {
  window.heard = [];
  window.open = true;
  const answer = await fetch('http://page/gradio_api/queue/data?session_hash=s');
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  (async () => {
    for (;;) {
      const {done, value} = await reader.read();
      if (done) break;
      window.heard.push(...value.split('\\n\\n').filter(Boolean).map((one) => one.slice(6)));
    }
    window.open = false;
  })();
}"""


@pytest.fixture
def page(browser):
    context = browser.new_context()
    page = context.new_page()
    page.evaluate(SERVER)
    page.evaluate(script("event_stream.js"))
    page.evaluate(READ)
    yield page
    context.close()


def join(page):
    page.evaluate("() => { fetch('http://page/gradio_api/queue/join?', {method: 'POST'}); }")


def kinds(page):
    return page.evaluate("() => window.heard.map((one) => JSON.parse(one).msg)")


def completed(page, stream, event):
    page.evaluate(
        "([number, event_id]) => say(number, {msg: 'process_completed', event_id})",
        [stream, event],
    )


def test_an_event_that_was_sent_while_the_stream_ended_is_answered(page):
    join(page)
    page.evaluate("() => answers[0]('first')")
    completed(page, 0, "first")
    join(page)  # its number is not known yet
    page.evaluate("() => end(0)")
    page.wait_for_function("() => streams.length === 2")
    page.evaluate("() => answers[1]('second')")
    completed(page, 1, "second")
    page.evaluate("() => end(1)")
    page.wait_for_function("() => !window.open")
    assert kinds(page) == ["process_completed", "process_completed", "close_stream"]


def test_the_stream_goes_on_until_every_known_event_is_answered(page):
    for number, event in enumerate(("first", "second")):
        join(page)
        page.evaluate("([number, event]) => answers[number](event)", [number, event])
    completed(page, 0, "first")
    page.evaluate("() => end(0)")
    page.wait_for_function("() => streams.length === 2")
    assert page.evaluate("() => window.open")


def test_an_answer_that_comes_before_its_number_ends_the_stream(page):
    join(page)
    completed(page, 0, "first")
    page.wait_for_function("() => heard.length === 1")
    page.evaluate("() => answers[0]('first')")
    page.evaluate("() => end(0)")
    page.wait_for_function("() => !window.open")
    assert page.evaluate("() => streams.length") == 1


def test_other_requests_are_left_alone(page):
    assert page.evaluate("async () => (await fetch('http://page/other')).text()") == "other"
