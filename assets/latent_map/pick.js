// ---- picking, and what is under a place

function nearest(u, v) {
  if (!ready) return -1;
  const [w, h] = spriteSize(side());
  for (let k = drawn.length - 1; k >= 0; k--) {  // the picture on top comes first
    const i = drawn[k];
    if (Math.abs(px(i) - u) < w / 2 && Math.abs(py(i) - v) < h / 2) return i;
  }
  let best = -1, most = PICK_RADIUS * PICK_RADIUS;
  for (let i = 0; i < total; i++) {
    const du = px(i) - u, dv = py(i) - v, d = du * du + dv * dv;
    if (d <= most && (d < most || best < 0) && active(i)) { most = d; best = i; }
  }
  return best;
}
function pick(i, slot) {
  pair = {...pair, [slot]: i};
  turn = slot === 'a' ? 'b' : 'a';
  sent = [...sent.slice(-9), {...pair, at: performance.now(), answered: false}];
  show_turn();
  mark();
  say(`${slot.toUpperCase()} is now image ${i}, ${describe(i).name}.`);
  tell_end(slot);
  send('pick', {a: pair.a, b: pair.b});
  ask_for_path();
}
const tell_end = slot => document.dispatchEvent(new CustomEvent('explorer-pick', {detail: {slot, one: record(pair[slot])}}));
// What the panel beside the map shows of an image, so that it need not wait for the server.
function record(i) {
  const {name, has, origin, title} = describe(i), [w, h] = V.cell, canvas = document.createElement('canvas');
  canvas.width = w;
  canvas.height = h;
  cut(canvas.getContext('2d'), i, 0, 0, w, h);
  return {token: V.token, uri: canvas.toDataURL(), number: i, class_name: name, attributes: has,
    held_out: origin === 'held-out', origin, name: title};
}
function start_over() {
  turn = 'a';
  drop_line();
  clear_selection();  // a selection may still be on its way
  leave();
  show_turn();
}
function show_turn() {
  const node = part('turn');
  node.dataset.slot = turn;
  node.replaceChildren(make('b', '', turn.toUpperCase()),
    make('span', '', turn === 'a' ? 'Click a picture to make it A' : 'Now click one to make it B'));
}
