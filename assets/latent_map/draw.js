// ---- drawing: all pixels of a frame are put together in one buffer, then handed to the canvas

const DOT = 2.4, FRAME = 2, SPACING = 0.74, FILLED = 0.42;
let stampTime = 7;  // milliseconds a frame may spend on new thumbnails; the rest are drawn coarsely
let picture = null, pixels = new Uint32Array(0), pictured = new Uint8Array(0), dotPlan = {}, shown = 0;

function side() {  // of a thumbnail, CSS pixels; at first as large as leaves room for all, within reason
  const roomy = fitted * Math.sqrt(FILLED * extent().area / Math.max(1, order.length)) / SPACING;
  const wanted = Math.min(48, Math.max(30, roomy)) * Math.pow(view.s / fitted, 0.42);
  return SIZES.reduce((best, s) => Math.abs(s - wanted) < Math.abs(best - wanted) ? s : best);
}
const spriteSize = s => {
  const [w, h] = V.cell, most = Math.max(w, h);
  return [s * w / most, s * h / most];
};
function draw() {
  if (!picture || picture.width !== paper.width || picture.height !== paper.height) {
    if (!paper.width || !paper.height) return;
    picture = ink.createImageData(paper.width, paper.height);
    pixels = new Uint32Array(picture.data.buffer);
  }
  pixels.fill(0);
  drawn = [];
  if (ready) {
    const s = side();
    choose_pictures(s);
    dots();
    pictures(s);
  }
  ink.putImageData(picture, 0, 0);
  count_shown();
}
function choose_pictures(s) {
  pictured = new Uint8Array(total);
  shown = 0;
  if (mode === 'pictures' && atlas) {
    const near = SPACING * s / view.s;
    for (const i of order) {
      if (reach[i] < near) break;  // coarse to fine: all that follow are nearer still
      drawn.push(i);
    }
    shown = drawn.length;
    drawn.sort((i, j) => y[i] - y[j]);
  }
  for (let i = count; i < total; i++) if (has_picture(i) && seen(i) && active(i)) drawn.push(i);
  for (const i of drawn) pictured[i] = 1;
}
function disc(r) {
  if (dotPlan.r === r) return dotPlan;
  const reach = Math.ceil(r), size = 2 * reach + 1, list = [];
  for (let v = -reach; v <= reach; v++) {
    for (let u = -reach; u <= reach; u++) {
      const cover = Math.min(1, Math.max(0, r + 0.5 - Math.hypot(u, v)));
      if (cover > 0) list.push([u, v, cover]);
    }
  }
  dotPlan = {r, reach, size, list};
  return dotPlan;
}
function dots() {
  const size = (mode === 'dots' ? DOT * 1.5 : DOT) * dpr * Math.min(2, Math.pow(view.s / fitted, 0.3));
  const {reach: edge, list} = disc(Math.round(size * 4) / 4), w = paper.width, h = paper.height;
  const du = Int32Array.from(list, one => one[0]), dv = Int32Array.from(list, one => one[1] * w + one[0]);
  const strong = Uint32Array.from(list, one => Math.round(one[2] * (mode === 'dots' ? 217 : 128)) << 24 >>> 0);
  const weak = Uint32Array.from(list, one => Math.round(one[2] * 64) << 24 >>> 0);
  const grey = packed(theme('--map-off')) & 0xffffff, n = list.length;
  const put = (i, alpha, colour) => {
    const u = Math.round((x[i] * view.s + view.tx) * dpr), v = Math.round((y[i] * view.s + view.ty) * dpr);
    if (!(u >= edge && v >= edge && u < w - edge && v < h - edge)) return;
    const at = v * w + u;
    for (let k = 0; k < n; k++) {
      const p = at + dv[k];
      if (alpha[k] >= (pixels[p] & 0xff000000) >>> 0) pixels[p] = (alpha[k] | colour) >>> 0;
    }
  };
  for (let i = 0; i < count; i++) if (!pictured[i] && !active(i)) put(i, weak, grey);
  for (let i = 0; i < total; i++) if (!pictured[i] && active(i)) put(i, strong, tint[i] & 0xffffff);
}
function pictures(s) {
  const [w, h] = spriteSize(s * dpr).map(Math.round), framed = shade.name !== 'class';
  const plan = plan_of(w, h, framed ? FRAME * dpr : 0), kept = kept_stamps(plan), start = performance.now();
  const seen = drawn.filter(i => {
    const u = px(i), v = py(i);
    return u > -s && v > -s && u < W + s && v < H + s;
  });
  read_cells(seen);
  let late = false;
  for (const i of seen) {
    const left = Math.round(px(i) * dpr - w / 2), top = Math.round(py(i) * dpr - h / 2);
    let image = kept.get(i);
    if (!image && performance.now() - start < stampTime) {
      image = stamp(i, plan, tint[i]);
      kept.set(i, image);
      stamped += w * h;
    }
    if (image) copy(image, left, top, w, h);
    else { coarse(i, left, top, w, h); late = true; }
  }
  if (late) paint();
}
function copy(image, left, top, w, h) {
  const W2 = paper.width, H2 = paper.height, c0 = Math.max(0, -left), c1 = Math.min(w, W2 - left);
  for (let r = Math.max(0, -top), r1 = Math.min(h, H2 - top); r < r1; r++) {
    for (let c = c0, q = r * w + c0, p = (top + r) * W2 + left + c0; c < c1; c++, q++, p++) {
      const above = image[q], a = above >>> 24;
      if (a === 255) pixels[p] = above;
      else if (a) pixels[p] = blend(above, pixels[p], a);
    }
  }
}
function blend(above, below, a) {
  const b = below >>> 24;
  if (b === 0) return above;
  const all = a + b * (255 - a) / 255, k = a / all;  // source over, alphas not multiplied in
  const mix = shift => (below >>> shift & 255) + ((above >>> shift & 255) - (below >>> shift & 255)) * k;
  return (Math.round(all) << 24 | mix(16) << 16 | mix(8) << 8 | mix(0)) >>> 0;
}
function coarse(i, left, top, w, h) {
  const [cw, ch] = V.cell, source = cells.get(i), W2 = paper.width, H2 = paper.height;
  if (!source) return;
  for (let r = Math.max(0, -top), r1 = Math.min(h, H2 - top); r < r1; r++) {
    const row = Math.floor(r * ch / h) * cw;
    for (let c = Math.max(0, -left), c1 = Math.min(w, W2 - left); c < c1; c++) {
      pixels[(top + r) * W2 + left + c] = source[row + Math.floor(c * cw / w)];
    }
  }
}
let queued = false;
function paint() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => { queued = false; draw(); mark(); });
}
