// The crop square over a picture: moved by mouse, touch and keys. Shares of the picture throughout:
// left of its width, top of its height, side of its shorter side.

function cropper(root, changed) {
  const picture = root.querySelector('.own-picture'), image = picture.querySelector('img');
  const square = root.querySelector('.own-square'), size = root.querySelector('.own-size input');
  const canvas = root.querySelector('.own-preview');
  let width = 1, height = 1, crop = {left: 0, top: 0, side: 1, pad: false};

  const across = () => crop.side * Math.min(width, height) / width;
  const down = () => crop.side * Math.min(width, height) / height;
  const within = (value, most) => Math.min(Math.max(value, 0), Math.max(most, 0));
  function place(next) {
    crop = {...crop, ...next};
    crop.side = Math.min(Math.max(crop.side, 0.05), 1);
    crop.left = within(crop.left, 1 - across());
    crop.top = within(crop.top, 1 - down());
    draw();
    changed(crop);
  }
  function resize(side) {  // about its middle
    const [x, y] = [crop.left + across() / 2, crop.top + down() / 2];
    crop.side = Math.min(Math.max(side, 0.05), 1);
    place({left: x - across() / 2, top: y - down() / 2});
  }
  function draw() {
    square.hidden = crop.pad;
    size.disabled = crop.pad;
    size.value = Math.round(100 * crop.side);
    Object.assign(square.style, {left: 100 * crop.left + '%', top: 100 * crop.top + '%',
      width: 100 * across() + '%', height: 100 * down() + '%'});
    square.setAttribute('aria-valuetext',
      `${Math.round(100 * crop.left)} % from the left, ${Math.round(100 * crop.top)} % from the top`);
    const context = canvas.getContext('2d'), [w, h] = [image.naturalWidth, image.naturalHeight];
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!w) return;
    if (crop.pad) {
      const scale = canvas.width / Math.max(w, h);
      context.drawImage(image, (canvas.width - w * scale) / 2, (canvas.height - h * scale) / 2, w * scale, h * scale);
    } else {
      context.drawImage(image, crop.left * w, crop.top * h, across() * w, down() * h, 0, 0, canvas.width, canvas.height);
    }
  }

  let held = null;
  picture.addEventListener('pointerdown', event => {
    if (crop.pad) return;
    const box = picture.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    if (event.target !== square) place({left: x - across() / 2, top: y - down() / 2});
    held = {x: x - crop.left, y: y - crop.top};
    picture.setPointerCapture(event.pointerId);
    square.focus();
    event.preventDefault();
  });
  picture.addEventListener('pointermove', event => {
    if (!held) return;
    const box = picture.getBoundingClientRect();
    place({left: (event.clientX - box.left) / box.width - held.x, top: (event.clientY - box.top) / box.height - held.y});
  });
  for (const name of ['pointerup', 'pointercancel']) picture.addEventListener(name, () => { held = null; });
  picture.addEventListener('wheel', event => {
    if (crop.pad) return;
    event.preventDefault();
    resize(crop.side * (event.deltaY < 0 ? 1.05 : 1 / 1.05));
  }, {passive: false});
  const steps = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
  square.addEventListener('keydown', event => {
    const step = steps[event.key], by = event.shiftKey ? 0.1 : 0.01;
    if (step) place({left: crop.left + by * step[0], top: crop.top + by * step[1]});
    else if (event.key === '+' || event.key === '=') resize(crop.side + by);
    else if (event.key === '-' || event.key === '_') resize(crop.side - by);
    else return;
    event.preventDefault();
  });
  size.addEventListener('input', () => resize(size.value / 100));
  for (const radio of root.querySelectorAll('[name="own-part"]')) {
    radio.addEventListener('change', () => place({pad: radio.value === 'pad' && radio.checked}));
  }
  return {
    get: () => crop,
    show(own, shape) {
      [width, height] = [own.width, own.height];
      image.onload = draw;
      image.src = own.uri;
      picture.style.aspectRatio = `${width} / ${height}`;
      picture.classList.toggle('tall', height > width);
      root.querySelector('[value="crop"]').checked = true;
      crop = {left: 0, top: 0, side: 1, pad: false};
      place({left: (1 - across()) / 2, top: (1 - down()) / 2});
      canvas.style.filter = shape.grey ? 'grayscale(1)' : '';
    },
  };
}
