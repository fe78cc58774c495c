// The map: thumbnails from one atlas picture on a plain 2-D canvas; a click picks.
//
// Runs once as the body of a gr.HTML's js_on_load, with `element`, `props`, `trigger`, `watch`.
// props.value: {base, token, count, columns, cell: [width, height], layouts: [name], a, b} or null.
// Fetched by URL: base + "atlas.webp", "about.json", "points-LAYOUT.bin" (float32 x, y, class,
// held out or not, a row a point). Fires "pick" with {token, a, b}: always original row numbers.

const COLOURS = ['#e76f51', '#2a9d8f', '#7c70c9', '#e9a23b', '#4f7cac', '#c2577a', '#6a994e',
  '#a9795a', '#3d9be9', '#9a5fc4', '#b8860b', '#5b8e7d'];
const PICK_RADIUS = 14, DRAG_PIXELS = 4, CARD_DELAY = 125, GLIDE = 420, DOT = 2.4;
const SPACING = 0.74;      // representatives keep this share of a thumbnail's side between centres
const CROWDED = 0.7, ROUNDS = 120;  // how far points that pile up are moved apart, and how patiently
const STRETCH = 1.3, FILLED = 0.42;
const FARTHEST = 4000;     // points put in farthest-first order; the rest follow
const ANSWER_WITHIN = 2000;  // a pick that was not answered by then is no longer waited for

const box = element.querySelector('.map');
const part = name => box.querySelector('.map-' + name);
const paper = part('pictures'), marks = part('marks'), card = part('card');
// Software canvases: without a GPU they are far faster than an emulated one, and always alike.
const ink = paper.getContext('2d', {willReadFrequently: true});
const over = marks.getContext('2d', {willReadFrequently: true});

let V = null, about = null, atlas = null, places = {}, layout = '';
let x = new Float32Array(0), y = x, label = x, unseen = x, order = [], reach = x;
let count = 0, off = new Set(), pair = {a: -1, b: -1}, turn = 'a', mode = 'pictures';
let W = 0, H = 0, dpr = 1, view = {s: 1, tx: 0, ty: 0}, fitted = 1, moved = false;
let bounds = null, hover = -1, drawn = [], sent = null, ready = false, stamps = new Map(), stampSide = 0;

// ---- small helpers

const make = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
};
const button = (text, help, act) => {
  const node = make('button', '', text);
  node.type = 'button';
  node.title = help;
  node.setAttribute('aria-label', help);
  node.addEventListener('click', event => { event.stopPropagation(); act(node); });
  return node;
};
const number = n => n.toLocaleString('en');
const words = text => text.replaceAll('_', ' ');
const colour = c => c < COLOURS.length ? COLOURS[c] : `hsl(${(c * 137.5) % 360} 45% 52%)`;
const theme = name => getComputedStyle(box).getPropertyValue(name).trim();
const active = i => !off.has(label[i]);
const px = i => x[i] * view.s + view.tx;
const py = i => y[i] * view.s + view.ty;

// ---- loading

async function load() {
  ready = false;
  const {base, token} = V;
  problem('');
  try {
    const [text, sheet, ...tables] = await Promise.all([
      fetch(base + 'about.json').then(checked).then(answer => answer.json()),
      picture(base + 'atlas.webp'),
      ...V.layouts.map(name =>
        fetch(base + 'points-' + name + '.bin').then(checked).then(answer => answer.arrayBuffer())),
    ]);
    if (!V || V.token !== token) return;  // another model was chosen meanwhile
    about = text;
    atlas = sheet;
    count = V.count;
    places = Object.fromEntries(V.layouts.map((name, k) => [name, new Float32Array(tables[k])]));
    off = new Set();
    stamps.clear();
    turn = 'a';
    hover = -1;
    measure();
    const first = places[V.layouts[0]];
    label = Float32Array.from({length: count}, (_, i) => first[4 * i + 2]);
    unseen = Float32Array.from({length: count}, (_, i) => first[4 * i + 3]);
    arrange(V.layouts.includes(layout) ? layout : V.layouts[0]);
    furnish();
    ready = true;
    fit();
  } catch (error) {
    problem('The map could not be drawn: ' + error.message);
  }
}
const checked = answer => {
  if (!answer.ok) throw new Error('the server answered ' + answer.status);
  return answer;
};
const picture = url => new Promise((done, failed) => {
  const image = new Image();
  image.onload = () => done(image);
  image.onerror = () => failed(new Error('the thumbnails did not arrive'));
  image.src = url;
});
function problem(text) {
  part('problem').textContent = text;
  part('problem').hidden = !text;
}

// Coordinates of a layout as they are drawn: centred, scaled to the unit square, y downwards, and
// what would lie on top of one another moved apart.
function spread(name) {
  const table = places[name], xs = new Float32Array(count), ys = new Float32Array(count);
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  for (let i = 0; i < count; i++) {
    const u = table[4 * i], v = -table[4 * i + 1];
    x0 = Math.min(x0, u); x1 = Math.max(x1, u); y0 = Math.min(y0, v); y1 = Math.max(y1, v);
    xs[i] = u; ys[i] = v;
  }
  const w = x1 - x0 || 1, h = y1 - y0 || 1, size = Math.max(w, h);
  const room = (W || 4) / (H || 3) / (w / h);  // a little wider or higher, to fill the card
  const kx = Math.min(STRETCH, Math.max(1, room)) / size, ky = Math.min(STRETCH, Math.max(1, 1 / room)) / size;
  for (let i = 0; i < count; i++) {
    xs[i] = (xs[i] - (x0 + x1) / 2) * kx;
    ys[i] = (ys[i] - (y0 + y1) / 2) * ky;
  }
  const area = w * kx * h * ky;
  const rounds = Math.min(ROUNDS, Math.round(ROUNDS * 3000 / Math.max(1, count)));
  for (let k = 0; k < rounds; k++) push(xs, ys, Math.sqrt(CROWDED * area / count));
  return [xs, ys];
}
// One round of moving apart: each two points nearer than `gap` give way, a third of the lack each.
function push(xs, ys, gap) {
  let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
  for (let i = 0; i < count; i++) {
    if (xs[i] < x0) x0 = xs[i];
    if (xs[i] > x1) x1 = xs[i];
    if (ys[i] < y0) y0 = ys[i];
    if (ys[i] > y1) y1 = ys[i];
  }
  const across = Math.floor((x1 - x0) / gap) + 3, down = Math.floor((y1 - y0) / gap) + 3;
  const cell = new Int32Array(count), first = new Int32Array(across * down + 1), sorted = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    cell[i] = (Math.floor((ys[i] - y0) / gap) + 1) * across + Math.floor((xs[i] - x0) / gap) + 1;
    first[cell[i] + 1]++;
  }
  for (let c = 0; c < across * down; c++) first[c + 1] += first[c];
  const next = first.slice();
  for (let i = 0; i < count; i++) sorted[next[cell[i]]++] = i;
  const near = [0, 1, across - 1, across, across + 1];
  for (let p = 0; p < count; p++) {
    const i = sorted[p];
    for (const step of near) {
      const c = cell[i] + step, last = first[c + 1];
      for (let q = step ? first[c] : p + 1; q < last; q++) {
        const j = sorted[q];
        let du = xs[j] - xs[i], dv = ys[j] - ys[i], d = du * du + dv * dv;
        if (d >= gap * gap) continue;
        d = Math.sqrt(d);
        if (d < gap * 1e-3) { du = gap * Math.cos(i + 7 * j); dv = gap * Math.sin(i + 7 * j); d = gap / 2; }
        const k = 0.33 * (gap - d) / d;
        xs[i] -= du * k; ys[i] -= dv * k; xs[j] += du * k; ys[j] += dv * k;
      }
    }
  }
}
function arrange(name) {
  layout = name;
  [x, y] = spread(name);
  rank();
}

// Farthest-first order: each next point is the one farthest from all before it. A point is shown
// as a picture once its distance to those before it is a thumbnail's side, so that zooming in only
// ever adds pictures.
function rank() {
  const members = [];
  for (let i = 0; i < count; i++) if (active(i)) members.push(i);
  const gap = new Float32Array(count).fill(Infinity), done = new Uint8Array(count);
  reach = new Float32Array(count);
  order = [];
  let next = members.length ? members.reduce((best, i) =>
    x[i] * x[i] + y[i] * y[i] < x[best] * x[best] + y[best] * y[best] ? i : best) : -1;
  while (next >= 0 && order.length < FARTHEST) {
    order.push(next);
    done[next] = 1;
    reach[next] = Math.sqrt(gap[next]);
    const cx = x[next], cy = y[next];
    let farthest = -1, most = -1;
    for (const i of members) {
      if (done[i]) continue;
      const dx = x[i] - cx, dy = y[i] - cy, d = dx * dx + dy * dy;
      if (d < gap[i]) gap[i] = d;
      if (gap[i] > most) { most = gap[i]; farthest = i; }
    }
    next = farthest;
  }
  const rest = members.filter(i => !done[i]).sort((i, j) => gap[j] - gap[i]);
  for (const i of rest) { reach[i] = Math.sqrt(gap[i]); order.push(i); }
}

// ---- drawing

function side() {  // of a thumbnail, CSS pixels; at first as large as leaves room for all, within reason
  const roomy = fitted * Math.sqrt(FILLED * extent().area / Math.max(1, order.length)) / SPACING;
  const start = Math.min(48, Math.max(30, roomy));
  const grown = start * Math.pow(view.s / fitted, 0.42);
  return Math.min(92, Math.max(18, Math.round(grown / 2) * 2));
}
const spriteSize = s => {
  const [w, h] = V.cell, most = Math.max(w, h);
  return [s * w / most, s * h / most];
};
function cut(target, i, left, top, w, h) {
  const [cw, ch] = V.cell, column = i % V.columns, row = Math.floor(i / V.columns);
  target.imageSmoothingEnabled = w < cw * 3;
  target.imageSmoothingQuality = 'high';
  target.drawImage(atlas, column * cw, row * ch, cw, ch, left, top, w, h);
}
// A thumbnail with round corners, ready to be copied; kept until the size changes.
function stamp(i, s) {
  const pixels = Math.round(s * dpr);
  if (pixels !== stampSide) { stamps.clear(); stampSide = pixels; }
  if (stamps.has(i)) return stamps.get(i);
  const [w, h] = spriteSize(pixels).map(Math.round);
  const canvas = document.createElement('canvas');
  canvas.width = w;
  canvas.height = h;
  const c = canvas.getContext('2d', {willReadFrequently: true});
  c.beginPath();
  c.roundRect(0, 0, w, h, pixels * 0.2);
  c.clip();
  cut(c, i, 0, 0, w, h);
  stamps.set(i, canvas);
  return canvas;
}
function draw() {
  ink.setTransform(1, 0, 0, 1, 0, 0);
  ink.clearRect(0, 0, paper.width, paper.height);
  drawn = [];
  if (!ready) return;
  const s = side(), near = SPACING * s / view.s, pictures = mode === 'pictures';
  if (pictures) {
    for (const i of order) {
      if (reach[i] < near) break;  // farthest-first: all that follow are nearer still
      drawn.push(i);
    }
    if (order.length > FARTHEST) drawn = order.filter(i => reach[i] >= near);
  }
  dots(new Set(drawn));
  drawn.sort((i, j) => y[i] - y[j]);
  for (const i of drawn) {
    const u = px(i), v = py(i);
    if (u < -s || v < -s || u > W + s || v > H + s) continue;
    const image = stamp(i, s);
    ink.drawImage(image, Math.round(u * dpr - image.width / 2), Math.round(v * dpr - image.height / 2));
  }
  count_shown();
}
function dots(pictured) {
  const r = (mode === 'dots' ? DOT * 1.5 : DOT) * dpr * Math.min(2, Math.pow(view.s / fitted, 0.3));
  const paths = new Map();
  for (let i = 0; i < count; i++) {
    if (pictured.has(i)) continue;
    const u = px(i), v = py(i);
    if (u < -5 || v < -5 || u > W + 5 || v > H + 5) continue;
    const key = active(i) ? label[i] : -1;
    if (!paths.has(key)) paths.set(key, new Path2D());
    const path = paths.get(key);
    path.moveTo(u * dpr + r, v * dpr);
    path.arc(u * dpr, v * dpr, r, 0, 2 * Math.PI);
  }
  for (const key of [...paths.keys()].sort((p, q) => p - q)) {
    ink.globalAlpha = key < 0 ? 0.25 : mode === 'dots' ? 0.85 : 0.5;
    ink.fillStyle = key < 0 ? theme('--map-off') : colour(key);
    ink.fill(paths.get(key));
  }
  ink.globalAlpha = 1;
}
// The overlay: what is picked, what is under the pointer. Cheap, so that a ring never waits.
function mark() {
  over.setTransform(dpr, 0, 0, dpr, 0, 0);
  over.clearRect(0, 0, W, H);
  if (!ready) return;
  const {a, b} = pair, s = side();
  if (a >= 0 && b >= 0 && a !== b) arc(px(a), py(a), px(b), py(b));
  if (hover >= 0 && hover !== a && hover !== b) ring(hover, s * 1.2, theme('--map-hover'), '');
  if (b >= 0) ring(b, s * 1.25, theme('--end-b'), a === b ? 'A B' : 'B');
  if (a >= 0 && a !== b) ring(a, s * 1.25, theme('--end-a'), 'A');
}
function arc(ax, ay, bx, by) {
  const length = Math.hypot(bx - ax, by - ay), bend = Math.min(70, length * 0.22);
  const mx = (ax + bx) / 2 + bend * (by - ay) / (length || 1);
  const my = (ay + by) / 2 - bend * Math.abs(bx - ax) / (length || 1);
  for (const [style, width, dash] of [[theme('--map-paper'), 5, []], [theme('--map-ink'), 2, [1, 6]]]) {
    over.beginPath();
    over.moveTo(ax, ay);
    over.quadraticCurveTo(mx, my, bx, by);
    over.strokeStyle = style;
    over.globalAlpha = dash.length ? 1 : 0.75;
    over.lineWidth = width;
    over.lineCap = 'round';
    over.setLineDash(dash);
    over.stroke();
  }
  over.globalAlpha = 1;
  over.setLineDash([]);
}
function ring(i, s, style, text) {
  const [w, h] = spriteSize(s), left = px(i) - w / 2, top = py(i) - h / 2;
  over.save();
  over.beginPath();
  over.roundRect(left, top, w, h, s * 0.2);
  over.clip();
  cut(over, i, left, top, w, h);
  over.restore();
  over.beginPath();
  over.roundRect(left - 2, top - 2, w + 4, h + 4, s * 0.2 + 2);
  over.lineWidth = 3;
  over.strokeStyle = style;
  over.stroke();
  if (!text) return;
  over.font = '700 12px system-ui, sans-serif';
  const wide = over.measureText(text).width + 12;
  over.beginPath();
  over.roundRect(left - 8, top - 10, wide, 18, 9);
  over.fillStyle = style;
  over.fill();
  over.fillStyle = '#fff';
  over.textBaseline = 'middle';
  over.fillText(text, left - 2, top - 0.5);
}
let queued = false;
function paint() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => { queued = false; draw(); mark(); });
}

// ---- the view

function measure() {
  W = box.clientWidth;
  H = box.clientHeight;
  dpr = window.devicePixelRatio || 1;
  for (const canvas of [paper, marks]) {
    canvas.width = Math.round(W * dpr);
    canvas.height = Math.round(H * dpr);
  }
}
function extent() {
  if (bounds && bounds.of === x) return bounds;
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  for (let i = 0; i < count; i++) {
    x0 = Math.min(x0, x[i]); x1 = Math.max(x1, x[i]);
    y0 = Math.min(y0, y[i]); y1 = Math.max(y1, y[i]);
  }
  bounds = {of: x, x0, x1, y0, y1, area: (x1 - x0) * (y1 - y0)};
  return bounds;
}
function fit() {
  measure();
  if (!ready || !W) return;
  const {x0, x1, y0, y1} = extent(), low = 20 + part('legend').offsetHeight;
  const high = 20 + part('tools').offsetHeight;
  let half = 24, top = 0, bottom = 0;
  for (const _ of [1, 2]) {  // the margins hang on the thumbnails' size, and that on the margins
    top = high + half;
    bottom = low + half;
    view.s = Math.min((W - 28 - 2 * half) / (x1 - x0 || 1), (H - top - bottom) / (y1 - y0 || 1));
    fitted = view.s;
    half = side() / 2;
  }
  view.tx = W / 2 - (x0 + x1) / 2 * view.s;
  view.ty = (H + top - bottom) / 2 - (y0 + y1) / 2 * view.s;
  moved = false;
  paint();
}
function zoom(factor, u = W / 2, v = H / 2) {
  const s = Math.min(fitted * 60, Math.max(fitted * 0.6, view.s * factor)), k = s / view.s;
  view.tx = u - (u - view.tx) * k;
  view.ty = v - (v - view.ty) * k;
  view.s = s;
  moved = true;
  leave();
  paint();
}
function glide(name) {
  const from = [x, y];
  layout = name;
  const [tx, ty] = spread(name), start = performance.now();
  leave();
  const step = now => {
    const t = Math.min(1, (now - start) / GLIDE), k = t * t * (3 - 2 * t);
    x = from[0].map((u, i) => u + (tx[i] - u) * k);
    y = from[1].map((v, i) => v + (ty[i] - v) * k);
    if (t < 1) { draw(); mark(); requestAnimationFrame(step); } else { rank(); fit(); }
  };
  requestAnimationFrame(step);
}

// ---- what is under the pointer

function nearest(u, v) {
  if (!ready) return -1;
  const [w, h] = spriteSize(side());
  for (let k = drawn.length - 1; k >= 0; k--) {  // the picture on top comes first
    const i = drawn[k];
    if (Math.abs(px(i) - u) < w / 2 && Math.abs(py(i) - v) < h / 2) return i;
  }
  let best = -1, most = PICK_RADIUS * PICK_RADIUS;
  for (let i = 0; i < count; i++) {
    if (!active(i)) continue;
    const du = px(i) - u, dv = py(i) - v, d = du * du + dv * dv;
    if (d <= most) { most = d; best = i; }
  }
  return best;
}
let waiting = 0;
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
  const has = about.marks.length ? about.marks[i].map(k => words(about.attributes[k])) : [];
  return {name: words(about.classes[label[i]].name), has, held: unseen[i] > 0};
}
function show_card() {
  if (hover < 0) return;
  const {name, has, held} = describe(hover), size = 112;
  const canvas = make('canvas'), [w, h] = spriteSize(size);
  canvas.width = w * dpr;
  canvas.height = h * dpr;
  canvas.style.width = w + 'px';
  const c = canvas.getContext('2d');
  cut(c, hover, 0, 0, canvas.width, canvas.height);
  const title = make('b', '', name + ' '), row = make('span', 'quiet', '#' + number(hover));
  title.append(row);
  const chips = make('div', 'chips');
  has.forEach(text => chips.append(make('span', 'chip', text)));
  const text = make('div', 'map-card-text');
  text.append(title, chips);
  if (held) text.append(make('span', 'quiet', 'never seen in training'));
  card.replaceChildren(canvas, text);
  card.hidden = false;
  const u = px(hover), v = py(hover), cw = card.offsetWidth, ch = card.offsetHeight, away = side() / 2 + 12;
  const top = v - away - ch > 6 ? v - away - ch : v + away;
  card.style.left = Math.max(6, Math.min(W - cw - 6, u - cw / 2)) + 'px';
  card.style.top = Math.max(6, Math.min(H - ch - 6, top)) + 'px';
}

// ---- picking

function pick(i, slot) {
  pair = {...pair, [slot]: i};
  turn = slot === 'a' ? 'b' : 'a';
  sent = {a: pair.a, b: pair.b, at: performance.now()};
  show_turn();
  mark();
  const {name} = describe(i);
  part('said').textContent = `${slot.toUpperCase()} is now image ${i}, ${name}.`;
  document.dispatchEvent(new CustomEvent('explorer-pick', {detail: {slot, one: record(i)}}));
  trigger('pick', {token: V.token, a: pair.a, b: pair.b});
}
// What the panel beside the map shows of an image, so that it need not wait for the server.
function record(i) {
  const {name, has, held} = describe(i), [w, h] = V.cell, canvas = document.createElement('canvas');
  canvas.width = w;
  canvas.height = h;
  cut(canvas.getContext('2d'), i, 0, 0, w, h);
  return {token: V.token, uri: canvas.toDataURL(), number: i, class_name: words(name), attributes: has,
    held_out: held};
}
function start_over() {
  turn = 'a';
  leave();
  show_turn();
}
function show_turn() {
  const node = part('turn');
  node.dataset.slot = turn;
  node.replaceChildren(make('b', '', turn.toUpperCase()),
    make('span', '', turn === 'a' ? 'Click a picture to make it A' : 'Now click one to make it B'));
}

// ---- buttons and legend

function choices(names, now, act) {
  const group = make('div', 'choices');
  group.setAttribute('role', 'group');
  for (const [name, text, help] of names) {
    const node = button(text, help, () => {
      group.querySelectorAll('button').forEach(b => b.setAttribute('aria-pressed', b === node));
      act(name);
    });
    node.setAttribute('aria-pressed', name === now);
    group.append(node);
  }
  return group;
}
function furnish() {
  const tools = [];
  if (V.layouts.length > 1) {
    const helps = {umap: 'neighbours stay neighbours', pca: 'the two directions of most change'};
    tools.push(choices(V.layouts.map(name =>
      [name, name.toUpperCase(), `Lay out by ${name.toUpperCase()}: ${helps[name] || name}`]), layout, glide));
  }
  tools.push(choices([['pictures', 'Pictures', 'Show pictures'], ['dots', 'Dots', 'Show every image as a dot']],
    mode, name => { mode = name; paint(); }));
  const zooms = make('div', 'choices');
  zooms.append(button('−', 'Zoom out', () => zoom(1 / 1.5)), button('+', 'Zoom in', () => zoom(1.5)),
    button('Fit', 'Show the whole map', fit));
  tools.push(zooms);
  part('tools').replaceChildren(...tools);
  const legend = about.classes.map((one, c) => {
    const node = button('', `Show or grey out ${words(one.name)}; with Shift only this class`, () => {});
    const dot = make('i');
    dot.style.background = colour(c);
    node.replaceChildren(dot, words(one.name) + ' ', make('span', 'quiet', number(one.count)));
    node.addEventListener('click', event => toggle(c, event.shiftKey));
    return node;
  });
  part('legend').replaceChildren(...legend, make('span', 'map-count quiet'));
  show_legend();
  show_turn();
}
function toggle(c, only) {
  const all = about.classes.map((_, k) => k);
  if (only) off = new Set(off.size === all.length - 1 && !off.has(c) ? [] : all.filter(k => k !== c));
  else if (off.has(c)) off.delete(c);
  else off.add(c);
  if (off.size === all.length) off.clear();
  show_legend();
  rank();
  leave();
  paint();
}
function show_legend() {
  part('legend').querySelectorAll('button').forEach((node, c) =>
    node.setAttribute('aria-pressed', !off.has(c)));
}
function count_shown() {
  const node = part('count');
  if (!node) return;
  const some = mode === 'pictures' && drawn.length < order.length
    ? `, ${number(drawn.length)} as pictures` : '';
  node.textContent = `${number(order.length)} of ${number(count)} shown${some}`;
  node.title = some && 'Zoom in to see more of them as pictures';
}

// ---- events of the person

const at = event => {
  const r = box.getBoundingClientRect();
  return [event.clientX - r.left, event.clientY - r.top];
};
const chrome = event => event.target.closest('button');
let drag = null;
box.addEventListener('wheel', event => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * 0.0015), ...at(event));
}, {passive: false});
box.addEventListener('pointerdown', event => {
  if (chrome(event) || event.button) return;
  drag = {p: at(event), tx: view.tx, ty: view.ty, far: false};
  box.setPointerCapture(event.pointerId);
});
box.addEventListener('pointermove', event => {
  const [u, v] = at(event);
  if (!drag) { point(chrome(event) ? -1 : nearest(u, v)); return; }
  const du = u - drag.p[0], dv = v - drag.p[1];
  if (Math.hypot(du, dv) > DRAG_PIXELS) drag.far = true;
  if (!drag.far) return;
  view.tx = drag.tx + du;
  view.ty = drag.ty + dv;
  moved = true;
  leave();
  paint();
});
box.addEventListener('pointerup', event => {
  const end = drag;
  drag = null;
  if (!end || end.far) return;
  const i = nearest(...at(event));
  if (i >= 0) pick(i, event.shiftKey ? 'b' : turn);
});
box.addEventListener('pointercancel', () => { drag = null; });
box.addEventListener('pointerleave', () => { if (!drag) leave(); });
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
box.addEventListener('keydown', event => {
  if (event.target !== box || !ready) return;
  const key = event.key;
  if (ARROWS[key]) walk(...ARROWS[key]);
  else if ((key === 'Enter' || key === ' ') && hover >= 0) pick(hover, event.shiftKey ? 'b' : turn);
  else if (key === 'Escape') start_over();
  else if (key === '+' || key === '=') zoom(1.3);
  else if (key === '-') zoom(1 / 1.3);
  else if (key === 'f' || key === '0') fit();
  else return;
  event.preventDefault();
});
function walk(dx, dy) {
  const from = hover >= 0 ? hover : pair[turn];
  const [u, v] = from >= 0 ? [px(from), py(from)] : [W / 2, H / 2];
  let best = -1, least = Infinity;
  for (const i of mode === 'pictures' ? drawn : order) {
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
  part('said').textContent = [`Image ${best}, ${name}`, ...has].join(', ');
}
function bring(i) {
  const edge = 70, u = px(i), v = py(i);
  const du = u < edge ? edge - u : u > W - edge ? W - edge - u : 0;
  const dv = v < edge ? edge - v : v > H - edge ? H - edge - v : 0;
  if (!du && !dv) return;
  view.tx += du;
  view.ty += dv;
  moved = true;
  draw();
}

// ---- events of the program

function receive() {
  const before = V;
  V = props.value || null;
  if (!V) { ready = false; measure(); draw(); mark(); return; }
  const late = sent && performance.now() - sent.at < ANSWER_WITHIN && (V.a !== sent.a || V.b !== sent.b);
  if (!late || !before || before.token !== V.token) { pair = {a: V.a, b: V.b}; sent = null; }
  if (!before || before.token !== V.token) load();
  else mark();
}
watch('value', receive);
new ResizeObserver(() => {
  if (!box.clientWidth || (box.clientWidth === W && box.clientHeight === H)) return;
  if (!ready || !moved) fit();
  else { measure(); paint(); }
}).observe(box);
new MutationObserver(paint).observe(document.body, {attributes: true, attributeFilter: ['class']});
receive();

// For tests and measurements: where things are, never a way to change them.
window.__map = Object.freeze({
  get ready() { return ready; },
  get count() { return count; },
  get turn() { return turn; },
  get layout() { return layout; },
  picks: () => ({...pair}),
  hovered: () => hover,
  pictured: () => drawn.slice(),
  xy(i) { const r = box.getBoundingClientRect(); return [r.left + px(i), r.top + py(i)]; },
  nearest(u, v) { const r = box.getBoundingClientRect(); return nearest(u - r.left, v - r.top); },
  frame() { const start = performance.now(); draw(); return performance.now() - start; },
});
