// ---- the card beside what is under the pointer: the image, what it is, what lies nearest to it

const CARD_SIDE = 112, NEAR_SIDE = 34, NEAR_SHOWN = 4;
let neighbours = null, askedNeighbours = '', waiting = 0;

function point(i) {
  if (i === hover) return;
  hover = i;
  box.style.cursor = i >= 0 ? 'pointer' : '';
  mark();
  clearTimeout(waiting);
  if (i < 0) card.hidden = true;
  else if (card.hidden) waiting = setTimeout(show_card, CARD_DELAY);
  else show_card();
}
function leave() { point(-1); }
function describe(i) {
  const guest = guest_at(i);
  if (guest) {
    const name = guest.label < 0 ? '' : words(about.classes[guest.label].name);
    return {name, has: guest.attributes.map(words), origin: guest.origin, source: guest.source, title: guest.name};
  }
  if (i >= count) return {name: '', has: [], origin: '', source: '', title: ''};
  const has = about.marks.length ? about.marks[i].map(k => words(about.attributes[k])) : [];
  const origin = heldOut[i] > 0 ? 'held-out' : 'train';
  return {name: words(about.classes[label[i]].name), has, origin, source: `${i}`, title: '#' + number(i)};
}
const ORIGINS = {'held-out': 'never seen in training', uploaded: 'uploaded', generated: 'a sample of the model',
  mean: 'a mean of several'};
function thumbnail(i, side) {
  const canvas = make('canvas'), [w, h] = spriteSize(side);
  canvas.width = Math.round(w * dpr);
  canvas.height = Math.round(h * dpr);
  canvas.style.width = w + 'px';
  cut(canvas.getContext('2d'), i, 0, 0, canvas.width, canvas.height);
  return canvas;
}
function measured(i) {
  if (shade.kind !== 'number' || Number.isNaN(value[i])) return '';
  return `${shade.title}: ${figure(value[i])}${shade.unit ? ' ' + shade.unit : ''}`;
}
const figure = v => Math.abs(v) >= 100 ? v.toFixed(0) : v.toPrecision(3);
function show_card() {
  if (hover < 0) return;
  const {name, has, origin, title: called} = describe(hover), text = make('div', 'map-card-text');
  const title = make('b', '', name + ' ');
  title.append(make('span', 'quiet', called));
  const chips = make('div', 'chips');
  has.forEach(one => chips.append(make('span', 'chip', one)));
  text.append(title, chips);
  if (measured(hover)) text.append(make('span', 'quiet', measured(hover)));
  if (ORIGINS[origin]) text.append(make('span', 'quiet', ORIGINS[origin]));
  card.replaceChildren(thumbnail(hover, CARD_SIDE), text);
  const near = near_row(hover);
  if (near) card.append(near);
  card.hidden = false;
  const u = px(hover), v = py(hover), cw = card.offsetWidth, ch = card.offsetHeight, away = side() / 2 + 12;
  const top = v - away - ch > 6 ? v - away - ch : v + away;
  card.style.left = Math.max(6, Math.min(W - cw - 6, u - cw / 2)) + 'px';
  card.style.top = Math.max(6, Math.min(H - ch - 6, top)) + 'px';
}
function near_row(i) {
  const k = about.neighbours;
  if (!k || i >= count) return null;
  if (!neighbours) { ask_for_neighbours(); return null; }
  const row = make('div', 'map-card-near');
  row.append(make('span', 'quiet', 'nearest latents'));
  for (let j = 0; j < Math.min(NEAR_SHOWN, k); j++) {
    const at = 3 * (i * k + j), one = make('figure');
    one.append(thumbnail(neighbours[at], NEAR_SIDE), make('figcaption', 'quiet', figure(neighbours[at + 1])));
    row.append(one);
  }
  return row;
}
// The table may take the server a minute the first time; nothing waits for it.
async function ask_for_neighbours() {
  const {token, base} = V;
  if (askedNeighbours === token) return;
  askedNeighbours = token;
  const table = await fetched(base + 'neighbours.bin').then(answer => answer.arrayBuffer(), () => null);
  if (!table) { askedNeighbours = ''; return; }
  if (!V || V.token !== token) return;
  neighbours = new Float32Array(table);
  if (!card.hidden) show_card();
}
