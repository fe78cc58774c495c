// ---- colours: what each image's colour says, and which values are greyed out
//
// `shade` is {name, title, kind: "category", labels, tints} or {..., kind: "number", low, high,
// unit}; `value` holds a category's number or a measured one an image, NaN where it is not known.

const COLOURS = ['#e76f51', '#2a9d8f', '#7c70c9', '#e9a23b', '#4f7cac', '#c2577a', '#6a994e',
  '#a9795a', '#3d9be9', '#9a5fc4', '#b8860b', '#5b8e7d'];
const TWO = ['#b6bcc8', '#4f46e5'];  // without, with
// Stops of a scale of even lightness steps that colour-blind people can read (viridis).
const STOPS = ['#440154', '#472d7b', '#3b528b', '#2c728e', '#21918c', '#28ae80', '#5ec962',
  '#addc30', '#fde725'];

let shade = null, value = new Float32Array(0), tint = new Uint32Array(0), off = new Set();
let wantedColour = '';

const two_digits = byte => Math.round(byte).toString(16).padStart(2, '0');
const hex = text => [1, 3, 5].map(k => parseInt(text.slice(k, k + 2), 16));
const packed = text => { const [r, g, b] = hex(text); return (255 << 24 | b << 16 | g << 8 | r) >>> 0; };
const category_colour = k => {
  if (k < COLOURS.length) return COLOURS[k];
  const channel = j => {  // of a hue far from its predecessors, at 45 % saturation, 52 % lightness
    const t = (j + (k * 137.5) % 360 / 30) % 12;
    return two_digits(255 * (0.52 - 0.216 * Math.max(-1, Math.min(t - 3, 9 - t, 1))));
  };
  return '#' + channel(0) + channel(8) + channel(4);
};
const scale_colour = t => {
  const k = Math.min(1, Math.max(0, t)) * (STOPS.length - 1), low = Math.min(STOPS.length - 2, Math.floor(k));
  const [from, to] = [hex(STOPS[low]), hex(STOPS[low + 1])];
  return '#' + from.map((c, j) => two_digits(c + (to[j] - c) * (k - low))).join('');
};
const active = i => (!selected || i >= count || selected[i] === 1)
  && !(shade.kind === 'category' && off.has(value[i]));

function colour_by_class() {
  wantedColour = 'class';
  const known = about.colours.find(one => one.name === 'class');
  shade_by(known, i => label[i]);
}
async function colour_by(name) {
  wantedColour = name;
  const {token, base} = V, wished = () => V && V.token === token && wantedColour === name;
  try {
    const known = about.colours.find(one => one.name === name);
    const table = await fetched(`${base}colour-${encodeURIComponent(name)}.bin`)
      .then(answer => answer.arrayBuffer());
    if (!wished()) return;  // another colouring was chosen meanwhile
    const values = new Float32Array(table);
    shade_by(known, i => values[i]);
  } catch (error) {
    if (wished()) problem('The colours did not arrive: ' + error.message);
    return;
  }
  rank();
  show_legend();
  leave();
  paint();
}
function shade_by(known, of) {
  shade = {...known};
  off = new Set();
  value = Float32Array.from({length: count}, (_, i) => of(i));
  tint_all();
}
// Guests come and go, so that values and tints are filled up for them.
function tint_all() {
  const values = new Float32Array(total).fill(NaN);
  values.set(value.subarray(0, count));
  if (shade.kind === 'category') {
    shade.labels = shade.labels.slice();
    guests.forEach((guest, k) => { values[count + k] = guest_value(guest); });
    const colours = shade.name.startsWith('attribute') ? TWO : shade.labels.map((_, k) => category_colour(k));
    shade.tints = colours;
    const table = colours.map(packed), unknown = packed('#9aa3b2');
    tint = Uint32Array.from(values, v => Number.isNaN(v) ? unknown : table[v]);
  } else {
    const span = shade.high - shade.low || 1, table = Array.from({length: 256}, (_, k) => packed(scale_colour(k / 255)));
    const unknown = packed('#9aa3b2');
    tint = Uint32Array.from(values, v => Number.isNaN(v) ? unknown
      : table[Math.round(255 * Math.min(1, Math.max(0, (v - shade.low) / span)))]);
  }
  value = values;
  forget_stamps();
}
function guest_value(guest) {
  if (shade.name === 'class') return guest.label < 0 ? NaN : guest.label;
  if (shade.name !== 'split') return NaN;
  if (!shade.labels.includes(guest.origin)) shade.labels.push(guest.origin);
  return shade.labels.indexOf(guest.origin);
}
