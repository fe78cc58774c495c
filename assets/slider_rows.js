// The rows of the attribute sliders: a track that shows its evidence, a number box, a lock.
// What moves a row calls its `moved`; nothing here speaks to Python.

const LIMIT = 3, STEP = 0.05, FILTER_FROM = 12;
const LOCK_SHAPE = '<svg viewBox="0 0 20 16" width="17" height="14" aria-hidden="true">'
  + '<path d="M5 8V5a3 3 0 0 1 6 0v3"/><rect x="3" y="7" width="10" height="8" rx="1.5"/></svg>';
const clamped = (value) =>
  Math.max(-LIMIT, Math.min(LIMIT, Math.round(value / STEP) * STEP)) || 0;
const signed = (value) => {
  const digits = Math.abs(value).toFixed(2);
  return (digits === '0.00' ? '' : value > 0 ? '+' : '−') + digits;
};
const place = (strength) => (Math.max(-LIMIT, Math.min(LIMIT, strength)) + LIMIT) / (2 * LIMIT);
const count = (number) => number.toLocaleString('en');

/** Tell what supports a strength of a row: 'own', 'borrowed', 'none', or '' as long as unknown. */
const supportOf = (row, value) => {
  if (!row.evidence) return '';
  const within = (span) => span && value >= span[0] - 1e-9 && value <= span[1] + 1e-9;
  return within(row.evidence.own) ? 'own' : within(row.evidence.borrowed) ? 'borrowed' : 'none';
};

/** Say in one sentence how far a moved row's evidence goes; empty where all is well. */
const caution = (row) => {
  const support = supportOf(row, row.value), known = row.evidence;
  if (row.value === 0 || support === '' || support === 'own') return '';
  if (support === 'borrowed' && !known.own) {
    return `${row.label}: its own class has too few images, only other classes support this.`;
  }
  const span = support === 'borrowed' ? known.own : known.borrowed;
  if (!span) return `${row.label}: no evidence at all, too few images.`;
  const end = signed(row.value > 0 ? span[1] : span[0]);
  return support === 'borrowed'
    ? `${row.label}: beyond ${end} nobody of its own class goes there, only other classes do.`
    : `${row.label}: no evidence beyond ${end}, nobody in the data goes there.`;
};

const segment = (track, kind, from, to, title) => {
  if (place(to) <= place(from)) return;
  const node = make('span', 'evidence ' + kind);
  node.style.setProperty('--from', place(from));
  node.style.setProperty('--to', place(to));
  node.title = title;
  track.append(node);
};

const drawEvidence = (row, evidence) => {
  row.evidence = evidence;
  row.bed.replaceChildren();
  const {own, borrowed} = evidence;
  if (borrowed) {
    segment(row.bed, 'borrowed', ...borrowed,
      `${count(evidence.borrowed_count)} images of other classes reach from ${signed(borrowed[0])} to ${signed(borrowed[1])}`);
  }
  if (own) {
    segment(row.bed, 'own', ...own,
      `${count(evidence.own_count)} images of its own class reach from ${signed(own[0])} to ${signed(own[1])}`);
  }
  row.track.classList.add('known');
  mark(row);
};

const mark = (row) => {
  row.node.dataset.support = row.value === 0 ? '' : supportOf(row, row.value);
};

const setRow = (row, value) => {
  row.value = clamped(value);
  row.range.value = row.value;
  row.range.setAttribute('aria-valuetext', signed(row.value));
  if (document.activeElement !== row.number) row.number.value = row.value.toFixed(2);
  row.fill.style.setProperty('--from', place(Math.min(0, row.value)));
  row.fill.style.setProperty('--to', place(Math.max(0, row.value)));
  row.node.classList.toggle('moved', row.value !== 0);
  row.button.textContent = row.value !== 0 ? 'Reset' : row.has ? 'Remove' : 'Add';
  row.button.setAttribute('aria-label', `${row.button.textContent} ${row.label}`);
  row.position.textContent = signed(row.start);
  mark(row);
};

const setLock = (row, locked) => {
  row.locked = locked;
  row.lock.setAttribute('aria-pressed', String(locked));
  row.lock.title = locked
    ? 'Locked: kept by reset, random and the next image' : 'Lock: keep it at reset, random and the next image';
  row.node.classList.toggle('locked', locked);
};

const tick = (kind, strength, title) => {
  const node = make('span', 'tick ' + kind);
  node.style.setProperty('--at', place(strength));
  node.title = title;
  node.hidden = Math.abs(strength) > LIMIT;
  return node;
};

/** Build one row. `moved(row, value)`, `locked()` and `remove(row)` are called when asked for. */
const makeRow = (attribute, number, {moved, locked, remove}) => {
  const id = `attribute-${number}`, node = make('div', 'slider-row');
  const name = make('label', 'slider-name', attribute.label);
  name.htmlFor = id;
  name.title = attribute.direction;
  const meta = make('small', 'slider-meta', attribute.counts);
  meta.id = id + '-meta';
  meta.title = attribute.measured;
  const range = document.createElement('input');
  Object.assign(range, {type: 'range', id, min: -LIMIT, max: LIMIT, step: STEP, value: 0});
  range.setAttribute('aria-describedby', meta.id);
  const box = document.createElement('input');
  Object.assign(box, {type: 'number', min: -LIMIT, max: LIMIT, step: STEP, value: '0.00'});
  box.setAttribute('aria-label', `${attribute.label}, strength as a number`);
  const button = make('button', 'quiet-button slider-button');
  const lock = make('button', 'slider-lock');
  lock.setAttribute('aria-label', `Lock ${attribute.label}`);
  lock.innerHTML = LOCK_SHAPE;
  button.type = lock.type = 'button';
  const track = make('div', 'slider-track'), bed = make('span', 'bed'), fill = make('span', 'fill');
  const position = make('span', 'zero-position');
  position.title = attribute.binary
    ? 'Where the image itself lies: −0.5 is a typical image without it, +0.5 one with it'
    : 'Where the image itself lies along it';
  track.append(make('span', 'groove'), bed, fill, make('span', 'zero'), position);
  if (attribute.binary) {
    track.append(
      tick('without', -0.5 - attribute.position, 'Here it would look like a typical image without it'),
      tick('with', 0.5 - attribute.position, 'Here it would look like a typical image with it'));
  }
  track.append(range);
  node.append(name, meta, track, box, lock, button);
  const row = {
    ...attribute, start: attribute.position, node, range, number: box, button, lock, meta, fill, track, bed,
    position, evidence: null, value: 0, locked: false,
  };
  if (attribute.own) {
    const bin = make('button', 'slider-delete', 'Delete');
    bin.type = 'button';
    bin.setAttribute('aria-label', `Delete ${attribute.label}`);
    const ask = (asked) => {  // the text alone cannot tell: it may be translated
      bin.dataset.asked = asked;
      bin.textContent = asked ? 'Really?' : 'Delete';
    };
    bin.addEventListener('click', () => { if (bin.dataset.asked === 'true') remove(row); else ask(true); });
    bin.addEventListener('blur', () => ask(false));
    node.append(bin);
  }
  range.addEventListener('input', () => moved(row, Number(range.value), false));
  range.addEventListener('change', () => moved(row, Number(range.value), true));
  range.addEventListener('dblclick', () => moved(row, 0, true));
  box.addEventListener('input', () => {
    if (box.value !== '' && Math.abs(box.valueAsNumber) <= LIMIT) moved(row, box.valueAsNumber, false);
  });
  box.addEventListener('change', () => {
    if (box.value !== '') moved(row, box.valueAsNumber, true);
    box.value = row.value.toFixed(2);
  });
  button.addEventListener('click', () =>
    moved(row, row.value !== 0 ? 0 : row.has ? -row.flip : row.flip, true));
  lock.addEventListener('click', () => { setLock(row, !row.locked); locked(); });
  setLock(row, false);
  setRow(row, 0);
  return row;
};

/** Show only the rows whose label holds a text; a group without rows goes too. */
const filterRows = (list, text) => {
  const wish = text.trim().toLowerCase();
  list.querySelectorAll('.slider-group').forEach((group) => {
    let left = 0;
    group.querySelectorAll('.slider-row').forEach((node) => {
      const fits = node.querySelector('.slider-name').textContent.toLowerCase().includes(wish);
      node.hidden = !fits;
      left += fits;
    });
    group.hidden = !left;
  });
};
