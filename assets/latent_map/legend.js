// ---- the legend: what the colours mean; a click greys a value out

function show_legend() {
  const nodes = shade.kind === 'category' ? categories() : [scale()];
  part('legend').replaceChildren(...nodes);
  count_shown();
}
function categories() {
  const counts = new Map();
  for (let i = 0; i < total; i++) if (i < count || guest_at(i)) counts.set(value[i], (counts.get(value[i]) || 0) + 1);
  return shade.labels.map((text, k) => {
    const node = button('', `Show or grey out ${words(text)}; with Shift only this one`, (_, event) => toggle(k, event.shiftKey));
    const dot = make('i');
    dot.style.background = shade.tints[k];
    node.append(dot, words(text) + ' ', make('span', 'quiet', number(counts.get(k) || 0)));
    node.setAttribute('aria-pressed', !off.has(k));
    return node;
  });
}
function scale() {
  const node = make('div', 'map-scale'), bar = make('i');
  bar.style.background = `linear-gradient(to right, ${STOPS.join(', ')})`;
  const unit = shade.unit ? ' ' + shade.unit : '';
  const [low, middle, high] = [0, 0.5, 1].map(t => figure(shade.low + t * (shade.high - shade.low)));
  const numbers = make('div', 'quiet');
  numbers.append(make('span', '', low), make('span', '', middle), make('span', '', high + unit));
  node.append(make('b', '', shade.title), bar, numbers);
  node.setAttribute('role', 'img');
  node.setAttribute('aria-label', `${shade.title} from ${low}${unit}, dark, to ${high}${unit}, bright`);
  return node;
}
function toggle(k, only) {
  const all = shade.labels.map((_, j) => j);
  if (only) off = new Set(off.size === all.length - 1 && !off.has(k) ? [] : all.filter(j => j !== k));
  else if (off.has(k)) off.delete(k);
  else off.add(k);
  if (off.size === all.length) off.clear();
  part('legend').querySelectorAll('button').forEach((node, j) => node.setAttribute('aria-pressed', !off.has(j)));
  rank();
  leave();
  paint();
}
const some_pictured = () => mode === 'pictures' && shown < order.length;
const shown_text = () => `${number(order.length)} of ${number(count)} shown`
  + (some_pictured() ? `, ${number(shown)} as pictures` : '');
function count_shown() {
  if (!ready) return;
  part('count').textContent = shown_text();
  part('count').title = some_pictured() ? 'Zoom in to see more of them as pictures' : '';
}
