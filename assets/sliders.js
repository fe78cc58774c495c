// One slider an attribute: the newest picture while moving, measured when at rest.
// Messages from Python: see explorer/ui/tabs/attributes.py. Events to Python: 'show', 'settle',
// 'spread'. Past the queue: server.preview.

const panel = element.querySelector('.sliders');
const find = (selector) => panel.querySelector(selector);
const list = find('.sliders-list'), resetAll = find('.reset-all'), busy = find('.panel-busy');
const problem = find('.sliders-error'), classRow = find('.class-row');
const LIMIT = 2, STEP = 0.05, SETTLE_MILLISECONDS = 220;
let wanted = '', shown = '', subject = null, rows = new Map(), visited = false;
let waiting = null, asking = false, settling = null, before = null;

const look = whenSeen(panel, () => wanted !== shown, () => {
  if (!subject) panel.dataset.state = 'waiting';
  trigger('show');
});

const signed = (value) => (value > 0 ? '+' : value < 0 ? '−' : '') + Math.abs(value).toFixed(2);
const strengths = () => Object.fromEntries(
  [...rows].filter(([, row]) => row.value !== 0).map(([name, row]) => [name, row.value]));
const same = (some, others) => JSON.stringify(Object.entries(some).sort())
  === JSON.stringify(Object.entries(others).sort());
const place = (strength) => (strength + LIMIT) / (2 * LIMIT);

// ---- pictures

const showPicture = async (figure, uri) => {
  const picture = await loadPicture(uri);
  const canvas = drawCell(picture, picture.naturalWidth, picture.naturalHeight);
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', figure === 'before' ? 'Image A as it is' : 'Image A after the change');
  find(`.${figure} .frame`).replaceChildren(canvas);
};

const complain = (text) => {
  problem.textContent = text;
  problem.hidden = !text;
};

/** Ask for the newest strengths only; what came in between is skipped. */
const pump = async () => {
  if (asking) return;
  asking = true;
  while (waiting) {
    const {started, ...request} = waiting;
    waiting = null;
    const answer = await server.preview(request);
    if (!subject || request.token !== subject.token) continue;
    if (!answer || !answer.ok) {
      complain(answer ? answer.error : 'The picture did not come; the terminal shows why.');
      continue;
    }
    complain('');
    await showPicture('after', answer.picture);
    panel.dataset.latency = Math.round(performance.now() - started);
  }
  asking = false;
};

const settle = () => {
  busy.hidden = false;
  trigger('settle', {strengths: strengths()});
};

const changed = () => {
  const now = strengths(), names = Object.keys(now);
  resetAll.disabled = !names.length;
  find('.changes').replaceChildren(...(names.length
    ? names.map((name) => make('li', '', `${rows.get(name).label} ${signed(now[name])}`))
    : [make('li', 'none', 'Nothing moved yet')]));
  find('.after').dataset.state = find('.sliders-verdict').dataset.state = 'old';
  classRow.dataset.state = 'old';
  waiting = {
    token: subject.token, model: subject.model, index: subject.index, strengths: now,
    started: performance.now(),
  };
  pump();
  clearTimeout(settling);
  settling = setTimeout(settle, SETTLE_MILLISECONDS);
};

// ---- rows

const setRow = (row, value) => {
  row.value = Math.max(-LIMIT, Math.min(LIMIT, Math.round(value / STEP) * STEP)) || 0;
  row.range.value = row.value;
  row.range.setAttribute('aria-valuetext', signed(row.value));
  if (document.activeElement !== row.number) row.number.value = row.value.toFixed(2);
  const [low, high] = [Math.min(0, row.value), Math.max(0, row.value)];
  row.fill.style.setProperty('--from', place(low));
  row.fill.style.setProperty('--to', place(high));
  row.node.classList.toggle('moved', row.value !== 0);
  row.button.textContent = row.value !== 0 ? 'Reset' : row.has ? 'Remove' : 'Add';
  row.button.setAttribute('aria-label', `${row.button.textContent} ${row.label}`);
  if (row.value === 0) row.meta.textContent = row.counts;
};

const tick = (kind, strength, title) => {
  const mark = make('span', 'tick ' + kind);
  mark.style.setProperty('--at', place(strength));
  mark.title = title;
  mark.hidden = Math.abs(strength) > LIMIT;
  return mark;
};

const makeRow = (attribute, number) => {
  const id = `attribute-${number}`;
  const node = make('div', 'slider-row');
  const name = make('label', 'slider-name', attribute.label);
  name.htmlFor = id;
  name.title = [attribute.direction, attribute.measured].filter(Boolean).join('; ');
  const meta = make('small', 'slider-meta', attribute.counts);
  meta.id = id + '-meta';
  const range = document.createElement('input');
  Object.assign(range, {type: 'range', id, min: -LIMIT, max: LIMIT, step: STEP, value: 0});
  range.setAttribute('aria-describedby', meta.id);
  const box = document.createElement('input');
  Object.assign(box, {type: 'number', min: -LIMIT, max: LIMIT, step: STEP, value: '0.00'});
  box.setAttribute('aria-label', `${attribute.label}, strength as a number`);
  const button = make('button', 'quiet-button slider-button');
  button.type = 'button';
  const track = make('div', 'slider-track');
  const fill = make('span', 'fill');
  track.append(
    make('span', 'groove'), make('span', 'zero'), fill,
    tick('without', -0.5 - attribute.position, 'Here it would look like a typical image without it'),
    tick('with', 0.5 - attribute.position, 'Here it would look like a typical image with it'),
    range);
  const measured = make('small', 'slider-measured', attribute.measured);
  node.append(name, meta, track, box, button);
  if (attribute.measured) node.append(measured);
  const row = {...attribute, node, range, number: box, button, meta, fill, value: 0};
  const move = (value) => { setRow(row, value); changed(); };
  range.addEventListener('input', () => move(Number(range.value)));
  range.addEventListener('dblclick', () => move(0));
  box.addEventListener('input', () => { if (box.value !== '' && box.validity.valid) move(box.valueAsNumber); });
  box.addEventListener('change', () => { box.value = row.value.toFixed(2); });
  button.addEventListener('click', () => move(row.value !== 0 ? 0 : row.has ? -row.flip : row.flip));
  setRow(row, 0);
  return row;
};

resetAll.addEventListener('click', () => {
  rows.forEach((row) => setRow(row, 0));
  changed();
});

// ---- messages

const drawSubject = async (message) => {
  shown = wanted = message.token;
  subject = message;
  rows = new Map(message.attributes.map((attribute, i) => [attribute.name, makeRow(attribute, i)]));
  list.replaceChildren(...[...rows.values()].map((row) => row.node));
  find('.sliders-note').textContent = message.note;
  find('.sliders-title').textContent = message.title;
  find('.before small').textContent = message.likelihood || message.drawn;
  find('.after small').textContent = message.likelihood;
  find('.sliders-reference').textContent = message.reference;
  find('.sliders-verdict').textContent = '';
  find('.sliders-nothing').hidden = true;
  classRow.replaceChildren();
  complain('');
  await Promise.all([showPicture('before', message.picture), showPicture('after', message.picture)]);
  panel.dataset.state = 'ready';
  const example = rows.get(message.example);
  if (!visited && example) setRow(example, example.has ? -example.flip : example.flip);
  visited = true;
  changed();
};

const drawOutcome = async (message) => {
  if (message.token !== subject?.token || !same(message.strengths, strengths())) return;
  find('.after small').textContent = message.likelihood;
  const verdict = find('.sliders-verdict');
  verdict.textContent = message.verdict;
  verdict.dataset.tone = message.tone;
  find('.after').dataset.state = verdict.dataset.state = 'new';
  rows.forEach((row, name) => {
    if (row.value !== 0) row.meta.textContent = `now ${signed(message.positions[name])} · with +0.50`;
  });
  await showPicture('after', message.picture);
  trigger('spread', {strengths: strengths()});
};

const drawClasses = async (message) => {
  if (message.token !== subject?.token || !same(message.strengths, strengths())) return;
  const cells = await cutSheet(message.sheet);
  const grid = [make('span', 'corner')];
  grid.push(...message.classes.map((name) => make('span', 'class-name', name)));
  ['before', 'after'].forEach((title, index) => {
    grid.push(make('span', 'row-label', title));
    cells[index].forEach((canvas, column) => {
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', `${message.classes[column]}, ${title}`);
      grid.push(canvas);
    });
  });
  classRow.style.setProperty('--columns', message.classes.length);
  classRow.replaceChildren(...grid);
  classRow.dataset.state = 'new';
  busy.hidden = true;
};

const drawNothing = (message) => {
  shown = wanted = message.token;
  subject = null;
  find('.nothing-text').textContent = message.text;
  find('.nothing-others').textContent = message.others;
  find('.sliders-nothing').hidden = false;
  panel.dataset.state = 'nothing';
};

const receive = () => {
  const message = props.value;
  if (!message) return;
  if (message.kind === 'stale') { wanted = message.token; look(); }
  if (message.kind === 'subject') drawSubject(message);
  if (message.kind === 'outcome') drawOutcome(message);
  if (message.kind === 'row') drawClasses(message);
  if (message.kind === 'nothing') drawNothing(message);
  if (message.kind === 'problem') { shown = wanted; busy.hidden = true; }
};
watch('value', receive);
receive();
