// ---- a walk on the map: from A to B, or A along an attribute, with the pictures on its way
//
// document "explorer-path", detail: {token, layout, along, a, b, points: [[x, y]], width, height,
// uri} (a sheet of one row). "explorer-along", detail: {along}, chooses which walk is drawn;
// "explorer-frame", detail: {index} or null, highlights one of its frames.

const PATH_AFTER = 900, FRAME_SIDE = 26, FRAME_OVER = 64;
let walk = null, along = 'slerp', frame = -1, asking = 0;

const path_wish = () => ({layout, along, a: pair.a, b: pair.b});
const walked_here = () => walk && Object.entries(path_wish()).every(([key, one]) => walk[key] === one);
function forget_walk() { walk = null; frame = -1; }
// A little later: whoever picks A and then B wants one walk, not two, and its frames come first.
function ask_for_path() {
  clearTimeout(asking);
  part('distorts').hidden = true;
  if (along === '') { forget_walk(); mark(); return; }
  asking = setTimeout(() => {
    if (V && ready && box.clientWidth && !walked_here() && seen(pair.a) && seen(pair.b)) send('path', path_wish());
  }, PATH_AFTER);
}
async function take_path(answer) {
  if (!answer || !ready || answer.token !== V.token) return;
  const wish = path_wish();
  if (Object.keys(wish).some(key => wish[key] !== answer[key])) return;  // of an older wish
  const image = await loaded(answer.uri);
  if (!image || Object.entries(path_wish()).some(([key, one]) => answer[key] !== one)) return;
  walk = {...answer, image};
  part('distorts').hidden = false;
  mark();
}
const frame_at = k => {
  const [u, v] = drawn_at(...walk.points[k]);
  return [u * view.s + view.tx, v * view.s + view.ty];
};
function draw_walk(s) {
  const places = walk.points.map((_, k) => frame_at(k));
  dotted(() => places.forEach(([u, v], k) => k ? over.lineTo(u, v) : over.moveTo(u, v)));
  const small = Math.min(FRAME_SIDE, s * 0.8);
  const ends = along.startsWith('attribute:') ? [] : [0, places.length - 1];  // A and B are marked already
  places.forEach((place, k) => { if (k !== frame && !ends.includes(k)) draw_frame(k, place, small); });
  if (frame >= 0 && frame < places.length) draw_frame(frame, places[frame], FRAME_OVER);
}
function draw_frame(k, [u, v], s) {
  const [w, h] = spriteSize(s);
  over.save();
  over.beginPath();
  over.roundRect(u - w / 2, v - h / 2, w, h, s * CORNER);
  over.clip();
  over.drawImage(walk.image, k * walk.width, 0, walk.width, walk.height, u - w / 2, v - h / 2, w, h);
  over.restore();
  outline(u, v, s, 1, k === frame ? theme('--map-hover') : theme('--map-ink'), k === frame ? 3 : 1.5);
}
function frame_under(u, v) {
  if (!walked_here()) return -1;
  const reach = FRAME_SIDE / 2;
  return walk.points.findIndex((_, k) => frame_at(k).every((at, j) => Math.abs(at - [u, v][j]) < reach));
}
function highlight(k) {
  if (k === frame) return;
  frame = k;
  mark();
}
function show_walks() {
  const chooser = part('walk'), ways = [['', 'No walk'], ['slerp', 'A to B (slerp)'], ['lerp', 'A to B (lerp)']];
  const sliders = V.sliders.map(name => ['attribute:' + name, `A along ${words(name)}`]);
  if (![...ways, ...sliders].some(([name]) => name === along)) along = 'slerp';
  chooser.replaceChildren(...[...ways, ...sliders].map(([name, text]) => new Option(text, name)));
  chooser.value = along;
}
function walk_along(name) {
  const known = [...part('walk').options].some(one => one.value === name);
  if (!known) return;
  part('walk').value = along = name;
  forget_walk();
  ask_for_path();
}
part('walk').addEventListener('change', event => walk_along(event.target.value));
document.addEventListener('explorer-along', event => walk_along(event.detail.along));
document.addEventListener('explorer-frame', event => highlight(event.detail ? event.detail.index : -1));
