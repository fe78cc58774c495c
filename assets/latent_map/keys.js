// ---- the keyboard

const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
const KEYS = {
  Escape: () => { lasso_tool(false); start_over(); },
  '+': () => zoom(1.3), '=': () => zoom(1.3), '-': () => zoom(1 / 1.3),
  0: () => fit(), f: () => fit(), l: () => lasso_tool(!lassoing), '/': () => part('search').focus(),
};
box.addEventListener('keydown', event => {
  if (event.target !== box || !ready || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (ARROWS[key]) step(...ARROWS[key]);
  else if ((key === 'Enter' || key === ' ') && hover >= 0) pick(hover, event.shiftKey ? 'b' : turn);
  else if (KEYS[key]) KEYS[key]();
  else return;
  event.preventDefault();
});
function step(dx, dy) {
  const from = hover >= 0 ? hover : pair[turn];
  const [u, v] = seen(from) ? [px(from), py(from)] : [W / 2, H / 2];
  let best = -1, least = Infinity;
  for (const i of mode === 'pictures' && drawn.length ? drawn : order) {
    if (i === from) continue;
    const du = px(i) - u, dv = py(i) - v;
    if (du * dx + dv * dy <= 0) continue;
    const cost = Math.hypot(du, dv) + 2 * Math.abs(du * dy - dv * dx);
    if (cost < least) { least = cost; best = i; }
  }
  if (best < 0) return;
  bring(best);
  point(best);
  const {name, has} = describe(best);
  say([`Image ${best}, ${name}`, ...has].join(', '));
}
