// ---- the chooser of layouts, and the form that has another one computed
//
// document "explorer-layout", detail: {token, state: "working", share, doing}, {token, state:
// "done", name} or {token, state: "failed", problem}.

const OTHER = '*';
let wantedLayout = '', asked = false;

const layout_card = name => V.layouts.find(one => one.name === name);
function show_layouts() {
  const chooser = part('layout');
  chooser.replaceChildren(...V.layouts.map(one => new Option(one.title, one.name)), new Option('Other layout…', OTHER));
  chooser.value = layout;
  part('note').textContent = layout_card(layout)?.note || '';
}
async function lay_out(name) {
  wantedLayout = name;
  const {token, base} = V, wished = () => V && V.token === token && wantedLayout === name;
  try {
    if (!tables[name]) {
      const table = await points(base, name);
      if (V && V.token === token) tables[name] = table;
    }
    if (!wished()) return;  // another layout was chosen meanwhile
    forget_walk();
    glide(name);
    show_layouts();
    ask_for_guests();
    ask_for_path();
  } catch (error) {
    if (!wished()) return;
    problem('The layout did not arrive: ' + error.message);
    show_layouts();
  }
}
part('layout').addEventListener('change', event => {
  if (event.target.value !== OTHER) { lay_out(event.target.value); return; }
  event.target.value = layout;
  part('form').hidden = false;
  part('form').querySelector('input').focus();
});
part('form').addEventListener('submit', event => {
  event.preventDefault();
  const fields = new FormData(event.target);
  asked = true;
  progress(0, 'starting');
  send('arrange', {n_neighbors: Number(fields.get('n_neighbors')), min_dist: Number(fields.get('min_dist')),
    metric: fields.get('metric')});
});
part('form').querySelector('.map-stop').addEventListener('click', () => {
  part('form').hidden = true;
  if (asked) send('stop', {});
  stop_progress();
});
function progress(share, doing) {
  part('progress').hidden = false;
  part('progress').querySelector('progress').value = share;
  part('progress').querySelector('span').textContent = `${Math.round(100 * share)} %, ${doing}`;
  part('form').querySelector('[type=submit]').disabled = true;
}
function stop_progress() {
  asked = false;
  part('progress').hidden = true;
  part('form').querySelector('[type=submit]').disabled = false;
}
function take_layout(answer) {
  if (!answer || !V || answer.token !== V.token || !asked) return;
  if (answer.state === 'working') { progress(answer.share, answer.doing); return; }
  stop_progress();
  const said = part('form').querySelector('.map-refused');
  said.textContent = answer.state === 'failed' ? answer.problem : '';
  if (answer.state !== 'done') return;
  part('form').hidden = true;
  V = {...V, layouts: answer.layouts};
  lay_out(answer.name);
}
