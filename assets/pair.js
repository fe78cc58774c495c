// The picked pair, large. Runs once as the body of a gr.HTML's js_on_load.
//
// props.value: {a, b} or null, each of them {token, uri, number, class_name, attributes: [name],
// held_out}. The map tells of a click by the event "explorer-pick" before the server does.

const make = (tag, name, text) => {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
};
function fill(slot, one) {
  const figure = element.querySelector('.slot-' + slot), name = slot.toUpperCase();
  const key = one.token + '/' + one.number;
  if (figure.dataset.key === key) return;  // it is there already
  figure.dataset.key = key;
  const image = figure.querySelector('img');
  image.src = one.uri;
  image.alt = [`${name}: image ${one.number}`, one.class_name, ...one.attributes].join(', ');
  figure.querySelector('figcaption').replaceChildren(make('b', '', name),
    make('span', '', ` ${one.class_name}`), make('span', 'quiet', ` #${one.number}`));
  const chips = one.attributes.map(text => make('span', 'chip', text));
  if (one.held_out) chips.push(make('span', 'chip chip-quiet', 'never seen in training'));
  figure.querySelector('.chips').replaceChildren(...chips);
}
function receive() {
  const pair = props.value;
  element.querySelector('.pair').hidden = !pair;
  if (!pair) return;
  fill('a', pair.a);
  fill('b', pair.b);
}
watch('value', receive);
document.addEventListener('explorer-pick', event => fill(event.detail.slot, event.detail.one));
receive();
