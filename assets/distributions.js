// How an attribute is distributed: verdicts with their numbers, a table of classes, progress.
// Messages from Python: see explorer/ui/tabs/distributions.py. Event to Python: 'show'.

const panel = element.querySelector('.distributions');
const find = (selector) => panel.querySelector(selector);
const LATE_ANSWERS = 3;
let wanted = '', asked = '', late = 0;

// Asked once for each wish: the panel changes its size while the analysis goes on.
const look = whenSeen(panel, () => wanted !== asked, () => {
  asked = wanted;
  trigger('show');
});

const fillTable = (table, heading, rows) => {
  const line = (cells, tag) => {
    const row = make('tr');
    row.append(...cells.map((text, column) => {
      const cell = make(column ? tag : 'th', '', text);
      if (tag === 'th' || !column) cell.scope = column || tag === 'th' ? 'col' : 'row';
      return cell;
    }));
    return row;
  };
  table.querySelector('thead').replaceChildren(line(heading, 'th'));
  table.querySelector('tbody').replaceChildren(...rows.map((cells) => line(cells, 'td')));
};

const fillVerdict = (name, verdict) => {
  const section = find(`[data-which="${name}"]`);
  section.dataset.tone = verdict.tone;
  section.querySelector('.spread-state').textContent = verdict.state;
  section.querySelector('dl').replaceChildren(...verdict.facts.flatMap((fact) => {
    const value = make('dd', '', fact.value);
    value.append(make('small', '', fact.reference));
    return [make('dt', '', fact.name), value];
  }));
  section.querySelector('.spread-words').textContent = verdict.words;
  section.querySelectorAll('.spread-more').forEach((line, at) => {
    line.textContent = verdict.more[at] || '';
  });
};

const receive = {
  stale: (message) => { wanted = message.key; late = 0; look(); },
  progress: (message) => {
    panel.dataset.state = 'working';
    find('.spread-progress').hidden = false;
    find('.spread-nothing').hidden = true;
    find('.spread-doing').textContent = message.doing;
    find('progress').value = message.share;
  },
  result: (message) => {
    asked = message.key;
    if (asked !== wanted && late++ < LATE_ANSWERS) look();
    panel.dataset.state = 'ready';
    find('.spread-progress').hidden = find('.spread-nothing').hidden = true;
    find('.spread-source').textContent = message.source;
    find('.spread-note').textContent = message.note;
    find('.spread-note').hidden = !message.note;
    fillVerdict('mixed', message.mixed);
    fillVerdict('complement', message.complement);
    fillTable(find('.spread-table'), message.table.heading, message.table.rows);
    fillTable(find('.spread-sizes'), message.sizes.heading, message.sizes.rows);
  },
  survey: (message) => {
    find('.spread-progress').hidden = true;
    find('.spread-survey').hidden = false;
    fillTable(find('.spread-survey'), message.heading, message.rows);
    panel.dataset.state = find('.spread-table tbody').children.length ? 'ready' : 'waiting';
  },
  nothing: (message) => {
    asked = message.key ?? wanted;
    panel.dataset.state = 'nothing';
    find('.spread-source').textContent = '';
    find('.spread-table tbody').replaceChildren();  // what was there belongs to another wish
    find('.spread-progress').hidden = true;
    find('.spread-nothing').hidden = false;
    find('.spread-nothing').textContent = message.text;
  },
};

const hear = () => { if (props.value) receive[props.value.kind](props.value); };
watch('value', hear);
hear();
