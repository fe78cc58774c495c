// One walk between two images: frames of each path aligned by t, a closer look, the norms.
// Messages from Python: see explorer/ui/walk_panel.py. Event to Python: 'show'.

const panel = element.querySelector('.walk');
const find = (selector) => panel.querySelector(selector);
const frames = find('.walk-frames'), strip = find('.walk-strip'), rail = find('input[type=range]');
const playButton = find('.walk-play'), busy = find('.panel-busy');
const SVG = 'http://www.w3.org/2000/svg';
const measures = find('.walk-measures'), loop = find('.walk-loop select');
const PLAY_MILLISECONDS = 130, LABEL_WIDTH = 56, TICK_WIDTH = 28;
const FILES = ['png', 'zip', 'gif', 'mp4', 'npz'];
const LATE_ANSWERS = 3;
let wanted = '', asked = '', shown = '', late = 0, cells = [], images = [], walk = null, position = 0, timer = null;

panel.classList.add(props.look);
const measured = props.look !== 'glance';
if (window.__share) find('.walk-tools').append(window.__share(() => walk && walk.view, FILES));

const isStale = () => wanted !== shown;
const unasked = () => isStale() && asked !== wanted;
const look = whenSeen(panel, unasked, () => {
  asked = wanted;
  busy.hidden = false;
  panel.dataset.state = walk ? 'stale' : 'waiting';
  trigger('show');
});

const label = (t) => 't = ' + t.toFixed(2);

// On a phone the frames are wider than the page: bring the one at t into sight.
const bringIntoSight = () => {
  const scroll = find('.walk-scroll'), cell = frames.querySelector('.cell.now');
  const middle = cell.offsetLeft + cell.offsetWidth / 2;
  scroll.scrollTo({left: middle - (scroll.clientWidth + LABEL_WIDTH) / 2});
};

const show = (column) => {
  position = Math.max(0, Math.min(column, walk.positions.length - 1));
  rail.value = position;
  rail.setAttribute('aria-valuetext', label(walk.positions[position]));
  panel.querySelectorAll('.now').forEach((cell) => cell.classList.remove('now'));
  panel.querySelectorAll(`[data-column="${position}"]`).forEach((cell) => cell.classList.add('now'));
  if (measured) readCharts(measures, walk.charts, position, label(walk.positions[position]));
  if (props.look !== 'closer') return;
  document.dispatchEvent(new CustomEvent('explorer-frame', {detail: {index: position}}));
  walk.rows.forEach((row, index) => {
    const figure = find('.walk-now.' + row.method);
    if (!figure) return;
    figure.querySelector('.frame').replaceChildren(copyCanvas(cells[index][position]));
    const caption = figure.querySelector('figcaption');
    caption.replaceChildren(
      make('b', '', row.method), document.createTextNode(' at ' + label(walk.positions[position])),
      make('small', row.typical[position] ? '' : 'warm', row.shares[position] + ' of the typical norm'));
  });
};

const drawEnd = (name, end, canvas) => {
  const figure = find('.end-' + name);
  figure.querySelector('.frame').replaceChildren(copyCanvas(canvas));
  const caption = figure.querySelector('figcaption');
  caption.replaceChildren(
    make('b', '', name.toUpperCase()), document.createTextNode(' ' + end.title),
    make('small', '', end.attributes));
};

const drawFrames = () => {
  frames.style.setProperty('--columns', walk.positions.length);
  panel.style.setProperty('--columns', walk.positions.length);
  const grid = [];
  walk.rows.forEach((row, index) => {
    grid.push(make('span', 'row-label ' + row.method, row.method));
    images[index].forEach((image, column) => {
      const cell = make('div', 'cell ' + row.method);
      cell.dataset.column = column;
      if (column === 0) cell.classList.add('end-a');
      if (column === walk.positions.length - 1) cell.classList.add('end-b');
      image.alt = `${row.method} at ${label(walk.positions[column])}`;
      cell.append(image);
      grid.push(cell);
    });
  });
  grid.push(make('span', 'row-label t-label', 't'));
  const room = Math.max(1, frames.clientWidth - LABEL_WIDTH);
  const every = Math.ceil(walk.positions.length * TICK_WIDTH / room);
  walk.positions.forEach((t, column) => {
    const last = column === walk.positions.length - 1;
    const crowded = walk.positions.length - 1 - column < every && !last;
    const text = (column % every === 0 && !crowded) || last ? String(Number(t.toFixed(2))) : '';
    const tick = make('span', 't-label', text);
    tick.dataset.column = column;
    grid.push(tick);
  });
  frames.replaceChildren(...grid);
};

const drawStrip = () => {
  const {low, high, lines} = walk.strip;
  const band = document.createElementNS(SVG, 'rect');
  Object.entries({class: 'band', x: 0, y: high, width: 1, height: Math.max(low - high, 0.02)})
    .forEach(([name, value]) => band.setAttribute(name, value));
  const count = walk.positions.length;
  const curves = lines.map((heights, index) => {
    const curve = document.createElementNS(SVG, 'polyline');
    curve.setAttribute('class', walk.rows[index].method);
    curve.setAttribute('points', heights.map((y, i) => `${(i + 0.5) / count},${y}`).join(' '));
    return curve;
  });
  strip.replaceChildren(band, ...curves);
  find('.walk-band').textContent = walk.legend;
};

const drawWords = () => {
  find('.walk-title').textContent = walk.title;
  find('.walk-note').textContent = walk.note;
  find('.panel-doing').textContent = 'computing';
  const verdict = find('.walk-verdict');
  verdict.dataset.tone = walk.tone;
  verdict.querySelector('strong').textContent = walk.headline;
  verdict.querySelector('p').textContent = walk.verdict;
  find('.walk-facts').replaceChildren(...walk.facts.flatMap((fact) => {
    const value = make('dd', '', fact.value);
    value.append(make('small', '', fact.reference));
    return [make('dt', '', fact.name), value];
  }));
};

const draw = async (message) => {
  const cut = await cutSheet(message.sheet), shots = await stills(cut);
  if (props.value !== message && props.value.key !== message.key) return;
  walk = message;
  cells = cut;
  images = shots;
  shown = message.key;
  panel.dataset.state = 'ready';  // what is hidden has no width to lay out by
  drawFrames();
  drawStrip();
  drawWords();
  if (measured) measures.replaceChildren(...walk.charts.map((chart) => drawMeasure(chart, walk.positions.length)));
  const last = walk.positions.length - 1;
  drawEnd('a', walk.ends[0], cells[0][0]);
  drawEnd('b', walk.ends[1], cells[0][last]);
  rail.max = last;
  show(Math.floor(last / 2));
  busy.hidden = isStale() ? busy.hidden : true;
};

const fail = (text) => {
  shown = wanted;
  busy.hidden = true;
  panel.dataset.state = 'problem';
  const verdict = find('.walk-verdict');
  verdict.dataset.tone = 'warm';
  verdict.querySelector('strong').textContent = 'No walk.';
  verdict.querySelector('p').textContent = text;
};

const clear = () => {
  shown = '';
  walk = null;
  busy.hidden = true;
  panel.dataset.state = 'waiting';
};

const stop = () => {
  clearInterval(timer);
  timer = null;
  playButton.classList.remove('playing');
};

let direction = 1;
const step = () => {
  if (!panel.getClientRects().length) return stop();
  const last = walk.positions.length - 1;
  if (loop.value === 'again') direction = 1;
  else if (position + direction > last || position + direction < 0) direction = -direction;
  show((position + direction) % (last + 1));
  bringIntoSight();
};

playButton.addEventListener('click', () => {
  if (timer || !walk) return stop();
  playButton.classList.add('playing');
  timer = setInterval(step, PLAY_MILLISECONDS);
});
rail.addEventListener('input', () => {
  stop();
  if (!walk) return;
  show(Number(rail.value));
  bringIntoSight();
});
const follow = (event) => {
  const cell = event.target.closest('[data-column]');
  if (cell && walk) { stop(); show(Number(cell.dataset.column)); }
};
[frames, measures].forEach((area) => {
  area.addEventListener('pointerover', follow);
  area.addEventListener('pointerdown', follow);
});

const receive = () => {
  const message = props.value;
  if (!message) return;
  if (message.kind === 'stale') {
    wanted = message.key;
    asked = '';
    late = 0;
    if (wanted) look(); else clear();
  }
  if (message.kind === 'progress') find('.panel-doing').textContent = message.text;
  if (message.kind === 'problem') fail(message.text);
  if (message.kind === 'walk') {
    // A late answer must not undo a newer wish: ask again, but not for ever.
    if (!wanted || (message.key !== wanted && ++late > LATE_ANSWERS)) wanted = message.key;
    if (message.key !== wanted) asked = '';
    draw(message);
    look();
  }
};
watch('value', receive);
receive();
