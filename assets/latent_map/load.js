// ---- loading: points first, so that the map can be used; the pictures when they are there

async function load() {
  ready = false;
  atlas = null;
  const {base, token, layouts} = V, current = () => V && V.token === token;
  problem('');
  try {
    const [text, table] = await Promise.all([
      fetched(base + 'about.json').then(answer => answer.json()),
      points(base, layouts[0].name),
    ]);
    if (!current()) return;  // another model was chosen meanwhile
    start_with(text, table);
    const sheet = await fetched(base + 'atlas.webp').then(answer => answer.blob());
    const bitmap = await createImageBitmap(sheet);  // decoded aside, and kept decoded
    if (!current()) return;
    atlas = bitmap;
    paint();
  } catch (error) {
    if (current()) problem('The map could not be drawn: ' + error.message);
  }
}
async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error('the server answered ' + answer.status);
  return answer;
}
async function points(base, name) {
  const answer = await fetched(`${base}points-${encodeURIComponent(name)}.bin`);
  return new Float32Array(await answer.arrayBuffer());
}
function start_with(text, table) {
  about = text;
  count = total = V.count;
  tables = {[V.layouts[0].name]: table};
  label = Float32Array.from({length: count}, (_, i) => table[4 * i + 2]);
  heldOut = Float32Array.from({length: count}, (_, i) => table[4 * i + 3]);
  guests = [];
  selected = null;
  neighbours = null;
  turn = 'a';
  hover = -1;
  card.hidden = true;
  part('search').value = '';
  search('');
  forget_walk();
  forget_pictures();
  measure();
  colour_by_class();
  arrange(V.layouts[0].name);
  furnish();
  ready = true;
  fit();
  ask_for_guests();
  ask_for_path();
  if (viewWish) take_view(viewWish);
}
