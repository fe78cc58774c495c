// The strip of nearest neighbours. Runs once as the body of a gr.HTML's js_on_load.
//
// props.value: {kind: "nothing"} | {kind: "progress", share, text} | {kind: "problem", text} |
// {kind: "shown", slot, number, near: [{uri, number, class_name, distance, degrees}], typical:
// {distance, degrees}} or null. Fires "choose" {slot, position} and "turn" {slot}.

const root = element.querySelector('.near'), list = root.querySelector('.near-list');
const wait = root.querySelector('.near-wait'), problem = root.querySelector('.near-problem');
const note = root.querySelector('.near-note'), slots = [...root.querySelectorAll('.near-slot')];
let slot = 'a';
const span = (name, text) => {
  const node = document.createElement('span');
  node.className = name;
  node.textContent = text;
  return node;
};
const angle = degrees => (degrees === null ? 'no angle' : `${degrees.toFixed(0)}°`);

function cell(one) {
  const item = document.createElement('li'), button = document.createElement('button');
  const image = document.createElement('img'), end = slot.toUpperCase();
  button.type = 'button';
  button.className = 'near-one';
  button.title = `Image ${one.number}: click makes it ${end}, Shift-click ${slot === 'a' ? 'B' : 'A'}`;
  image.src = one.uri;
  image.alt = `Make image ${one.number} ${end}; class, distance, angle:`;
  button.append(image, span('near-class', one.class_name),
    span('near-number', one.distance.toPrecision(3)), span('near-number', angle(one.degrees)));
  button.addEventListener('click', event => {
    const other = slot === 'a' ? 'b' : 'a';
    trigger('choose', {slot: event.shiftKey ? other : slot, position: one.number});
  });
  item.append(button);
  return item;
}
function mark() {
  slots.forEach(one => one.setAttribute('aria-pressed', String(one.dataset.slot === slot)));
}
function receive() {
  const value = props.value;
  root.hidden = !value || value.kind === 'nothing';
  if (root.hidden) return;
  wait.hidden = value.kind !== 'progress';
  problem.hidden = value.kind !== 'problem';
  root.dataset.state = value.kind;
  if (value.kind === 'progress') {
    wait.querySelector('progress').value = value.share;
    wait.querySelector('span').textContent = value.text;
  }
  if (value.kind === 'problem') problem.textContent = value.text;
  if (value.kind !== 'shown') return;
  slot = value.slot;
  mark();
  const focused = list.contains(document.activeElement);
  list.replaceChildren(...value.near.map(cell));
  if (focused && list.firstChild) list.querySelector('button').focus();
  note.textContent = `For comparison, two random images: distance ${
    value.typical.distance.toPrecision(3)}, angle ${angle(value.typical.degrees)}.`;
}
slots.forEach(one => one.addEventListener('click', () => {
  slot = one.dataset.slot;
  mark();
  trigger('turn', {slot});
}));
watch('value', receive);
receive();
