// ---- the tool bar, what the program tells, and the start

function choices(node, names, now, act) {
  node.setAttribute('role', 'group');
  node.replaceChildren(...names.map(([name, text, help]) => {
    const one = button(text, help, () => {
      node.querySelectorAll('button').forEach(b => b.setAttribute('aria-pressed', b === one));
      act(name);
    });
    one.dataset.name = name;
    one.setAttribute('aria-pressed', name === now);
    return one;
  }));
}
function show_mode(name) {
  mode = name;
  part('modes').querySelectorAll('button').forEach(b => b.setAttribute('aria-pressed', b.dataset.name === name));
  paint();
}
function furnish() {
  choices(part('modes'), [['pictures', 'Pictures', 'Show pictures'], ['dots', 'Dots', 'Show every image as a dot']],
    mode, show_mode);
  const lasso = button('Lasso', 'Draw a line around images to select them (L, or Alt and drag)', () => lasso_tool(!lassoing));
  lasso.classList.add('map-lasso');
  lasso.setAttribute('aria-pressed', false);
  part('tools').replaceChildren(lasso);
  part('share').replaceChildren(window.__share(map_view, ['png'], map_blob));
  part('zooms').replaceChildren(button('−', 'Zoom out', () => zoom(1 / 1.5)), button('+', 'Zoom in', () => zoom(1.5)),
    button('Fit', 'Show the whole map', fit));
  part('selected').hidden = true;
  part('colour').replaceChildren(...about.colours.map(one => new Option(words(one.title), one.name)));
  part('colour').value = shade.name;
  part('colour').title = about.unmeasured;
  part('form').hidden = true;
  stop_progress();
  show_layouts();
  show_walks();
  show_legend();
  show_turn();
}
part('colour').addEventListener('change', event => colour_by(event.target.value));
part('selected').querySelector('button').addEventListener('click', clear_selection);

// Whether this is the pair of an older click, or a newer click still waits for its answer. Answers
// may overtake one another.
function is_late({a, b}) {
  const newest = sent.at(-1);
  sent = newest && performance.now() - newest.at < ANSWER_WITHIN ? sent : [];
  if (!sent.length) return false;
  const is_of = one => one.a === a && one.b === b;
  if (is_of(newest)) { newest.answered = true; return false; }
  return !newest.answered || sent.some(is_of);
}
function receive() {
  const before = V;
  V = props.value || null;
  if (!V) { ready = false; measure(); draw(); mark(); return; }
  if (!before || before.token !== V.token || !is_late(V)) pair = {a: V.a, b: V.b};
  if (!before || before.token !== V.token) { load(); return; }
  if (!ready) return;
  show_layouts();
  ask_for_guests();
  if (!walked_here()) ask_for_path();
  mark();
}
// A click that the server refused changes nothing.
function take_refusal(answer) {
  if (!answer || !ready || answer.token !== V.token) return;
  sent = [];
  pair = {a: answer.a, b: answer.b};
  for (const slot of ['a', 'b']) tell_end(slot);
  mark();
  ask_for_path();
}
let viewWish = null;
// What the server wants to be seen again: {token, layout, colour, mode, window}.
async function take_view(wish) {
  viewWish = wish;
  if (!wish || !ready || wish.token !== V.token) return;  // it is looked at once the map is there
  viewWish = null;
  show_mode(wish.mode);
  if (about.colours.some(one => one.name === wish.colour)) {
    part('colour').value = wish.colour;
    await colour_by(wish.colour);
  }
  if (!layout_card(wish.layout)) problem('The layout of that view is not computed here. Choose Other layout… to compute it.');
  else if (wish.layout !== layout) await lay_out(wish.layout);
  if (wish.window.length) look_at(wish.window);
}
const heard = {guests: take_guests, path: take_path, selection: take_selection, layout: take_layout, view: take_view,
  refused: take_refusal};
for (const [name, act] of Object.entries(heard)) {
  document.addEventListener('explorer-' + name, event => act(event.detail));
}
watch('value', receive);
new ResizeObserver(() => {
  if (!box.clientWidth) return;
  if (ready && !walked_here()) ask_for_path();
  if (box.clientWidth === W && box.clientHeight === H) return;
  if (ready && moved) { measure(); paint(); return; }
  measure();
  if (ready) arrange(layout);  // a layout is stretched to the card's shape
  fit();
}).observe(box);
new MutationObserver(() => { if (ready) paint(); }).observe(document.body, {attributes: true, attributeFilter: ['class']});
receive();

window.__mapExport = map_blob;
// For tests and measurements: where things are, never a way to change them.
window.__map = Object.freeze({
  get ready() { return ready; },
  get complete() { return ready && !!atlas; },
  get count() { return count; },
  get total() { return total; },
  get turn() { return turn; },
  get layout() { return layout; },
  get colour() { return shade.name; },
  get walked() { return !!walked_here(); },
  get selection() { return selected ? selected.reduce((all, one) => all + one, 0) : null; },
  picks: () => ({...pair}),
  hovered: () => hover,
  found: () => found.slice(),
  pictured() { if (queued) draw(); return drawn.slice(); },  // as of the newest state
  selects: i => !selected || selected[i] === 1,
  xy(i) { const r = box.getBoundingClientRect(); return [r.left + px(i), r.top + py(i)]; },
  nearest(u, v) { const r = box.getBoundingClientRect(); return nearest(u - r.left, v - r.top); },
  frame() { const start = performance.now(); draw(); return performance.now() - start; },
});
