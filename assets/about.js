// What the open model is, and the switches between light and dark and between languages. Body of a
// gr.HTML's js_on_load.
//
// props.value: {facts: [{text, title}], problem} or null.

const list = element.querySelector('.facts'), notice = element.querySelector('.notice');
function receive() {
  const {facts, problem} = props.value || {facts: [], problem: ''};
  list.replaceChildren(...facts.map(one => {
    const item = document.createElement('li');
    item.textContent = one.text;
    item.title = one.title;
    return item;
  }));
  notice.textContent = problem;
  notice.hidden = !problem;
}
// Light or dark stays as it was chosen; else it is as the system has it.
const THEME = 'latent-explorer-theme';
function kept_theme() {
  try { return localStorage.getItem(THEME); } catch { return null; }
}
if (kept_theme()) document.body.classList.toggle('dark', kept_theme() === 'dark');
element.querySelector('.theme').addEventListener('click', () => {
  const dark = document.body.classList.toggle('dark');
  try { localStorage.setItem(THEME, dark ? 'dark' : 'light'); } catch { /* a browser that keeps nothing */ }
});
// The button names the language it leads to, in that language.
const NAMES = {en: 'English', de: 'Deutsch'}, tongue = element.querySelector('.language');
const next = () => {
  const {now, all} = window.__language;
  return all[(all.indexOf(now) + 1) % all.length];
};
function name_next() {
  tongue.textContent = NAMES[next()] || next();
  tongue.lang = next();
}
tongue.addEventListener('click', () => {
  window.__language.choose(next());
  name_next();
});
name_next();
watch('value', receive);
receive();
