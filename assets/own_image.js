// The dialog for a picture of one's own. Runs once as the body of a gr.HTML's js_on_load, after
// own_image_crop.js. Steps: choose, crop, working, result.
//
// Opened by the document's event "explorer-upload" {slot}, by a dropped or a pasted picture.
// Fires "bring" {key, slot, square}, "halt" and "relabel" {position, label}; for props.value see
// explorer/ui/own_image.py.

const dialog = element.querySelector('dialog'), body = dialog.querySelector('.own-body');
const part = name => dialog.querySelector('.own-' + name);
const LARGEST = 32 * 2 ** 20;
const FROM = {
  classifier: 'as the classifier judges it', neighbour: 'that of the most similar image', chosen: 'chosen by you',
};
let shape = {name: '', size: 0, grey: false}, own = null, step = 'choose', asked = false, last = 0;

const crop = cropper(dialog, () => {});
const slot = () => dialog.querySelector('[name="own-slot"]:checked').value;

function go(next) {
  step = next;
  body.dataset.step = next;
  problem('');
  part('main').textContent = {choose: 'Choose a file', crop: 'Find its latent', working: 'Cancel', result: 'Done'}[next];
  part('other').hidden = next === 'choose' || next === 'working';
  part('slot').disabled = next === 'working' || next === 'result';
}
function problem(text) {
  part('problem').textContent = text;
}
function open(wanted, files) {
  if (!shape.name) return;  // no model is open; the page says so
  dialog.querySelector(`[name="own-slot"][value="${wanted === 'a' ? 'a' : 'b'}"]`).checked = true;
  if (!dialog.open) {
    go('choose');
    dialog.showModal();
  }
  if (files && files.length) take([...files]);
}

// ---- a file comes in

async function take(files) {
  if (step === 'working') return;
  const [file] = files, more = files.length > 1 ? `You gave ${files.length} files; this is the first.` : '';
  go('choose');
  if (file.size > LARGEST) { problem(`'${file.name}' has more than 32 MB. Make it smaller first.`); return; }
  part('drop').classList.add('busy');
  let answer;
  try {
    const response = await fetch('own-image?name=' + encodeURIComponent(file.name), {method: 'POST', body: file});
    answer = response.ok ? await response.json() : {error: await response.text()};
  } catch {
    answer = {error: 'The picture did not reach the program. Is it still running?'};
  }
  part('drop').classList.remove('busy');
  part('file').value = '';
  if (answer.error) { problem(answer.error); return; }
  own = answer;
  go('crop');
  const square = own.width === own.height ? '' : `It is ${own.width} × ${own.height} pixels, not square: choose the part to use.`;
  const small = Math.min(own.width, own.height) < shape.size ? `It is smaller than ${shape.size} × ${shape.size} pixels and is enlarged.` : '';
  const grey = shape.grey ? 'This model knows grey images only; colours are dropped.' : '';
  part('notes').replaceChildren(...[more, square, small, grey, ...own.notes].filter(Boolean).map(text => {
    const node = document.createElement('li');
    node.textContent = text;
    return node;
  }));
  dialog.querySelector('.own-crop figcaption').textContent = `becomes ${shape.size} × ${shape.size}`;
  crop.show(own, shape);
  part('square').focus();
}
const pictures = transfer => [...transfer.files];
part('file').addEventListener('change', event => { if (event.target.files.length) take([...event.target.files]); });
document.addEventListener('drop', event => {
  const files = event.dataTransfer ? pictures(event.dataTransfer) : [];
  if (!files.length) return;
  event.preventDefault();
  open(dialog.open ? slot() : 'b', files);
});
document.addEventListener('paste', event => {
  const files = event.clipboardData ? pictures(event.clipboardData) : [];
  if (!files.length) return;
  event.preventDefault();
  open(dialog.open ? slot() : 'b', files);
});
document.addEventListener('explorer-upload', event => open(event.detail.slot, event.detail.files));

// ---- the result

function show_result(value) {
  go('result');
  part('original').src = value.original;
  part('drawn').src = value.drawn;
  part('back').textContent = value.back;
  part('verdict').textContent = value.unusual ? 'This image is unlike the training images.'
    : 'By these numbers it is like the training images.';
  part('verdict').dataset.tone = value.unusual ? 'warm' : 'good';
  part('verdict').hidden = !value.lines.length;
  part('caveat').textContent = value.lines.some(line => line.name === 'Bits per dimension')
    ? 'Flows give simple images, such as a plain colour, few bits per dimension too: few bits alone do not mean that an image is like those in training.' : '';
  dialog.querySelector('.own-result tbody').replaceChildren(...value.lines.map(line => {
    const row = document.createElement('tr');
    row.dataset.side = line.side;
    for (const text of [line.name, line.value, line.where]) {
      const cell = document.createElement('td');
      cell.textContent = text;
      row.append(cell);
    }
    return row;
  }));
  const choice = dialog.querySelector('.own-label select');
  choice.replaceChildren(...value.classes.map(name => new Option(name.replaceAll('_', ' '), name, false, name === value.label)));
  dialog.querySelector('.own-label span').textContent = FROM[value.class_from] || '';
  choice.onchange = () => trigger('relabel', {position: value.position, label: choice.value});
  part('main').focus();
}

// ---- buttons

part('main').addEventListener('click', () => {
  if (step === 'choose') part('file').click();
  else if (step === 'crop') {
    asked = true;
    go('working');
    show_progress(0, '');
    trigger('bring', {key: own.key, slot: slot(), square: crop.get()});
  } else if (step === 'working') stop();
  else dialog.close();
});
part('other').addEventListener('click', () => go('choose'));
part('close').addEventListener('click', () => dialog.close());
dialog.addEventListener('close', () => { if (step === 'working') stop(); });
dialog.addEventListener('click', event => { if (event.target === dialog) dialog.close(); });
function stop() {
  asked = false;
  trigger('halt', {});
  go('crop');
}
function show_progress(share, doing) {
  part('working').querySelector('progress').value = share;
  part('working').querySelector('p').textContent = doing;
}
function receive() {
  const value = props.value;
  if (!value || value.number === last) return;
  last = value.number;
  if (value.kind === 'model') shape = value;
  else if (value.kind === 'progress' && step === 'working') show_progress(value.share, value.doing);
  else if (value.kind === 'added' && (asked || step === 'result')) { asked = false; show_result(value); }
  else if (value.kind === 'problem' && asked) { asked = false; go('crop'); problem(value.text); }
}
watch('value', receive);
receive();
