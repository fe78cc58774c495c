// ---- lasso: a line around images; the server says which lie inside
//
// document "explorer-selection", detail: {token, count, mask} or null; mask is a bit a gallery
// image, the lowest bit first, in base64.

const STEP = 3, CORNERS = 2000, LINE_KEPT = 3000;
let line = null, lassoing = false, lineSent = 0;

function lasso_tool(on) {
  lassoing = on;
  box.dataset.tool = on ? 'lasso' : '';
  part('tools').querySelector('.map-lasso').setAttribute('aria-pressed', on);
  if (on) say('Lasso: draw a line around images.');
}
function start_line(u, v) {
  line = [[u, v]];
  lineSent = 0;  // an answer to the line before must not take this one away
  leave();
  mark();
}
function draw_line(u, v) {
  const [lastU, lastV] = line[line.length - 1];
  if (Math.hypot(u - lastU, v - lastV) < STEP) return;
  line.push([u, v]);
  mark();
}
function end_line() {
  lasso_tool(false);
  if (line.length < 3) { drop_line(); return; }
  const every = Math.ceil(line.length / CORNERS);
  const polygon = line.filter((_, k) => k % every === 0).flatMap(([u, v]) => data_at(u, v));
  send('lasso', {layout, polygon, by: shade.name, off: [...off]});
  const now = lineSent = performance.now();
  setTimeout(() => { if (lineSent === now) drop_line(); }, LINE_KEPT);  // refused: the page says why
}
function drop_line() {
  line = null;
  lineSent = 0;
  mark();
}
function draw_lasso() {
  if (!line || line.length < 2) return;
  over.beginPath();
  line.forEach(([u, v], k) => k ? over.lineTo(u, v) : over.moveTo(u, v));
  over.closePath();
  over.fillStyle = theme('--accent');
  over.globalAlpha = 0.1;
  over.fill('evenodd');
  over.globalAlpha = 1;
  over.setLineDash([5, 4]);
  over.lineWidth = 2;
  over.strokeStyle = theme('--accent');
  over.stroke();
  over.setLineDash([]);
}
function take_selection(answer) {
  if (lineSent) drop_line();
  if (!ready || (answer && answer.token !== V.token)) return;
  if (!answer && !selected) return;
  selected = answer ? Uint8Array.from(atob(answer.mask), one => one.charCodeAt(0)) : null;
  if (selected) {
    const bits = selected;
    selected = Uint8Array.from({length: count}, (_, i) => bits[i >> 3] >> (i & 7) & 1);
  }
  const bar = part('selected');
  bar.hidden = !answer;
  if (answer) bar.querySelector('span').textContent = `${number(answer.count)} selected`;
  say(answer ? `${answer.count} images selected.` : 'Nothing is selected any more.');
  rank();
  show_legend();
  leave();
  paint();
}
function clear_selection() { send('clear', {}); }
