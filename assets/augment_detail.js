// One new image in large: itself, the nearest training image, and how they differ.

const BRIGHTER = 3;

/** Return a canvas of BRIGHTER * |one - other|. */
const differenceCanvas = (one, other) => {
  const canvas = copyCanvas(one), pen = canvas.getContext('2d');
  const values = (picture) => {
    const copy = make('canvas');
    [copy.width, copy.height] = [picture.width, picture.height];
    const own = copy.getContext('2d', {willReadFrequently: true});
    own.drawImage(picture, 0, 0);
    return own.getImageData(0, 0, picture.width, picture.height);
  };
  const [a, b] = [values(one), values(other)];
  for (let k = 0; k < a.data.length; k++) {
    if (k % 4 < 3) a.data[k] = BRIGHTER * Math.abs(a.data[k] - b.data[k]);  // clamped by the array
  }
  pen.putImageData(a, 0, 0);
  return canvas;
};

/** Say where a number lies among those of real images; nothing where there is no number. */
const amongReal = (value, share, known) => {
  if (value === null) return '';
  if (!known) return 'not known';
  const range = `${known.low} – ${known.high}`;
  if (share === null) return range;
  if (share === 0) return `${range}; less than all`;
  if (share === 1) return `${range}; more than all`;
  return `${range}; more than ${Math.round(100 * share)} %`;
};

/** Fill the detail of one image. */
const fillDetail = (detail, set, index, pictures) => {
  const item = set.items[index];
  const fill = (selector, text) => { detail.querySelector(selector).textContent = text; };
  fill('.aug-name', item.name);
  fill('.aug-origin', item.origin);
  const places = {made: pictures.made[index], near: pictures.near && pictures.near[index]};
  if (places.near) places.difference = differenceCanvas(places.made, places.near);
  detail.querySelectorAll('.aug-place').forEach((place) => {
    const picture = places[place.dataset.which];
    place.replaceChildren(picture ? copyCanvas(picture) : make('span', 'aug-missing', 'Its model is not here.'));
  });
  const why = detail.querySelector('.aug-why');
  why.hidden = !item.reasons.length;
  why.textContent = item.reasons.length ? `Left out: ${item.reasons.join(', ')}.` : '';
  detail.querySelector('.aug-numbers tbody').replaceChildren(...set.measures.map((measure, column) => {
    const row = make('tr'), head = make('th', '', measure.title), value = item.values[column];
    head.scope = 'row';
    head.title = measure.text;
    const real = make('td', '', amongReal(value, item.shares[column], measure.real));
    if (measure.real) real.title = measure.real.source;
    row.append(head, make('td', '', value === null ? 'none' : value.toFixed(measure.digits)), real);
    return row;
  }));
  detail.hidden = false;
};
