// ---- guests: uploaded images, samples and means, drawn with a dashed frame and a sign
//
// document "explorer-guests", detail: {token, layout, guests: [{position, origin, source, name, label,
// attributes: [name], uri, x, y}]}; the guest at position p is guests[p - count], some may be gone.

const GUEST_SIGNS = {uploaded: '↑', generated: '✦', mean: 'μ'};
let guests = [], askedGuests = '';

const guest_at = i => i < count ? undefined : guests[i - count];

function ask_for_guests() {
  const wish = [V.token, layout, V.guests].join('/');
  if (!V.guests || wish === askedGuests) return;
  askedGuests = wish;
  send('guests', {layout});
}
async function take_guests(answer) {
  if (!answer || !ready || answer.token !== V.token || answer.layout !== layout) return;
  const {token} = V, old = guests, next = [];
  await Promise.all(answer.guests.map(async one => {
    const before = old[one.position - count];
    const image = before && before.uri === one.uri ? before.image : await loaded(one.uri);
    next[one.position - count] = {...one, layout: answer.layout, image};
  }));
  if (!V || V.token !== token || layout !== answer.layout) return;  // something else is shown now
  guests = next;
  total = count + guests.length;
  const [xs, ys] = [new Float32Array(total).fill(NaN), new Float32Array(total).fill(NaN)];
  xs.set(x.subarray(0, count));
  ys.set(y.subarray(0, count));
  guests.forEach((guest, k) => { [xs[count + k], ys[count + k]] = drawn_at(guest.x, guest.y); });
  [x, y] = [xs, ys];
  const longer = new Float32Array(total);
  longer.set(reach.subarray(0, count));
  reach = longer;
  for (let i = count; i < total; i++) cells.delete(i);
  tint_all();
  show_legend();
  paint();
}
const loaded = uri => new Promise(done => {
  const image = new Image();
  image.onload = () => done(image);
  image.onerror = () => done(null);  // it is then a dot
  image.src = uri;
});
