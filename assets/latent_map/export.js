// ---- the map as a picture: what is seen, with title, legend and counts, in the reader's language

const MARGIN = 16, LINE = 20, told = window.__language.text;

async function map_blob(scale = 2) {
  const patience = stampTime;
  measure(scale);  // draw it anew, as fine as the picture will be
  stampTime = Infinity;
  draw();
  mark();
  const canvas = map_picture(scale);
  stampTime = patience;
  measure();
  draw();
  mark();
  return new Promise(done => canvas.toBlob(done, 'image/png'));
}
function map_picture(scale) {
  const entries = shade.kind === 'category'
    ? shade.labels.map((text, k) => [shade.tints[k], told(words(text))]).filter((_, k) => !off.has(k)) : [];
  const canvas = document.createElement('canvas'), c = canvas.getContext('2d');
  const rows = entries.length ? legend_rows(c, entries) : 2;
  const {title, note} = layout_card(layout);
  const above = lines_of(c, `${told(title)}. ${told(note)}`);
  const below = lines_of(c, `${told(shown_text())}. ${told('A 2-D map distorts distance.')}`);
  const top = MARGIN + LINE * (1 + above.length), bottom = LINE * (rows + below.length) + MARGIN;
  canvas.width = W * scale;
  canvas.height = (H + top + bottom) * scale;
  c.scale(scale, scale);
  c.fillStyle = theme('--map-paper');
  c.fillRect(0, 0, W, H + top + bottom);
  c.imageSmoothingQuality = 'high';
  c.drawImage(paper, 0, top, W, H);
  c.drawImage(marks, 0, top, W, H);
  const say_at = (text, u, v, style, font = '13px') => {
    c.fillStyle = style;
    c.font = font + ' system-ui, sans-serif';
    c.fillText(text, u, v);
  };
  c.textBaseline = 'middle';
  say_at(V.title, MARGIN, MARGIN + LINE / 2, theme('--map-ink'), '650 16px');
  above.forEach((line, k) => say_at(line, MARGIN, MARGIN + LINE * (k + 1.5), theme('--quiet')));
  const foot = top + H;
  if (entries.length) legend_rows(c, entries, foot + LINE / 2);
  else draw_scale(c, foot + LINE / 2, say_at);
  below.forEach((line, k) => say_at(line, MARGIN, foot + LINE * (rows + k + 0.5), theme('--quiet')));
  return canvas;
}
// A text in lines that fit into the picture.
function lines_of(c, text) {
  const lines = [''];
  c.font = '13px system-ui, sans-serif';
  for (const word of text.split(' ')) {
    const longer = (lines.at(-1) + ' ' + word).trim();
    if (c.measureText(longer).width <= W - 2 * MARGIN) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
// Lay out the legend in rows; with `top`, draw it. Returns the number of rows.
function legend_rows(c, entries, top) {
  let left = MARGIN, row = 0;
  c.font = '13px system-ui, sans-serif';
  for (const [colour, text] of entries) {
    const wide = c.measureText(text).width + 34;
    if (left + wide > W - MARGIN && left > MARGIN) { left = MARGIN; row++; }
    if (top !== undefined) {
      c.beginPath();
      c.arc(left + 5, top + row * LINE, 5, 0, 2 * Math.PI);
      c.fillStyle = colour;
      c.fill();
      c.fillStyle = theme('--map-ink');
      c.fillText(text, left + 16, top + row * LINE);
    }
    left += wide;
  }
  return row + 1;
}
function draw_scale(c, top, say_at) {
  const wide = Math.min(260, W - 2 * MARGIN), band = c.createLinearGradient(MARGIN, 0, MARGIN + wide, 0);
  STOPS.forEach((stop, k) => band.addColorStop(k / (STOPS.length - 1), stop));
  c.fillStyle = band;
  c.fillRect(MARGIN, top - 6, wide, 10);
  const unit = shade.unit ? ' ' + shade.unit : '';
  const [low, high] = [shade.low, shade.high].map(v => told(figure(v)));
  say_at(`${told(shade.title)}: ${low} – ${high}${unit}`, MARGIN, top + LINE, theme('--map-ink'));
}
// What is looked at, as the server's `MapView` says it.
function map_view() {
  const [left, top] = data_at(0, 0), [right, bottom] = data_at(W, H);
  const [a, b] = ['a', 'b'].map((slot, k) => pair[slot] === V[slot] ? V.sources[k] : describe(pair[slot]).source);
  return {kind: 'map', model: V.model, layout, colour: shade.name, mode, a, b,
    window: moved ? [left, bottom, right, top] : []};
}
