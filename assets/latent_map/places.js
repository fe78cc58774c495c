// ---- where each image lies on the drawing: centred, y downwards, the longer side about 1

const STRETCH = 1.3;  // how much wider or higher a layout may be drawn to fill the card
const THINNING = 0.82, SPARSE = 0.2;  // between two levels of representatives, and the last level
let affine = {cx: 0, cy: 0, kx: 1, ky: 1}, bounds = null;
let order = [], reach = new Float32Array(0);

// Scene coordinates of a layout, guests included; what has no place yet is NaN.
function scene(name) {
  const table = tables[name], xs = new Float32Array(total).fill(NaN), ys = xs.slice();
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  for (let i = 0; i < count; i++) {
    const u = table[4 * i], v = table[4 * i + 1];
    if (u < x0) x0 = u;
    if (u > x1) x1 = u;
    if (v < y0) y0 = v;
    if (v > y1) y1 = v;
  }
  const w = x1 - x0 || 1, h = y1 - y0 || 1, size = Math.max(w, h);
  const room = (W || 4) / (H || 3) / (w / h);
  affine = {
    cx: (x0 + x1) / 2, cy: (y0 + y1) / 2,
    kx: Math.min(STRETCH, Math.max(1, room)) / size,
    ky: -Math.min(STRETCH, Math.max(1, 1 / room)) / size,
  };
  for (let i = 0; i < count; i++) [xs[i], ys[i]] = drawn_at(table[4 * i], table[4 * i + 1]);
  guests.forEach((guest, k) => {
    if (guest.layout === name) [xs[count + k], ys[count + k]] = drawn_at(guest.x, guest.y);
  });
  return [xs, ys];
}
const drawn_at = (u, v) => [(u - affine.cx) * affine.kx, (v - affine.cy) * affine.ky];
// From pixels of the card back to the layout's own units.
const data_at = (u, v) => [((u - view.tx) / view.s) / affine.kx + affine.cx,
  ((v - view.ty) / view.s) / affine.ky + affine.cy];

function arrange(name) {
  layout = name;
  [x, y] = scene(name);
  rank();
}
function glide(name) {
  const from = [x, y];
  layout = name;
  const [tx, ty] = scene(name), start = performance.now();
  leave();
  const step = now => {
    if (layout !== name) return;  // another layout was chosen meanwhile
    const t = Math.min(1, (now - start) / GLIDE), k = t * t * (3 - 2 * t);
    x = tx.map((u, i) => from[0][i] + (u - from[0][i]) * k);
    y = ty.map((v, i) => from[1][i] + (v - from[1][i]) * k);
    if (t < 1) { draw(); mark(); requestAnimationFrame(step); return; }
    [x, y] = scene(name);  // guests may have come meanwhile
    rank();
    fit();
  };
  requestAnimationFrame(step);
}
function extent() {
  if (bounds && bounds.of === x) return bounds;
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  for (let i = 0; i < total; i++) {
    if (x[i] < x0) x0 = x[i];
    if (x[i] > x1) x1 = x[i];
    if (y[i] < y0) y0 = y[i];
    if (y[i] > y1) y1 = y[i];
  }
  bounds = {of: x, x0, x1, y0, y1, area: (x1 - x0) * (y1 - y0)};
  return bounds;
}

// Representatives, coarse to fine: level after level, each image that keeps the level's distance to
// all chosen before. An image is shown as a picture once that distance is a thumbnail's side, so
// that zooming in only ever adds pictures.
function rank() {
  let left = [];
  for (let i = 0; i < count; i++) if (active(i)) left.push(i);
  reach = new Float32Array(total);
  order = [];
  const {x0, x1, y0, y1, area} = extent(), members = left.length;
  const next = new Int32Array(count), last = SPARSE * Math.sqrt(area / Math.max(1, members));
  let gap = Math.max(x1 - x0, y1 - y0) / 3;
  for (; left.length && gap > last; gap *= THINNING) left = thin(left, gap, next);
  for (const i of left) { reach[i] = gap; order.push(i); }
}
function thin(left, gap, next) {
  const {x0, x1, y0, y1} = extent();
  const across = Math.floor((x1 - x0) / gap) + 3, down = Math.floor((y1 - y0) / gap) + 3;
  const head = new Int32Array(across * down).fill(-1), near = gap * gap, rest = [];
  const cell = i => (Math.floor((y[i] - y0) / gap) + 1) * across + Math.floor((x[i] - x0) / gap) + 1;
  const put = (i, c) => { next[i] = head[c]; head[c] = i; };
  for (const i of order) put(i, cell(i));
  for (const i of left) {
    const home = cell(i);
    let free = true;
    for (let row = home - across; free && row <= home + across; row += across) {
      for (let c = row - 1; free && c <= row + 1; c++) {
        for (let j = head[c]; j >= 0; j = next[j]) {
          const dx = x[j] - x[i], dy = y[j] - y[i];
          if (dx * dx + dy * dy < near) { free = false; break; }
        }
      }
    }
    if (!free) { rest.push(i); continue; }
    put(i, home);
    reach[i] = gap;
    order.push(i);
  }
  return rest;
}
