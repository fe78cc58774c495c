// The map: every image where its latent lies, on a plain 2-D canvas; a click picks.
//
// The files of this folder are joined in the order of ui/latent_map.py and run once as the body of
// a gr.HTML's js_on_load, with `element`, `props`, `trigger`, `watch`.
//
// props.value: null or {token, base, title, count, columns, cell: [width, height], guests, a, b,
// layouts: [{name, title, note}], sliders: [name]}. Data are fetched below `base`, see
// ui/map_data.py. Events to the server, all with the token of the files that are drawn:
//
//   pick    {a, b}                                       positions; from `count` on they are guests
//   lasso   {layout, polygon: [x, y, ...], by, off}      corners in the layout's own units
//   clear   {}                                           nothing is selected any more
//   path    {layout, along, a, b}                        draw a walk here
//   guests  {layout}                                     where do the guests lie
//   arrange {n_neighbors, min_dist, metric}, stop {}     compute another map; give up
//
// The server's longer answers come as events on `document`: explorer-selection, explorer-guests,
// explorer-path, explorer-layout, explorer-view, explorer-refused. Each says what it answers, by the question's `ask`
// too, so that a late one is not believed.

const PICK_RADIUS = 14, DRAG_PIXELS = 4, CARD_DELAY = 30, GLIDE = 420;
const ANSWER_WITHIN = 2000;  // a pick that was not answered by then is no longer waited for

const box = element.querySelector('.map');
const part = name => element.querySelector('.map-' + name);
const paper = part('pictures'), marks = part('marks'), card = part('card');
// Software canvases: without a GPU they are far faster than an emulated one, and always alike.
const ink = paper.getContext('2d', {willReadFrequently: true});
const over = marks.getContext('2d', {willReadFrequently: true});

let V = null, about = null, atlas = null, tables = {}, layout = '', ready = false;
let count = 0, total = 0;  // gallery images; these and the guests
let x = new Float32Array(0), y = x, label = x, heldOut = x;
let selected = null;  // Uint8Array, 1 where the lasso chose; null where all are alike
let pair = {a: -1, b: -1}, turn = 'a', mode = 'pictures', hover = -1, drawn = [], sent = [];  // the last clicks
let W = 0, H = 0, dpr = 1, view = {s: 1, tx: 0, ty: 0}, fitted = 1, moved = false;

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
  if (/^[^\p{L}]+$/u.test(text)) node.setAttribute('aria-label', help);  // a sign has no name of its own
  node.addEventListener('click', event => act(node, event));
  return node;
};
const number = n => n.toLocaleString('en');
const words = text => text.replaceAll('_', ' ');
const theme = name => getComputedStyle(box).getPropertyValue(name).trim();
const say = text => { part('said').textContent = text; };
const px = i => x[i] * view.s + view.tx;
const py = i => y[i] * view.s + view.ty;
let asks = 0;
const send = (name, message) => trigger(name, {token: V.token, ask: ++asks, ...message});

function problem(text) {
  part('problem').textContent = text;
  part('problem').hidden = !text;
}
