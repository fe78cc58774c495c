// Questions that come in bursts, one at a time. Shared by scripts that send data with an event.

/** Return {ask, answered}: `ask(data)` sends an event at once if no answer is awaited; else only the
    newest of what was asked is sent, as soon as `answered(number)` repeats the event's `ask`.
    Gradio's own way, trigger_mode "always_last", sends the data of the oldest once more (6.31). */
const inTurn = (send) => {
  let sent = 0, awaited = false, next = null;
  const ask = (data) => {
    if (awaited) { next = data; return; }
    awaited = true;
    send({...data, ask: ++sent});
  };
  const answered = (number = sent) => {
    if (number !== sent || !awaited) return;
    awaited = false;
    const data = next;
    next = null;
    if (data) ask(data);
  };
  return {ask, answered};
};
