// ---- mouse, pen and fingers

const at = event => {
  const r = box.getBoundingClientRect();
  return [event.clientX - r.left, event.clientY - r.top];
};
const chrome = event => event.target.closest('button, input, select, label');
const fingers = new Map();
let drag = null, pinch = null;

box.addEventListener('wheel', event => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * 0.0015), ...at(event));
}, {passive: false});
box.addEventListener('pointerdown', event => {
  if (chrome(event) || event.button || !ready) return;
  fingers.set(event.pointerId, at(event));
  box.setPointerCapture(event.pointerId);
  if (fingers.size === 2) {
    drag = null;
    drop_line();
    pinch = spread_of_fingers();
    return;
  }
  drag = {p: at(event), tx: view.tx, ty: view.ty, far: false, line: lassoing || event.altKey};
  if (drag.line) start_line(...drag.p);
});
box.addEventListener('pointermove', event => {
  const [u, v] = at(event);
  if (fingers.has(event.pointerId)) fingers.set(event.pointerId, [u, v]);
  if (pinch && fingers.size === 2) {
    const now = spread_of_fingers();
    zoom(now.wide / pinch.wide, ...now.middle);
    pan(view.tx + now.middle[0] - pinch.middle[0], view.ty + now.middle[1] - pinch.middle[1]);
    pinch = now;
    return;
  }
  if (!drag) { look(event, u, v); return; }
  const du = u - drag.p[0], dv = v - drag.p[1];
  if (Math.hypot(du, dv) > DRAG_PIXELS) drag.far = true;
  if (drag.line) draw_line(u, v);
  else if (drag.far) pan(drag.tx + du, drag.ty + dv);
});
function look(event, u, v) {
  if (!ready) return;
  const away = chrome(event) || lassoing, k = away ? -1 : frame_under(u, v);
  highlight(k);
  point(away || k >= 0 ? -1 : nearest(u, v));
}
const spread_of_fingers = () => {
  const [[u, v], [p, q]] = [...fingers.values()];
  return {wide: Math.max(1, Math.hypot(u - p, v - q)), middle: [(u + p) / 2, (v + q) / 2]};
};
function lift(event) {
  fingers.delete(event.pointerId);
  if (fingers.size) return true;
  const pinched = !!pinch;
  pinch = null;
  return pinched;
}
box.addEventListener('pointerup', event => {
  const end = drag;
  drag = null;
  if (lift(event) || !end) return;
  if (end.line) { end_line(); return; }
  if (end.far) return;
  const i = nearest(...at(event));
  if (i >= 0) pick(i, event.shiftKey ? 'b' : turn);
});
box.addEventListener('pointercancel', event => {
  lift(event);
  drag = null;
  drop_line();
});
box.addEventListener('pointerleave', () => { if (!drag) { leave(); highlight(-1); } });
