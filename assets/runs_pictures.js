// The pictures of a run, step by step, and where its latents lie at each of them.

const HUES = 47;  // degrees between the colours of two classes

function strip(box) {
  const slider = box.querySelector('input[type="range"]'), play = box.querySelector('.strip-play');
  const words = box.querySelector('.strip-step'), canvas = box.querySelector('canvas');
  const samples = box.querySelector('.strip-samples'), restored = box.querySelector('.strip-restored');
  const restoredBox = box.querySelector('.strip-restored-box'), mapBox = box.querySelector('.strip-map-box');
  const classes = box.querySelector('.strip-classes');
  let run = '', pictures = [], follows = true, timer = null, places = null, asked = 0;

  const address = (kind, one) =>
    `training/${encodeURIComponent(run)}/${kind}-${one.step}.png?v=${one.stamp}`;
  // The next picture is loaded before it is put in its place, so that nothing flickers.
  function put(image, source) {
    if (image.dataset.wanted === source) return;
    image.dataset.wanted = source;
    const next = new Image();
    next.onload = () => { if (image.dataset.wanted === source) image.src = source; };
    next.src = source;
  }
  function show() {
    const one = pictures[Number(slider.value)];
    if (!one) return;
    const psnr = Number.isFinite(one.psnr) ? `, PSNR ${one.psnr.toFixed(1)} dB` : '';
    words.textContent = `Step ${one.step.toLocaleString('en')}${psnr}`;
    slider.setAttribute('aria-valuetext', words.textContent);
    put(samples, address('samples', one));
    restoredBox.hidden = !one.restored;
    if (one.restored) put(restored, address('restored', one));
    draw(one.step);
  }
  function colour(label) { return `hsl(${(label * HUES) % 360} 70% 52%)`; }
  function draw(step) {
    const shot = places?.steps.findLast(one => one.step <= step);
    mapBox.hidden = !shot;
    if (!shot) return;
    const pen = canvas.getContext('2d'), {width, height} = canvas;
    pen.clearRect(0, 0, width, height);
    const {left, top, span} = places.frame;
    const share = (value, start) => Math.min(1, Math.max(0, (value - start) / span));
    shot.places.forEach(([x, y], k) => {
      pen.fillStyle = colour(places.labels[k]);
      pen.beginPath();
      pen.arc(14 + share(x, left) * (width - 28), height - 14 - share(y, top) * (height - 28), 6, 0, 7);
      pen.fill();
    });
  }
  // One frame for all steps, so that movement is movement: that of the later half, in which an
  // untrained model's far points are drawn at the edge.
  function framed(found) {
    const late = found.steps.slice(Math.floor(found.steps.length / 2)).flatMap(one => one.places);
    const range = axis => {
      const sorted = late.map(place => place[axis]).sort((p, q) => p - q);
      return [sorted[Math.floor(0.01 * (sorted.length - 1))], sorted[Math.ceil(0.99 * (sorted.length - 1))]];
    };
    const [[left, right], [low, high]] = [range(0), range(1)];
    const span = 1.2 * Math.max(right - left, high - low, 1e-9);
    return {left: (left + right - span) / 2, top: (low + high - span) / 2, span};
  }
  async function locate() {
    if (asked === pictures.length) return;
    asked = pictures.length;
    const about = run;
    try {
      const answer = await fetch(`training/${encodeURIComponent(run)}/latents.json`);
      if (!answer.ok || about !== run) return;
      const found = await answer.json();
      if (!found.steps.length) return;
      found.frame = framed(found);
      places = found;
      classes.replaceChildren(...found.classes.slice(0, 12).map((name, k) => {
        const item = document.createElement('span');
        item.textContent = name;
        item.style.setProperty('--dot', colour(k));
        return item;
      }));
      show();
    } catch { /* the server is away; the next look asks again */ asked = 0; }
  }
  slider.addEventListener('input', () => {
    follows = Number(slider.value) === pictures.length - 1;
    show();
  });
  play.addEventListener('click', () => {
    if (timer) { stop(); return; }
    play.textContent = 'Stop playing';
    if (Number(slider.value) >= pictures.length - 1) slider.value = 0;
    timer = setInterval(() => {
      const next = Number(slider.value) + 1;
      if (next >= pictures.length) { stop(); follows = true; return; }
      slider.value = next;
      show();
    }, 250);
  });
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = 'Play';
  }
  return {
    show(name, found) {
      if (name !== run) {
        run = name;
        places = null;
        asked = 0;
        follows = true;
        stop();
        for (const image of [samples, restored]) { image.removeAttribute('src'); image.dataset.wanted = ''; }
      }
      pictures = found;
      box.hidden = !pictures.length;
      slider.max = Math.max(0, pictures.length - 1);
      if (follows && !timer) slider.value = slider.max;
      show();
      locate();
    },
  };
}
