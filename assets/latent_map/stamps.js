// ---- thumbnails, scaled once for each size and kept as pixels, ready to be copied

const SIZES = [16, 20, 24, 30, 36, 44, 54, 66, 80, 92];  // sides of a thumbnail, CSS pixels
const CORNER = 0.2, CRISP = 3, CELLS_KEPT = 6000, STAMPED_PIXELS = 2 ** 24;
let cells = new Map(), stamps = new Map(), stamped = 0;
const bench = document.createElement('canvas').getContext('2d', {willReadFrequently: true});

function forget_stamps() { stamps.clear(); stamped = 0; }
function forget_pictures() { cells.clear(); forget_stamps(); }
const cell_of = i => [(i % V.columns) * V.cell[0], Math.floor(i / V.columns) * V.cell[1]];
const has_picture = i => i < count ? !!atlas : !!guests[i - count]?.image;

// Draw one image anywhere; for the few on the overlay and in the cards.
function cut(target, i, left, top, w, h) {
  if (!has_picture(i)) return;
  const [cw, ch] = V.cell, [sx, sy] = i < count ? cell_of(i) : [0, 0];
  target.imageSmoothingEnabled = w < cw * CRISP;
  target.imageSmoothingQuality = 'high';
  target.drawImage(i < count ? atlas : guests[i - count].image, sx, sy, cw, ch, left, top, w, h);
}
// The images' own pixels, read many at a time: reading back is what costs.
function read_cells(wanted) {
  const [cw, ch] = V.cell, missing = wanted.filter(i => !cells.has(i) && has_picture(i));
  if (!missing.length) return;
  if (cells.size + missing.length > CELLS_KEPT) cells.clear();
  const across = Math.min(missing.length, 32), down = Math.ceil(missing.length / across);
  bench.canvas.width = across * cw;
  bench.canvas.height = down * ch;
  missing.forEach((i, k) => cut(bench, i, (k % across) * cw, Math.floor(k / across) * ch, cw, ch));
  const all = new Uint32Array(bench.getImageData(0, 0, across * cw, down * ch).data.buffer);
  missing.forEach((i, k) => {
    const pixels = new Uint32Array(cw * ch), start = Math.floor(k / across) * ch * across * cw + (k % across) * cw;
    for (let r = 0; r < ch; r++) {
      const from = start + r * across * cw;
      pixels.set(all.subarray(from, from + cw), r * cw);
    }
    cells.set(i, pixels);
  });
}

// How each of `to` pixels is mixed of `from`: boxes when shrinking, neighbours when growing, one
// pixel when it grows so much that its squares should be seen.
function taps(from, to) {
  const ratio = from / to, reach = Math.max(1, ratio);
  return Array.from({length: to}, (_, k) => {
    const centre = (k + 0.5) * ratio - 0.5;
    if (to >= from * CRISP) return [[Math.round(centre), 1]];
    const list = [];
    for (let j = Math.ceil(centre - reach); j < centre + reach; j++) {
      const weight = 1 - Math.abs(j - centre) / reach;
      if (weight > 0) list.push([Math.min(from - 1, Math.max(0, j)), weight]);
    }
    const sum = list.reduce((all, [, weight]) => all + weight, 0);
    return list.map(([j, weight]) => [j, weight / sum]);
  });
}
const plans = new Map();
// All that depends on the size alone: taps, and how much of each pixel is picture, frame, nothing.
function plan_of(w, h, frame) {
  const [cw, ch] = V.cell, key = [cw, ch, w, h, frame].join();
  if (plans.has(key)) return plans.get(key);
  const corner = CORNER * Math.max(w, h), cover = new Uint8Array(w * h), inner = new Uint8Array(w * h);
  const share = d => Math.round(255 * Math.min(1, Math.max(0, 0.5 - d)));
  for (let r = 0; r < h; r++) {
    for (let c = 0; c < w; c++) {
      const u = Math.abs(c + 0.5 - w / 2) - w / 2 + corner, v = Math.abs(r + 0.5 - h / 2) - h / 2 + corner;
      const d = Math.hypot(Math.max(u, 0), Math.max(v, 0)) + Math.min(0, Math.max(u, v)) - corner;
      cover[r * w + c] = share(d);
      inner[r * w + c] = frame ? share(d + frame) : 255;
    }
  }
  const plan = {w, h, across: taps(cw, w), down: taps(ch, h), cover, inner};
  if (plans.size > 40) plans.clear();
  plans.set(key, plan);
  return plan;
}
// One thumbnail with round corners and a frame of its colour: RGBA, a number a pixel.
function stamp(i, plan, colour) {
  const {w, h, across, down, cover, inner} = plan, [cw, ch] = V.cell, source = cells.get(i);
  const middle = new Float32Array(w * ch * 3), out = new Uint32Array(w * h);
  for (let r = 0, m = 0; r < ch; r++) {
    for (let c = 0; c < w; c++, m += 3) {
      for (const [j, weight] of across[c]) {
        const p = source[r * cw + j];
        middle[m] += weight * (p & 255);
        middle[m + 1] += weight * (p >>> 8 & 255);
        middle[m + 2] += weight * (p >>> 16 & 255);
      }
    }
  }
  const fr = colour & 255, fg = colour >>> 8 & 255, fb = colour >>> 16 & 255;
  for (let r = 0, q = 0; r < h; r++) {
    for (let c = 0; c < w; c++, q++) {
      if (!cover[q]) continue;
      let red = 0, green = 0, blue = 0;
      for (const [j, weight] of down[r]) {
        const m = (j * w + c) * 3;
        red += weight * middle[m];
        green += weight * middle[m + 1];
        blue += weight * middle[m + 2];
      }
      const k = inner[q] / 255;
      out[q] = (cover[q] << 24 | (fb + (blue - fb) * k) << 16 | (fg + (green - fg) * k) << 8
        | (fr + (red - fr) * k)) >>> 0;
    }
  }
  return out;
}
function kept_stamps(plan) {
  if (stamped > STAMPED_PIXELS) forget_stamps();
  if (!stamps.has(plan)) stamps.set(plan, new Map());
  return stamps.get(plan);
}
