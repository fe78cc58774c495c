// Brings a ZIP archive to the training tab, and lists those that were brought before, to use again or
// to delete. Body of a gr.HTML's js_on_load. Fires "brought" with {folder, name}.

const zone = element.querySelector('.upload-zone'), input = zone.querySelector('input');
const words = zone.querySelector('.upload-words'), bar = zone.querySelector('progress');
const before = element.querySelector('.brought'), list = before.querySelector('ul');
const problem = before.querySelector('.brought-problem');
const LIMIT = 200 * 1024 * 1024, RULE = words.textContent;

function say(text, tone) {
  words.textContent = text;
  zone.dataset.tone = tone || '';
}
function bring(file) {
  if (!file || zone.dataset.busy) return;
  if (file.size > LIMIT) {
    say('This archive is larger than 200 MB. Unpack it on this machine and give its folder.', 'warn');
    return;
  }
  const request = new XMLHttpRequest();
  zone.dataset.busy = '1';
  bar.hidden = false;
  say('Sending …');
  request.upload.onprogress = event => { bar.value = 100 * event.loaded / (event.total || file.size); };
  request.upload.onload = () => say('Unpacking …');
  request.onerror = () => end('The archive did not arrive. Is the page\'s server still running?', 'warn');
  request.onload = () => {
    let answer = {error: 'The archive was refused.'};
    try { answer = JSON.parse(request.responseText); } catch { /* the guard answers in words */ }
    if (answer.folder) {
      end('Unpacked; it is being looked at below.', 'good');
      trigger('brought', {folder: answer.folder, name: file.name});
      listAgain();
    } else end(answer.error, 'warn');
  };
  request.open('POST', 'training/upload?name=' + encodeURIComponent(file.name));
  request.send(file);
}
function end(text, tone) {
  delete zone.dataset.busy;
  bar.hidden = true;
  input.value = '';
  say(text, tone);
}
async function listAgain() {
  const answer = await fetch('training/brought.json');
  const rows = answer.ok ? await answer.json() : [];
  before.hidden = !rows.length;
  list.replaceChildren(...rows.map(row));
}
const make = (kind, text, name) => {
  const node = document.createElement(kind);
  node.textContent = text;
  node.className = name || '';
  return node;
};
function row(one) {
  const item = document.createElement('li'), buttons = make('span', '', 'brought-buttons');
  const images = one.images === 1 ? '1 picture' : `${one.images.toLocaleString('en')} pictures`;
  const used = one.runs.length ? `used by ${one.runs.join(', ')}` : 'used by no run';
  const name = make('b', one.name);
  name.translate = false;
  item.append(name, make('span', `${images} · ${one.size} · ${used}`), buttons);
  const offer = (...pairs) => buttons.replaceChildren(...pairs.map(([text, act]) => {
    const button = make('button', text, 'quiet-button');
    button.type = 'button';
    button.setAttribute('aria-label', `${text}: ${one.name}`);
    button.addEventListener('click', event => { if (event.detail < 2) act(); });  // no second one of a double click
    return button;
  }));
  const first = () => offer(['Use', () => trigger('brought', {folder: one.folder, name: one.name})], ['Delete', ask]);
  const ask = () => offer(['Keep it', first], ['Delete it for good', () => remove(one.name)]);
  first();
  return item;
}
async function remove(name) {
  const answer = await fetch('training/brought/delete?name=' + encodeURIComponent(name), {method: 'POST'});
  const {error = ''} = answer.ok ? await answer.json() : {error: 'This was refused. Reload the page.'};
  problem.textContent = error;
  await listAgain();
}
zone.addEventListener('click', event => { if (event.target !== input) input.click(); });
zone.addEventListener('keydown', event => {
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); input.click(); }
});
input.addEventListener('change', () => bring(input.files[0]));
for (const kind of ['dragenter', 'dragover']) zone.addEventListener(kind, event => {
  event.preventDefault();
  event.stopPropagation();
  zone.dataset.over = '1';
});
for (const kind of ['dragleave', 'drop']) zone.addEventListener(kind, () => delete zone.dataset.over);
zone.addEventListener('drop', event => {
  event.preventDefault();
  event.stopPropagation();
  bring(event.dataTransfer.files[0]);
});
before.addEventListener('toggle', () => { if (before.open) listAgain(); });  // runs may have changed
say(RULE);
listAgain();
