// The settings of a run as a file and as a command, and what is wrong, at the field itself.
// Body of a gr.HTML's js_on_load.
//
// props.value: {kind: "file", name, text} | {kind: "command", text} | {kind: "problems", problems}
// where problems maps the id of a field to a sentence; a number makes equal messages differ.
// Fires "fill" with {text}, "write" and "command" with nothing.

const input = element.querySelector('input'), command = element.querySelector('.form-command');
const copy = element.querySelector('.form-copy');
const LIMIT = 200000;

element.querySelectorAll('[data-do]').forEach(button => button.addEventListener('click', () => {
  if (button.dataset.do === 'load') input.click();
  else if (button.dataset.do === 'save') trigger('write', {});
  else trigger('command', {});
}));
input.addEventListener('change', async () => {
  const file = input.files[0];
  if (file) trigger('fill', {text: file.size > LIMIT ? '' : await file.text()});
  input.value = '';
});
copy.addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(command.textContent);
    copy.textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren(command);
  }
});
function download(name, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], {type: 'application/json'}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
function mark(problems) {
  document.querySelectorAll('.setting-problem').forEach(old => old.remove());
  document.querySelectorAll('.setting.wrong').forEach(old => {
    old.classList.remove('wrong');
    old.querySelector('input, textarea')?.removeAttribute('aria-invalid');
  });
  let first = null;
  for (const [id, sentence] of Object.entries(problems)) {
    const field = document.getElementById(id);
    if (!field) continue;
    field.classList.add('wrong');
    field.querySelector('input, textarea')?.setAttribute('aria-invalid', 'true');
    const note = document.createElement('p');
    note.className = 'setting-problem';
    note.textContent = sentence;
    field.append(note);
    first ||= field;
  }
  if (!first) return;
  // A field in a closed fold is shown: its fold is opened first.
  if (!first.offsetParent) first.closest('.fold')?.querySelector('button.label-wrap')?.click();
  setTimeout(() => first.scrollIntoView({block: 'center', behavior: 'smooth'}), 60);
}
function receive() {
  const news = props.value;
  if (!news) return;
  if (news.kind === 'file') download(news.name, news.text);
  else if (news.kind === 'command') {
    command.textContent = news.text;
    command.hidden = copy.hidden = false;
    copy.textContent = 'Copy';
  }
  mark(news.kind === 'problems' ? news.problems : {});
}
watch('value', receive);
receive();
