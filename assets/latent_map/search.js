// ---- search: by number, class, attribute, or where a guest comes from

let found = [], foundAt = -1;

function matches(text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted || !ready) return [];
  const place = wanted.match(/^#?(\d[\d,]*)$/);
  if (place) {
    const i = Number(place[1].replaceAll(',', ''));
    return seen(i) ? [i] : [];
  }
  const classes = about.classes.map(one => words(one.name).toLowerCase().includes(wanted));
  const attributes = about.attributes.map(one => words(one).toLowerCase().includes(wanted));
  const list = [];
  for (let i = 0; i < total; i++) {
    if (!seen(i)) continue;
    const guest = guest_at(i);
    const hit = guest
      ? [guest.origin, guest.source, guest.name, ...guest.attributes.map(words)].some(one => one.toLowerCase().includes(wanted))
        || classes[guest.label]
      : classes[label[i]] || (about.marks.length && about.marks[i].some(k => attributes[k]));
    if (hit) list.push(i);
  }
  return list;
}
function search(text) {
  found = matches(text);
  foundAt = -1;
  const none = text.trim() && !found.length;
  part('found').textContent = !text.trim() ? '' : none ? 'none' : `${number(found.length)} found`;
  if (found.length === 1) show_found(0);
  else { leave(); mark(); }
}
function show_found(k) {
  if (!found.length) return;
  foundAt = (k + found.length) % found.length;
  const i = found[foundAt];
  bring(i);
  point(i);
  part('found').textContent = `${number(foundAt + 1)} of ${number(found.length)}`;
  say(`Image ${i}, ${describe(i).name}`);
}
part('search').addEventListener('input', event => search(event.target.value));
part('search').addEventListener('keydown', event => {
  if (event.key === 'Enter') show_found(foundAt + (event.shiftKey ? -1 : 1));
  else if (event.key === 'Escape') { event.target.value = ''; search(''); box.focus(); }
  else return;
  event.preventDefault();
  event.stopPropagation();
});
