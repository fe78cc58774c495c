// ---- the overlay: what is picked, found, walked, under the pointer. Cheap, so that it never waits

function mark() {
  over.setTransform(dpr, 0, 0, dpr, 0, 0);
  over.clearRect(0, 0, W, H);
  if (!ready) return;
  const {a, b} = pair, s = side();
  for (let i = count; i < total; i++) if (seen(i)) guest_mark(i, s);
  mark_found(s);
  if (walked_here()) draw_walk(s);
  else if (seen(a) && seen(b) && a !== b) arc(px(a), py(a), px(b), py(b));
  if (hover >= 0 && hover !== a && hover !== b) ring(hover, s * 1.2, theme('--map-hover'), '');
  if (seen(b)) ring(b, s * 1.25, theme('--end-b'), a === b ? 'A B' : 'B');
  if (seen(a) && a !== b) ring(a, s * 1.25, theme('--end-a'), 'A');
  draw_lasso();
}
const seen = i => i >= 0 && Number.isFinite(x[i]);
function arc(ax, ay, bx, by) {
  const length = Math.hypot(bx - ax, by - ay), bend = Math.min(70, length * 0.22);
  const mx = (ax + bx) / 2 + bend * (by - ay) / (length || 1);
  const my = (ay + by) / 2 - bend * Math.abs(bx - ax) / (length || 1);
  dotted(() => {
    over.moveTo(ax, ay);
    over.quadraticCurveTo(mx, my, bx, by);
  });
}
// A dotted line that can be seen on any picture.
function dotted(trace) {
  for (const [style, width, dash] of [[theme('--map-paper'), 5, []], [theme('--map-ink'), 2, [1, 6]]]) {
    over.beginPath();
    trace();
    over.strokeStyle = style;
    over.globalAlpha = dash.length ? 1 : 0.75;
    over.lineWidth = width;
    over.lineCap = 'round';
    over.lineJoin = 'round';
    over.setLineDash(dash);
    over.stroke();
  }
  over.globalAlpha = 1;
  over.setLineDash([]);
}
function outline(u, v, s, away, style, width, dash = []) {
  const [w, h] = spriteSize(s);
  over.beginPath();
  over.roundRect(u - w / 2 - away, v - h / 2 - away, w + 2 * away, h + 2 * away, s * CORNER + away);
  over.setLineDash(dash);
  over.lineWidth = width;
  over.strokeStyle = style;
  over.stroke();
  over.setLineDash([]);
}
function ring(i, s, style, text) {
  const [w, h] = spriteSize(s), left = px(i) - w / 2, top = py(i) - h / 2;
  over.save();
  over.beginPath();
  over.roundRect(left, top, w, h, s * CORNER);
  over.clip();
  cut(over, i, left, top, w, h);
  over.restore();
  outline(px(i), py(i), s, 2, style, 3, i < count ? [] : [6, 4]);
  if (text) badge(text, left - 8, top - 10, style);
}
function badge(text, left, top, style) {
  over.font = '700 12px system-ui, sans-serif';
  over.beginPath();
  over.roundRect(left, top, over.measureText(text).width + 12, 18, 9);
  over.fillStyle = style;
  over.fill();
  over.fillStyle = theme('--map-badge');
  over.textBaseline = 'middle';
  over.fillText(text, left + 6, top + 9.5);
}
function mark_found(s) {
  over.beginPath();
  for (const i of found) {
    const r = pictured[i] ? s / 2 : 6, u = px(i), v = py(i);
    if (!(u > -s && v > -s && u < W + s && v < H + s)) continue;
    over.moveTo(u + r, v);
    over.arc(u, v, r, 0, 2 * Math.PI);
  }
  over.lineWidth = 2;
  over.strokeStyle = theme('--map-hover');
  over.stroke();
}
function guest_mark(i, s) {
  outline(px(i), py(i), s, 1.5, theme('--map-ink'), 2, [4, 3]);
  badge(GUEST_SIGNS[guests[i - count].origin] || '•', px(i) + s / 2 - 10, py(i) - s / 2 - 8, theme('--map-ink'));
}
