// The gallery of new images: sorted, sorted out, looked at, exported, opened again.
// Messages from Python: see explorer/ui/augment_messages.py. Events to Python: 'sort_out',
// 'measure', 'write', 'open_path', 'open_token', 'look_at' (the set that is shown now, or null).

const panel = element.querySelector('.augment');
const find = (selector) => panel.querySelector(selector);
const WAIT = 60, REST = 250;  // milliseconds between two questions while a slider moves, and at rest
let set = null, pictures = {made: [], near: null}, chosen = -1, arriving = 0, pending = null;

const state = (name) => {
  panel.dataset.state = name;
  find('.aug-progress').hidden = name !== 'working';
  find('.aug-nothing').hidden = name !== 'nothing';
};

const option = (value, text) => Object.assign(make('option', '', text), {value});

const order = () => {
  const key = find('.aug-sort').value, column = set.measures.findIndex((m) => m.name === key.replace(/^[+-]/, ''));
  const wanted = find('.aug-class').value, show = find('.aug-show').value;
  const shown = set.items.map((_, index) => index).filter((index) => {
    const item = set.items[index], out = item.reasons.length > 0;
    return (wanted === '' || item.label === Number(wanted)) && (show === 'all' || (show === 'out') === out);
  });
  if (column < 0) return shown;
  const sign = key[0] === '-' ? -1 : 1;
  const number = (index) => set.items[index].values[column] ?? Infinity;
  return shown.sort((a, b) => sign * (number(a) - number(b)) || a - b);
};

const cell = (index) => {
  const item = set.items[index], line = make('li'), button = make('button', 'aug-cell');
  button.type = 'button';
  button.dataset.index = index;
  button.append(pictures.made[index]);
  line.append(button);
  item.button = button;
  return line;
};

const mark = (index) => {
  const item = set.items[index], out = item.reasons.length > 0;
  item.button.classList.toggle('is-out', out);
  item.button.setAttribute('aria-pressed', String(index === chosen));
  item.button.title = out ? `${item.name} · Left out: ${item.reasons.join(', ')}.` : item.name;
  item.button.setAttribute('aria-label', item.button.title);
};

const draw = () => {
  const shown = order();
  find('.aug-grid').dataset.show = find('.aug-show').value;
  find('.aug-grid').replaceChildren(...shown.map((index) => set.items[index].button.parentElement));
  shown.forEach(mark);
};

const choose = (index, focus = false) => {
  const before = chosen;
  chosen = index;
  [before, chosen].filter((k) => k >= 0 && k < set.items.length).forEach(mark);
  fillDetail(find('.aug-detail'), set, index, pictures);
  if (focus) set.items[index].button.focus();
};

const measureCell = ({text, side}) => {
  const cell = make('td', '', text);
  if (side) cell.append(' ', make('b', 'aug-off', side));
  return cell;
};

const fillSet = ({rows, verdict}) => {
  find('.aug-set tbody').replaceChildren(...rows.map((row) => {
    const line = make('tr'), head = make('th', 'aug-row', row.title);
    head.scope = 'row';
    head.title = row.text;
    line.append(head, ...row.cells.map(measureCell));
    return line;
  }));
  find('.aug-verdict').hidden = !verdict;
  find('.aug-verdict').textContent = verdict?.text ?? '';
  find('.aug-verdict').dataset.tone = verdict?.tone ?? '';
};

const fillCount = ({count, thin}) => {
  find('.aug-count').textContent = count;
  find('.aug-some').textContent = thin.some;
  find('.aug-none').replaceChildren(...thin.none.map((text) => make('li', '', text)));
  find('.aug-none').hidden = !thin.none.length;
};

let limits = {}, measuring = null;

// Sorting out is quick and follows the slider; the set is measured once it rests.
const ask = (values, settled) => {
  limits = {...values};
  const question = {token: set.token, limits};
  clearTimeout(pending);
  pending = setTimeout(() => trigger('sort_out', question), settled ? 0 : WAIT);
  clearTimeout(measuring);
  if (settled) measuring = setTimeout(() => trigger('measure', question), REST);
};
const isLate = (message) => Object.entries(limits).some(([name, value]) => message.limits[name] !== value);

const cells = async (url, sheet) => {
  const picture = await loadPicture(url);
  return Array.from({length: sheet.count}, (_, k) =>
    drawCell(picture, sheet.width, sheet.height, Math.floor(k / sheet.columns), k % sheet.columns));
};

const receive = {
  progress: (message) => {
    state('working');
    find('.aug-doing').textContent = message.doing;
    find('.aug-progress progress').value = message.share;
  },
  set: async (message) => {
    const mine = ++arriving;
    const made = await cells(message.made, message.sheet);
    const near = message.near ? await cells(message.near, message.sheet) : null;
    if (mine !== arriving) return;  // another set came meanwhile
    [set, pictures, chosen, limits] = [message, {made, near}, -1, {}];
    fillCount(message);
    find('.aug-source').textContent = message.source;
    find('.aug-sort').replaceChildren(option('', 'class and number'), ...message.measures.flatMap((m) =>
      [option(`+${m.name}`, `${m.title}, lowest first`), option(`-${m.name}`, `${m.title}, highest first`)]));
    find('.aug-class').replaceChildren(option('', 'all'), ...message.classes.map((c) => option(c.label, c.name)));
    limitSliders(find('.aug-sliders'), message.limits, ask);
    set.items.forEach((_, index) => cell(index));
    draw();
    fillSet(message);
    find('.aug-note').textContent = message.note;
    find('.aug-zip').href = message.zip;
    find('.aug-zip').download = message.file;
    if (!find('[name="target"]').value) find('[name="target"]').value = message.target;
    find('.aug-written').textContent = '';
    state('ready');
    choose(order()[0]);
    trigger('look_at', {token: set.token});
  },
  sorted: (message) => {
    if (!set || message.token !== set.token || isLate(message)) return;
    set.items.forEach((item, index) => { item.reasons = message.reasons[index]; });
    fillCount(message);
    if (message.rows) fillSet(message);
    if (message.note) find('.aug-note').textContent = message.note;
    draw();
    if (chosen >= 0) fillDetail(find('.aug-detail'), set, chosen, pictures);
    state('ready');
  },
  written: (message) => {
    find('.aug-written').textContent = message.text;
    find('.aug-written').dataset.tone = message.tone;
  },
  nothing: (message) => {
    find('.aug-nothing').textContent = message.text;
    state('nothing');
    trigger('look_at', {token: null});
  },
};

find('.aug-grid').addEventListener('click', (event) => {
  const button = event.target.closest('.aug-cell');
  if (button) choose(Number(button.dataset.index));
});
find('.aug-grid').addEventListener('keydown', (event) => {
  const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
  if (!step || !event.target.closest('.aug-cell')) return;
  event.preventDefault();
  const shown = order(), place = shown.indexOf(chosen) + step;
  if (place >= 0 && place < shown.length) choose(shown[place], true);
});
for (const name of ['sort', 'class', 'show']) find(`.aug-${name}`).addEventListener('change', draw);
find('.aug-write').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  receive.written({text: 'Writing …', tone: ''});
  trigger('write', {token: set.token, place: form.target.value, overwrite: form.overwrite.checked});
});
find('.aug-open').addEventListener('submit', (event) => {
  event.preventDefault();
  trigger('open_path', {place: event.target.path.value});
});
find('.aug-file').addEventListener('change', async (event) => {
  const [file] = event.target.files;
  event.target.value = '';
  if (!file) return;
  receive.progress({doing: `Reading ${file.name}`, share: 0});
  try {
    const answer = await (await fetch('augment/open', {method: 'POST', body: file})).json();
    if (answer.error) receive.nothing({text: answer.error});
    else trigger('open_token', {token: answer.token});
  } catch {
    receive.nothing({text: 'The file did not arrive: it may be too large. Give its place on this machine instead.'});
  }
});

const hear = () => { if (props.value) receive[props.value.kind](props.value); };
watch('value', hear);
hear();
