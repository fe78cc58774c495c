// ---- the view: what part of the drawing is seen

const CLOSEST = 60, FARTHEST = 0.6;  // zoom, against the whole map

function measure(ratio = window.devicePixelRatio || 1) {
  W = box.clientWidth;
  H = box.clientHeight;
  dpr = ratio;
  for (const canvas of [paper, marks]) {
    canvas.width = Math.round(W * dpr);
    canvas.height = Math.round(H * dpr);
  }
}
function fit() {
  measure();
  if (!ready || !W) return;
  const {x0, x1, y0, y1} = extent(), low = 14, high = 18 + part('zooms').offsetHeight;
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
  const s = Math.min(fitted * CLOSEST, Math.max(fitted * FARTHEST, view.s * factor)), k = s / view.s;
  view.tx = u - (u - view.tx) * k;
  view.ty = v - (v - view.ty) * k;
  view.s = s;
  moved = true;
  leave();
  paint();
}
function pan(tx, ty) {
  view.tx = tx;
  view.ty = ty;
  moved = true;
  leave();
  paint();
}
function bring(i) {
  const edge = Math.min(70, W / 4), u = px(i), v = py(i);
  const du = u < edge ? edge - u : u > W - edge ? W - edge - u : 0;
  const dv = v < edge ? edge - v : v > H - edge ? H - edge - v : 0;
  if (!du && !dv) return;
  view.tx += du;
  view.ty += dv;
  moved = true;
  draw();
}
// Show a rectangle of the layout: left, bottom, right, top in its own units.
function look_at([left, bottom, right, top]) {
  const [x0, y0] = drawn_at(left, top), [x1, y1] = drawn_at(right, bottom);
  const s = Math.min(W / Math.max(1e-6, x1 - x0), H / Math.max(1e-6, y1 - y0));
  view.s = Math.min(fitted * CLOSEST, Math.max(fitted * FARTHEST, s));
  pan(W / 2 - (x0 + x1) / 2 * view.s, H / 2 - (y0 + y1) / 2 * view.s);
}
