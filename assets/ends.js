// The picked pair with a menu for each end. Runs once as the body of a gr.HTML's js_on_load.
//
// props.value: {model, a, b, selected, classes, temperature} or null; a and b are {token, uri, number,
// class_name, attributes: [name], origin, name, class_from}. Fires "choose" {slot, how, value,
// temperature, label}, "swap" and "shuffle". The map tells of a click by the document's event
// "explorer-pick" before the server does; "explorer-pair" tells of the pair that is shown;
// "explorer-upload" {slot} asks for a picture of one's own.

const ORIGINS = {
  'held-out': ['never seen in training', 'Training never saw this image'],
  uploaded: ['your image', 'You brought this image'],
  generated: ['sample', 'The model drew this'],
  mean: ['mean', 'The mean of several latents, brought back to their typical length'],
};
const WAYS = {
  random: () => 'Random image',
  nearest: other => `Nearest to ${other}`,
  same: other => `Same class as ${other}`,
  other: other => `Another class than ${other}`,
};
const root = element.querySelector('.ends');
const make = (tag, name, text = '') => {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
};
const button = (text, act) => {
  const node = make('button', 'end-way', text);
  node.type = 'button';
  node.addEventListener('click', act);
  return node;
};

// ---- what an end is

function fill(slot, one) {
  const section = root.querySelector('.end-slot-' + slot), name = slot.toUpperCase();
  const key = [one.token, one.number, one.class_name].join('/');
  if (section.dataset.key === key) return;  // it is there already
  section.dataset.key = key;
  const image = section.querySelector('img'), [tag, hint] = ORIGINS[one.origin] || [];
  image.src = one.uri;
  image.alt = [`${name}: image ${one.number}`, one.class_name, tag, ...one.attributes].filter(Boolean).join(', ');
  const number = make('span', 'quiet', `#${one.number}`);
  number.title = one.name;
  section.querySelector('figcaption').replaceChildren(make('b', '', name),
    make('span', 'end-class', one.class_name), number);
  const chips = one.attributes.map(text => make('span', 'chip', text));
  if (tag) {
    const chip = make('span', 'chip chip-quiet', tag);
    chip.title = hint;
    chips.unshift(chip);
  }
  const row = section.querySelector('.end-chips');
  row.replaceChildren(...chips);
  row.tabIndex = row.scrollHeight > row.clientHeight ? 0 : -1;  // keys must reach what is to be scrolled
}

// ---- the menu of an end

function fill_menu(section) {
  const slot = section.dataset.slot, other = slot === 'a' ? 'B' : 'A', list = section.querySelector('.end-list');
  const send = (how, more = {}) => {
    section.querySelector('details').open = false;
    section.querySelector('summary').focus();
    trigger('choose', {slot, how, ...more});
  };
  const mean = button('Mean of the selection', () => send('mean'));
  mean.classList.add('end-mean');
  const heat = document.createElement('input');
  Object.assign(heat, {type: 'number', min: 0, max: 2, step: 0.05, className: 'end-heat',
    title: 'Temperature: 0 is dull, 1 is the model’s own spread'});
  heat.setAttribute('aria-label', 'Temperature of the sample');
  const label = make('select', 'end-label');
  label.setAttribute('aria-label', 'Class of the sample');
  const sample = make('div', 'end-row');
  const draw = () => send('sample', {temperature: Number(heat.value), label: label.value});
  sample.append(button('New sample', draw), make('span', 'quiet', 'T'), heat, label);
  const source = Object.assign(document.createElement('input'),
    {type: 'text', className: 'end-source', placeholder: '12 or sample:7', maxLength: 2000});
  source.setAttribute('aria-label', `Number or source of image ${slot.toUpperCase()}`);
  const find = () => { if (source.value.trim()) send('source', {value: source.value.trim()}); };
  on_enter(source, find);
  const number = make('div', 'end-row');
  number.append(button('By number', find), source);
  const upload = button('Your own image…', () => {
    section.querySelector('details').open = false;
    document.dispatchEvent(new CustomEvent('explorer-upload', {detail: {slot}}));
  });
  list.replaceChildren(...Object.entries(WAYS).map(([how, text]) => button(text(other), () => send(how))),
    mean, make('p', 'end-why'), sample, number, upload);
  on_enter(heat, draw);
}
function on_enter(field, act) {
  field.addEventListener('keydown', event => {
    if (event.key !== 'Enter') return;
    event.preventDefault();  // else the key opens the menu again, which has the focus by then
    act();
  });
}
function tell_menu(section, value) {
  const mean = section.querySelector('.end-mean'), why = section.querySelector('.end-why');
  mean.disabled = !value.selected;
  why.textContent = value.selected ? `${value.selected} images are selected on the map.`
    : 'Select images on the map first: press L and draw around them.';
  const heat = section.querySelector('.end-heat'), label = section.querySelector('.end-label');
  if (!heat.value) heat.value = value.temperature;
  const wanted = value.classes.join('\n');
  if (label.dataset.classes !== wanted) {
    label.dataset.classes = wanted;
    label.replaceChildren(new Option('any class', ''), ...value.classes.map(name => new Option(name.replaceAll('_', ' '), name)));
  }
  label.hidden = !value.classes.length;
}

// ---- wiring

function receive() {
  const value = props.value;
  root.hidden = !value;
  if (!value) return;
  for (const slot of ['a', 'b']) {
    fill(slot, value[slot]);
    tell_menu(root.querySelector('.end-slot-' + slot), value);
  }
  root.dataset.pair = `${value.a.number}/${value.b.number}`;  // as the server has it
  const pair = {model: value.model, a: String(value.a.number), b: String(value.b.number)};
  document.dispatchEvent(new CustomEvent('explorer-pair', {detail: pair}));
}
const menus = [...root.querySelectorAll('details')];
root.querySelectorAll('.end').forEach(fill_menu);
menus.forEach(menu => menu.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || !menu.open) return;
  event.stopPropagation();
  menu.open = false;
  menu.querySelector('summary').focus();
}));
document.addEventListener('pointerdown', event => menus.forEach(menu => {
  if (!menu.contains(event.target)) menu.open = false;
}));
root.querySelector('.ends-swap').addEventListener('click', () => trigger('swap', {}));
root.querySelector('.ends-shuffle').addEventListener('click', () => trigger('shuffle', {}));
document.addEventListener('explorer-pick', event => fill(event.detail.slot, event.detail.one));
watch('value', receive);
receive();
