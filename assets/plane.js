// Pictures between four corners. Messages from Python: see explorer/ui/plane_panel.py.
// Event to Python: 'show'.

const panel = element.querySelector('.plane');
const find = (selector) => panel.querySelector(selector);
const grid = find('.plane-grid'), busy = find('.panel-busy'), verdict = find('.plane-verdict');
const LATE_ANSWERS = 3;
let wanted = '', asked = '', shown = '', late = 0, plane = null;

if (window.__share) find('.walk-tools').append(window.__share(() => plane && plane.view, ['png', 'zip', 'npz']));

const isStale = () => wanted !== shown;
const unasked = () => isStale() && asked !== wanted;
const look = whenSeen(panel, unasked, () => {
  asked = wanted;
  busy.hidden = false;
  panel.dataset.state = plane ? 'stale' : 'waiting';
  trigger('show');
});

const say = (tone, headline, detail) => {
  verdict.dataset.tone = tone;
  verdict.querySelector('strong').textContent = headline;
  verdict.querySelector('span').textContent = detail;
};

const drawCells = (cells) => {
  const last = plane.size - 1, nodes = [make('span', 'axis', '')];
  plane.places.forEach((place) => nodes.push(make('span', 'axis', place)));
  cells.forEach((row, r) => {
    nodes.push(make('span', 'axis', plane.places[r]));
    row.forEach((image, c) => {
      const cell = make('div', 'cell');
      const corner = r % last === 0 && c % last === 0 ? 'abcd'[2 * (r / last) + c / last] : '';
      const words = `${plane.places[c]} to the right, ${plane.places[r]} down: ${plane.shares[r][c]} of the typical length`;
      cell.title = words;
      if (corner) {
        cell.classList.add('end-' + corner);
        cell.append(make('b', '', corner.toUpperCase()));
      }
      if (!plane.typical[r][c]) cell.classList.add('leaves');
      image.alt = words;
      cell.append(image);
      nodes.push(cell);
    });
  });
  grid.style.setProperty('--columns', plane.size);
  grid.replaceChildren(...nodes);
};

const clear = () => {
  shown = '';
  plane = null;
  busy.hidden = true;
  panel.dataset.state = 'waiting';
};

const draw = async (message) => {
  const cells = await stills(await cutSheet(message.sheet));
  if (props.value !== message && props.value.key !== message.key) return;
  plane = message;
  shown = message.key;
  drawCells(cells);
  find('.plane-note').textContent = message.note;
  say(message.tone, message.headline, message.detail);
  panel.dataset.state = 'ready';
  busy.hidden = isStale() ? busy.hidden : true;
};

const receive = () => {
  const message = props.value;
  if (!message) return;
  if (message.kind === 'stale') {
    wanted = message.key;
    asked = '';
    late = 0;
    if (wanted) look(); else clear();
  }
  if (message.kind === 'problem') {
    shown = wanted;
    busy.hidden = true;
    panel.dataset.state = 'problem';
    say('warm', 'No square.', message.text);
  }
  if (message.kind === 'plane') {
    if (!wanted || (message.key !== wanted && ++late > LATE_ANSWERS)) wanted = message.key;
    if (message.key !== wanted) asked = '';
    draw(message);
    look();
  }
};
watch('value', receive);
receive();
