// Attribute sliders of one image: the newest picture while moving, measured when at rest.
// Rows are built by slider_rows.js. Messages from Python: see explorer/ui/attributes/messages.py.
// Events to Python: 'show', 'settle', 'spread', 'support', 'forget'. Past the queue: server.preview.

const panel = element.querySelector('.sliders');
const find = (selector) => panel.querySelector(selector);
const list = find('.sliders-list'), resetAll = find('.reset-all'), busy = find('.panel-busy');
const filter = find('.sliders-filter'), randomise = find('.randomise');
const problem = find('.sliders-error'), classRow = find('.class-row');
const SETTLE_MILLISECONDS = 220, LATE_ANSWERS = 3, AT_ONCE = 2, EXACT = 0.5;
let wanted = '', shown = '', late = 0, subject = null, rows = new Map(), visited = false;
let settling = null, settled = '', of = 'classes', selected = {count: 0, shown: 0};
// Every wish has a number; a picture is drawn only if none of a newer wish, or an exact one of the
// same wish, is there already.
let wish = 0, asked = 0, flying = 0, drawn = 0;
let restored = '', latest = '';
// What supports the images of the row, and the change the row shows: they come one after the other.
let rowSupport = null, rowStrengths = {};

const look = whenSeen(panel, () => wanted !== shown, () => {
  if (!subject) panel.dataset.state = 'waiting';
  trigger('show');
});

const questions = Object.fromEntries(
  ['settle', 'spread', 'support'].map((name) => [name, inTurn((data) => trigger(name, data))]));

const strengths = () => Object.fromEntries(
  [...rows].filter(([, row]) => row.value !== 0).map(([name, row]) => [name, row.value]));
const same = (some, others) => JSON.stringify(Object.entries(some).sort())
  === JSON.stringify(Object.entries(others).sort());

// ---- pictures

const showPicture = async (figure, uri, isCurrent = () => true) => {
  const picture = await loadPicture(uri);
  if (!isCurrent()) return false;
  const canvas = drawCell(picture, picture.naturalWidth, picture.naturalHeight);
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', figure === 'before' ? 'Image A as it is' : 'Image A after the change');
  find(`.${figure} .frame`).replaceChildren(canvas);
  return true;
};

/** Draw the edited picture of a wish unless a newer or better one is there; tell whether it was. */
const showAfter = async (uri, number) => {
  const isCurrent = () => number > drawn;
  if (!isCurrent() || !await showPicture('after', uri, isCurrent)) return false;
  drawn = number;
  panel.dataset.drawn = Number(panel.dataset.drawn || 0) + 1;
  return true;
};

const complain = (text) => {
  problem.textContent = text;
  problem.hidden = !text;
};

/** Ask for the newest strengths; what came in between is skipped. Two questions are on their way
    at a time, so that the model draws while the last picture travels. */
const pump = async () => {
  if (flying >= AT_ONCE || asked === wish || !subject) return;
  const number = asked = wish, started = performance.now(), token = subject.token;
  flying += 1;
  try {
    const answer = await server.preview({
      token, model: subject.model, index: subject.index, strengths: strengths(), kinds: subject.kinds,
    });
    if (subject?.token !== token) return;
    if (!answer?.ok) {
      if (number === wish) complain(answer?.error || 'The picture did not come; the terminal shows why.');
    } else if (await showAfter(answer.picture, number)) {
      complain('');
      panel.dataset.latency = Math.round(performance.now() - started);
    }
  } catch {
    if (number === wish) complain('The page does not answer. Is the program still running?');
  } finally {
    flying -= 1;
    pump();
  }
};

const support = () => questions.support.ask({token: subject.token, strengths: strengths(), of});

const settle = () => {
  clearTimeout(settling);
  settling = null;
  const now = strengths(), key = JSON.stringify([subject.token, now]);
  if (key === settled) return;
  settled = key;
  busy.hidden = false;
  questions.settle.ask({token: subject.token, strengths: now});
  support();
};

const drawWords = () => {
  const now = strengths(), names = Object.keys(now);
  resetAll.disabled = ![...rows.values()].some((row) => row.value !== 0 && !row.locked);
  find('.changes').replaceChildren(...(names.length
    ? names.map((name) => make('li', '', `${rows.get(name).label} ${signed(now[name])}`))
    : [make('li', 'none', 'Nothing moved yet')]));
  const moved = names.map((name) => rows.get(name));
  const supports = moved.map((row) => supportOf(row, row.value));
  find('.after').dataset.support = supports.includes('none') ? 'none'
    : supports.includes('borrowed') ? 'borrowed' : '';
  find('.cautions').replaceChildren(...moved.map((row) => [supportOf(row, row.value), caution(row)])
    .filter(([, text]) => text).map(([support, text]) => make('li', support, text)));
};

const changed = (atRest) => {
  if (!subject) return;
  wish += 1;
  settled = '';
  drawWords();
  find('.after').dataset.state = find('.sliders-verdict').dataset.state = 'old';
  classRow.dataset.state = 'old';
  pump();
  clearTimeout(settling);
  settling = atRest ? null : setTimeout(settle, SETTLE_MILLISECONDS);
  if (atRest) settle();
};

const spread = () => {
  if (subject) questions.spread.ask({token: subject.token, strengths: strengths(), of});
};

// ---- what a person does

const moved = (row, value, atRest) => {
  latest = row.name;
  if (clamped(value) === row.value && !atRest) return;
  const before = row.value;
  setRow(row, value);
  if (row.value !== before) changed(atRest);
  else settle();
};

resetAll.addEventListener('click', () => {
  rows.forEach((row) => { if (!row.locked) setRow(row, 0); });
  changed(true);
});

/** Move three unlocked attributes, each by no more than its evidence and what was measured. */
randomise.addEventListener('click', () => {
  const free = [...rows.values()].filter((row) => !row.locked);
  free.forEach((row) => setRow(row, 0));
  for (const row of free.sort(() => Math.random() - 0.5).slice(0, 3)) {
    const [low, high] = row.evidence?.borrowed || [-1, 1];
    const value = (Math.random() * 2 - 1) * Math.max(row.flip, 0.5);
    setRow(row, Math.max(Math.min(low, 0), Math.min(Math.max(high, 0), value)));
  }
  changed(true);
});

filter.addEventListener('input', () => filterRows(list, filter.value));

// The list fades at its lower edge while rows lie below; it grows and shrinks with its groups.
const hintMore = () =>
  list.classList.toggle('more', list.scrollHeight - list.scrollTop - list.clientHeight > 1);
const listSize = new ResizeObserver(hintMore);
listSize.observe(list);
list.addEventListener('scroll', hintMore, {passive: true});

const choose = (kind) => {
  of = kind;
  panel.querySelectorAll('.row-choice button').forEach((button) =>
    button.setAttribute('aria-pressed', String(button.dataset.of === of)));
  drawRowNote();
};
panel.querySelectorAll('.row-choice button').forEach((button) =>
  button.addEventListener('click', () => {
    choose(button.dataset.of);
    spread();
    if (subject) support();
  }));

// The map draws the walk of the attribute that was moved last, from strength -2 to 2.
const onMap = make('button', 'quiet-button', 'Show on the map');
onMap.type = 'button';
onMap.title = 'Draw on the map where the attribute that was moved last takes the image';
onMap.addEventListener('click', () => {
  const name = rows.has(latest) ? latest : subject?.example;
  document.querySelector('#tab-map-button')?.click();
  document.dispatchEvent(new CustomEvent('explorer-along', {detail: {along: 'attribute:' + name}}));
});

/** Return what is shown as a view; see explorer/service/view.py. */
const viewOf = (kind) => subject && {
  kind, model: subject.model, a: subject.source, strengths: strengths(), kinds: subject.kinds,
};
find('.edit-tools').append(onMap);
if (window.__share) {
  find('.edit-tools').append(window.__share(() => viewOf('edit'), ['png', 'npz']));
  find('.row-tools').append(window.__share(() => (of === 'classes' ? viewOf('row') : null), ['png', 'zip']));
}

const drawRowNote = () => {
  const none = of === 'selection' && !selected.count;
  find('.row-note').textContent = none ? 'Nothing is selected. Draw a lasso on the map first.'
    : of === 'selection' ? `${count(selected.shown)} of ${count(selected.count)} shown` : '';
  if (none) classRow.replaceChildren();
};

const drawSelection = (found) => {
  selected = found;
  drawRowNote();
  if (of === 'selection') spread();
};

// ---- messages

const drawRows = (message, kept) => {
  rows = new Map();
  const groups = message.groups.map((group) => {
    const node = make('section', 'slider-group');
    node.append(make('h3', '', group.title));
    group.sliders.forEach((attribute) => {
      const row = makeRow(attribute, rows.size, {
        moved, locked: drawWords,
        remove: (one) => trigger('forget', {token: subject.token, name: one.name}),
      });
      const before = kept(attribute.name);
      if (before) { setRow(row, before.value); setLock(row, before.locked); }
      rows.set(attribute.name, row);
      node.append(row.node);
    });
    return node;
  });
  list.replaceChildren(...groups);
  groups.forEach((group) => listSize.observe(group));
  filter.hidden = rows.size <= FILTER_FROM;
  if (!filter.hidden) filterRows(list, filter.value);
};

const drawSubject = async (message) => {
  const old = subject, before = rows;
  const sameImage = old && old.model === message.model && old.index === message.index;
  const kept = (name) => {
    const row = old?.model === message.model && before.get(name);
    return row && (sameImage || row.locked) ? row : null;
  };
  shown = message.token;
  subject = message;
  drawRows(message, kept);
  find('.sliders-note').textContent = message.note;
  find('.sliders-title').textContent = message.title;
  find('.before small').textContent = message.likelihood || message.drawn;
  find('.after small').textContent = message.likelihood;
  find('.sliders-reference').textContent = message.reference;
  find('.sliders-verdict').textContent = '';
  find('.sliders-nothing').hidden = true;
  find('.row-choice [data-of="classes"]').hidden = message.classes < 2;
  if (!sameImage) classRow.replaceChildren();
  complain('');
  const number = ++wish;
  drawn = number - 1;
  asked = number;
  const isCurrent = () => subject === message;
  await Promise.all([
    showPicture('before', message.picture, isCurrent), showAfter(message.picture, number)]);
  if (subject !== message) return;
  panel.dataset.state = 'ready';
  const example = rows.get(message.example), wishes = message.strengths;
  if (wishes && JSON.stringify([message.index, wishes]) !== restored) {
    restored = JSON.stringify([message.index, wishes]);
    rows.forEach((row, name) => setRow(row, wishes[name] ?? 0));
  } else if (!visited && example) {
    setRow(example, example.has ? -example.flip : example.flip);
  }
  visited = true;
  changed(true);
};

const isNow = (message) =>
  message.token === subject?.token && same(message.strengths, strengths());

const drawOutcome = async (message) => {
  if (message.token !== shown && message.token !== wanted) { wanted = message.token; look(); }
  if (!isNow(message)) return;
  find('.after small').textContent = message.likelihood;
  const verdict = find('.sliders-verdict');
  verdict.textContent = message.verdict;
  verdict.dataset.tone = message.tone;
  await showAfter(message.picture, wish + EXACT);
  if (!isNow(message)) return;
  find('.after').dataset.state = verdict.dataset.state = 'new';  // words and picture alike
  spread();
};

const drawSupport = (message) => {
  if (message.token !== subject?.token) return;
  find('.evidence-progress').hidden = true;
  message.sliders.forEach((one) => { if (rows.has(one.name)) drawEvidence(rows.get(one.name), one); });
  drawWords();
  rowSupport = message.row;
  markRow();
};

/** Mark the changed images of the row that no image of their class or another supports. */
const markRow = () => {
  const known = rowSupport && rowSupport.of === classRow.dataset.of && same(rowSupport.strengths, rowStrengths);
  classRow.querySelectorAll('.after-cell').forEach((canvas, column) => {
    const bare = known && rowSupport.supports[column] === 'none';
    canvas.classList.toggle('unsupported', Boolean(bare));
    canvas.title = bare ? 'no evidence: no image of the data supports this change' : '';
  });
  find('.row-framed').hidden = !classRow.querySelector('.unsupported');
};

const drawProgress = (message) => {
  const line = find('.evidence-progress');
  line.textContent = message.text;
  line.hidden = !message.text;
};

const drawRow = async (message) => {
  if (!isNow(message) || message.of !== of) return;
  const cells = message.sheet ? await cutSheet(message.sheet) : [];
  if (!isNow(message) || message.of !== of) return;
  const grid = cells.length ? [make('span', 'corner')] : [];
  if (cells.length) grid.push(...message.names.map((name) => make('span', 'class-name', name)));
  cells.forEach((line, index) => {
    const title = ['before', 'after'][index];
    grid.push(make('span', 'row-label', title));
    line.forEach((canvas, column) => {
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', `${message.names[column]}, ${title}`);
      if (index) canvas.classList.add('after-cell');
      grid.push(canvas);
    });
  });
  classRow.style.setProperty('--columns', message.names.length);
  classRow.dataset.of = of;
  classRow.replaceChildren(...grid);
  classRow.dataset.state = 'new';
  rowStrengths = message.strengths;
  markRow();
  drawRowNote();
  busy.hidden = true;
};

const drawNothing = (message) => {
  shown = message.token;
  subject = null;
  rows = new Map();
  find('.nothing-text').textContent = message.text;
  find('.nothing-others').textContent = message.others;
  find('.sliders-nothing').hidden = false;
  panel.dataset.state = 'nothing';
};

/** Take an answer to 'show'. A late one must not undo a newer wish: ask again, but not for ever. */
const answered = (message, draw) => {
  if (!wanted || (message.token !== wanted && ++late > LATE_ANSWERS)) wanted = message.token;
  draw(message);
  look();
};

const receive = () => {
  const message = props.value;
  if (!message) return;
  if (message.kind === 'stale') {
    wanted = message.token;
    late = 0;
    drawSelection(message.selection);
    look();
  }
  if (message.kind === 'subject') answered(message, drawSubject);
  if (message.kind === 'nothing') answered(message, drawNothing);
  if (message.answers) questions[message.answers].answered(message.ask);
  if (message.kind === 'outcome') drawOutcome(message);
  if (message.kind === 'row') drawRow(message);
  if (message.kind === 'support') drawSupport(message);
  if (message.kind === 'progress') drawProgress(message);
  if (message.kind === 'problem') {
    if (!message.answers) shown = wanted;
    settled = '';
    busy.hidden = true;
    drawProgress({text: ''});
  }
};
watch('value', receive);
receive();
