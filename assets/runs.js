// Training runs, read again and again from their folders. Body of a gr.HTML's js_on_load, after
// runs_charts.js, runs_pictures.js and runs_list.js.
//
// Fires "act" {do, run}, "explore" {run}, "again" {run} and "finished" {run}.
// props.value: {kind: "choose", run} or {kind: "told", run, text, tone}, each with its number.

const SOON = 1500, LATER = 5000;
const empty = element.querySelector('.runs-empty'), listBox = element.querySelector('.runs-list');
const opened = element.querySelector('.run-open'), told = element.querySelector('.run-told');
const buttons = element.querySelector('.run-buttons'), next = element.querySelector('.run-next');
const charts = [...element.querySelectorAll('.run-curve')];
const curves = [curve(charts[0], ['total', 'reconstruction']), curve(charts[1], ['psnr', 'excess', 'gradient_norm'])];
const pictures = strip(element.querySelector('.run-strip'));
const list = runList(listBox, open, () => look());
const metrics = new Map(), colours = new Map(), ready = new Map();
let runs = [], current = null, detail = null, timer = null, asking = false, wanted = false;
let pending = false, sure = '', away = false;

function open(name) {
  if (name === current) return;
  current = name;
  detail = null;
  sure = '';
  told.textContent = '';
  curves.forEach(one => one.forget());
  render();
  look();
}
function visible() { return !document.hidden && element.offsetParent !== null; }

async function look() {
  if (asking) { wanted = true; return; }
  asking = true;
  clearTimeout(timer);
  const seen = visible(), shown = seen ? names() : [];
  const rows = shown.map(name => `${name}:${metrics.get(name)?.at(-1)?.step ?? -1}`).join();
  const query = new URLSearchParams({open: seen && current ? current : '', rows});
  try {
    const answer = await fetch(`training/state.json?${query}`);
    if (!answer.ok) throw new Error(answer.status);
    take(await answer.json());
    away = false;
  } catch {
    away = true;
  }
  render();
  asking = false;
  const alive = runs.some(run => run.is_alive || (run.state === 'done' && !run.ready));
  const wait = wanted ? 0 : visible() && alive ? SOON : LATER;
  wanted = false;
  timer = setTimeout(look, wait);
}
function names() {
  return [...new Set([current, ...list.compared])].filter(name => runs.some(run => run.name === name));
}
function take(news) {
  runs = news.runs;
  for (const run of runs) {
    if (run.ready && ready.get(run.name) === false) trigger('finished', {run: run.name});
    ready.set(run.name, run.ready);
    if (!colours.has(run.name)) colours.set(run.name, colourOf(colours.size));
    const kept = metrics.get(run.name);
    if (kept?.length && run.is_alive && run.step < kept.at(-1).step - 1 && run.state === 'running') metrics.delete(run.name);
  }
  for (const [name, rows] of Object.entries(news.rows)) {
    const kept = metrics.get(name) || [];
    const last = kept.at(-1)?.step ?? -1;
    metrics.set(name, kept.concat(rows.filter(row => row.step > last)));
    if (rows.length >= 2000) wanted = true;
  }
  if (!runs.some(run => run.name === current)) {
    current = runs[0]?.name ?? null;
    detail = null;
    wanted = true;
  }
  if (news.open && news.open.name === current) detail = news.open;
}
function set(selector, text) {
  const target = element.querySelector(selector);
  if (target.textContent !== text) target.textContent = text;
}
function render() {
  const run = runs.find(one => one.name === current);
  if (detail?.name !== current) detail = null;  // what is known of another run says nothing of this
  empty.hidden = runs.length > 0 || away;
  listBox.hidden = !runs.length;
  opened.hidden = !run;
  list.show(runs, current, colours);
  element.querySelector('.runs').dataset.away = away ? '1' : '';
  if (!run) return;
  head(run);
  next.hidden = !(run.state === 'done' || (run.state === 'stopped' && run.ready));
  if (!next.hidden) advise(run);
  curves.forEach(one => one.show(names().map(name => ({
    title: runs.find(other => other.name === name).title, model: runs.find(other => other.name === name).model,
    colour: colours.get(name), rows: metrics.get(name) || [],
    pictures: name === current ? timed(detail?.pictures || [], metrics.get(name) || []) : [],
  }))));
  pictures.show(current, detail?.pictures || []);
  log(run);
}
// A picture knows its step; its time is that of the line of metrics next to it.
function timed(found, rows) {
  return found.map(one => ({...one, seconds: one.step === 0 ? 0 : rows.find(row => row.step >= one.step)?.seconds}));
}
function head(run) {
  // What a button said is old news once the run has moved on twice.
  if (told.textContent && !pending && told.dataset.state !== run.state) {
    if (told.dataset.moved) told.textContent = '';
    told.dataset.moved = '1';
    told.dataset.state = run.state;
  } else if (!told.textContent) delete told.dataset.moved;
  set('.run-title', run.title);
  set('.run-state', WORDS[run.state] || run.state);
  element.querySelector('.run-head').dataset.state = run.state;
  set('.run-about', run.model ? `${run.model} on ${run.data}, in the folder ${run.name}` : run.name);
  set('.run-message', away ? 'The page\'s server does not answer. Training goes on without it; this page looks again.' : run.message);
  const bar = element.querySelector('.run-progress progress');
  bar.value = run.steps ? run.step / run.steps : 0;
  const percent = run.steps ? Math.floor(100 * run.step / run.steps) : 0;
  set('.run-progress span', run.steps ? `${count(run.step)} of ${count(run.steps)} steps, ${percent} %` : '');
  const facts = [['Trained for', lasting(run.seconds)]];
  if (run.eta_seconds != null) facts.push(['Time left', lasting(run.eta_seconds)]);
  if (run.images_per_second) facts.push(['Images a second', run.images_per_second.toPrecision(3)]);
  if (run.device) facts.push(['Device', run.device]);
  if (run.device_memory_mb) facts.push(['Memory', `${count(Math.round(run.device_memory_mb))} MB`]);
  const box = element.querySelector('.run-facts'), key = JSON.stringify(facts);
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    box.replaceChildren(...facts.map(([name, value]) => {
      const pair = document.createElement('div');
      pair.innerHTML = '<dt></dt><dd></dd>';
      pair.children[0].textContent = name;
      pair.children[1].textContent = value;
      return pair;
    }));
  }
  offer(run);
}
// Buttons follow from the state that was read, and from nothing else.
function offer(run) {
  const can = [];
  if (run.ready) can.push(['explore', 'Explore it', 'primary']);
  if (['running', 'stalled'].includes(run.state)) can.push(['stop', 'Stop and save'], ['discard', 'Stop without saving']);
  if (run.state === 'running') can.push(['pause', 'Pause']);
  if (run.state === 'readying') can.push(['stop', 'Stop']);
  if (run.state === 'paused' && run.is_alive) can.push(['resume', 'Go on', 'primary'], ['stop', 'Stop and save']);
  if (run.state === 'queued') can.push(['stop', 'Take out of the queue']);
  if (run.can_resume) can.push(['resume', 'Go on', run.ready ? '' : 'primary']);
  if (run.can_resume && run.state === 'failed') can.push(['halve', 'Go on with half the rate']);
  if (run.state === 'done' && !run.is_bundled) can.push(['longer', 'Train twice as long']);
  if (['done', 'stopped'].includes(run.state) && !run.ready && run.step) can.push(['prepare', 'Make it ready to explore']);
  if (run.model) can.push(['again', 'Duplicate with changes']);
  if (metrics.get(run.name)?.length) can.push(['csv', 'Metrics as CSV']);
  if (run.ready && !run.is_alive) can.push(['export', 'Export as one file']);
  if (!run.is_alive && !run.is_bundled) can.push(...(sure === run.name
    ? [['keep', 'Keep it'], ['delete', 'Delete it for good', 'danger']] : [['ask', 'Delete']]));
  const key = JSON.stringify([run.name, can, pending]);
  if (buttons.dataset.key === key) return;
  buttons.dataset.key = key;
  const had = document.activeElement?.closest('.run-buttons') ? document.activeElement.dataset.do : '';
  buttons.replaceChildren(...can.map(([what, words, tone]) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = `quiet-button ${tone || ''}`;
    button.dataset.do = what;
    button.textContent = words;
    button.disabled = pending;
    // The second click of a double one would hit what has just come under the pointer.
    button.addEventListener('click', event => { if (event.detail < 2) act(what, run.name); });
    return button;
  }));
  buttons.querySelector(`[data-do="${{ask: 'keep', keep: 'ask'}[had] || had || 'none'}"]`)?.focus();
}
function act(what, name) {
  if (what === 'ask' || what === 'keep') {
    sure = what === 'ask' ? name : '';
    render();
    return;
  }
  if (what === 'csv' || what === 'export') {
    const link = document.createElement('a'), [file, kept] = what === 'csv'
      ? ['metrics.csv', `${name}-metrics.csv`] : ['model.zip', `${name}.zip`];
    link.href = `training/${encodeURIComponent(name)}/${file}`;
    link.download = kept;
    link.click();
    return;
  }
  if (what === 'explore') { trigger('explore', {run: name}); return; }
  if (what === 'again') { trigger('again', {run: name}); return; }
  sure = '';
  pending = true;
  told.textContent = '';
  trigger('act', {do: what, run: name});
  setTimeout(() => { pending = false; look(); }, 20000);  // an answer that never came
  render();
}
function advise(run) {
  const rows = (metrics.get(run.name) || []).filter(row => Number.isFinite(row.total));
  const quarter = rows.slice(-Math.max(2, Math.floor(rows.length / 4)));
  const mean = part => part.reduce((sum, row) => sum + row.total, 0) / part.length;
  const half = Math.floor(quarter.length / 2);
  const falling = rows.length >= 8 && mean(quarter.slice(half)) < 0.98 * mean(quarter.slice(0, half));
  const sentences = [run.ready
    ? 'Explore it: pick two images on the map, walk between them, move its attributes. Then make new images in the tab Augment, and see there which of them can be trusted.'
    : 'It is being made ready to explore: gallery, map, attributes, judge. This takes a moment.'];
  if (falling) sentences.push('The loss was still falling at the end: more steps may lower it further.');
  else if (rows.length >= 8) sentences.push('The loss had settled: more images or a larger model may help, more steps hardly.');
  sentences.push('To compare, duplicate the run with one change and tick both in the list.');
  const key = sentences.join(' ');
  if (next.dataset.key === key) return;
  next.dataset.key = key;
  next.innerHTML = '<h3>What next</h3><ul></ul>';
  next.querySelector('ul').replaceChildren(...sentences.map(text => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  }));
}
function log(run) {
  const box = element.querySelector('.run-log'), pre = box.querySelector('pre'), text = detail?.log || '';
  box.parentElement.hidden = !text;
  if (pre.textContent === text) return;
  const follows = pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 8;
  pre.textContent = text;
  if (follows) pre.scrollTop = pre.scrollHeight;
  if ((run.state === 'failed' || run.state === 'lost') && box.dataset.about !== run.name) box.open = true;
  box.dataset.about = run.name;
}
// A model that somebody exported becomes one of these.
const bringer = element.querySelector('.runs-import input'), brought = element.querySelector('.runs-import span');
element.querySelector('.runs-import button').addEventListener('click', () => bringer.click());
bringer.addEventListener('change', async () => {
  const file = bringer.files[0];
  bringer.value = '';
  if (!file) return;
  brought.textContent = 'Taking it in …';
  try {
    const answer = await (await fetch('training/import', {method: 'POST', body: file})).json();
    brought.textContent = answer.error || `'${answer.run}' is here.`;
    if (answer.run) {
      trigger('finished', {run: answer.run});
      current = answer.run;
      look();
    }
  } catch { brought.textContent = 'The file did not arrive, or is larger than 2 GB.'; }
});
function receive() {
  const news = props.value;
  if (!news) return;
  pending = false;
  if (news.kind === 'choose') {
    metrics.delete(news.run);
    runs.some(run => run.name === news.run) ? open(news.run) : (current = news.run);
  } else {
    told.textContent = news.text;
    told.dataset.state = runs.find(run => run.name === current)?.state || '';
    told.dataset.tone = news.tone;
  }
  look();
}
watch('value', receive);
document.addEventListener('visibilitychange', () => { if (visible()) look(); });
new IntersectionObserver(found => { if (found.some(one => one.isIntersecting)) look(); }).observe(element);
receive();
look();
