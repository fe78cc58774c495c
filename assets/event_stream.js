// Keeps the stream of Gradio's answers open as long as one is awaited. In the page's head.
//
// Gradio's server (6.31) ends the stream when its last event is done. An event that the page sends
// in that moment still counts on the stream, and is never answered. Here such an end is not passed
// on: the stream is opened again, and goes on where it ended.

(function () {
  const real = window.fetch.bind(window);
  const awaited = new Set(), early = new Set();  // early: done before the page knew their number
  let joining = 0;

  async function join(...request) {
    joining += 1;
    try {
      const answer = await real(...request);
      if (answer.ok) {
        const {event_id: event} = await answer.clone().json();
        if (!early.delete(event)) awaited.add(event);
      }
      return answer;
    } finally {
      joining -= 1;
    }
  }

  async function* messagesOf(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      const messages = (text + value).split('\n\n');
      text = messages.pop();
      yield* messages;
    }
  }

  /** Return whether the stream may end after this message of the server. */
  function isLast(message) {
    const {msg, event_id: event} = JSON.parse(message.replace(/^data:/, ''));
    if (msg === 'process_completed' && !awaited.delete(event)) early.add(event);
    return msg === 'close_stream' && !joining && !awaited.size;
  }
  const isEnd = (message) => /"msg": ?"close_stream"/.test(message);

  async function stream(...request) {
    const open = () => real(...request.map((one) => (one instanceof Request ? one.clone() : one)));
    const first = await open();
    if (!first.ok) return first;
    const encoder = new TextEncoder();
    const start = async (controller) => {
      try {
        for (let answer = first, goesOn = true; goesOn; answer = goesOn && await open()) {
          goesOn = false;
          for await (const message of messagesOf(answer)) {
            goesOn = !isLast(message) && isEnd(message);
            if (!goesOn) controller.enqueue(encoder.encode(message + '\n\n'));
          }
        }
        controller.close();
      } catch (error) {
        controller.error(error);
      }
    };
    return new Response(new ReadableStream({start}), {status: first.status, headers: first.headers});
  }

  window.fetch = (...request) => {
    const {pathname} = new URL(request[0]?.url ?? request[0], location.href);
    if (pathname.endsWith('/queue/join')) return join(...request);
    return pathname.endsWith('/queue/data') ? stream(...request) : real(...request);
  };
})();
