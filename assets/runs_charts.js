// Curves of several runs on one chart, drawn by plotly; zoom is kept while values come in.

const NAMES = {
  total: 'Loss', reconstruction: 'Error of pixels', perceptual: 'Perceptual distance',
  classification: 'Loss of the classifier', excess: 'Bits/dim above the noise floor',
  psnr: 'PSNR of reconstructions, dB', learning_rate: 'Learning rate',
  gradient_norm: 'Norm of the gradient', skipped: 'Skipped updates', images_per_second: 'Images a second',
};
const COLOURS = ['#6366f1', '#ea580c', '#0d9488', '#db2777', '#65a30d', '#7c3aed', '#0284c7', '#b45309'];
let library = null;

// The library is large: it is asked for when the first curve is drawn.
function plotly() {
  library ||= new Promise((done, failed) => {
    if (window.Plotly) { done(window.Plotly); return; }
    const tag = document.createElement('script');
    tag.src = 'training/plotly.js';
    tag.onload = () => done(window.Plotly);
    tag.onerror = failed;
    document.head.append(tag);
  });
  return library;
}
function colourOf(index) { return COLOURS[index % COLOURS.length]; }

// One chart with its own choice of what is drawn. `preferred` are names, the first known one wins.
function curve(box, preferred) {
  box.innerHTML = '<div class="panel-head"><select aria-label="Value"></select>' +
    '<select aria-label="Over"><option value="step">over steps</option>' +
    '<option value="seconds">over minutes</option></select>' +
    '<label><input type="checkbox"> log</label></div><div class="run-chart"></div>';
  const [value, over] = box.querySelectorAll('select'), log = box.querySelector('input');
  const place = box.querySelector('.run-chart');
  let shown = null, chosen = '', own = false, runs = [], busy = false, again = false, drawn = '';

  function options(names) {
    const key = names.join();
    if (key === shown) return;
    shown = key;
    value.replaceChildren(...names.map(name => new Option(NAMES[name] || name, name)));
    // What the person chose stays; else the best that is known by now is drawn.
    if (!own || !names.includes(chosen)) chosen = preferred.find(name => names.includes(name)) || names[0] || '';
    value.value = chosen;
  }
  // A value of runs whose total is a likelihood is bits per dimension.
  function title(name) {
    const bits = name === 'total' && runs.length && runs.every(run => run.model === 'Glow');
    return bits ? 'Bits per dimension, training' : NAMES[name] || name;
  }
  function traces() {
    return runs.map(run => {
      const rows = chosen === 'psnr' ? run.pictures : run.rows;
      const known = rows.filter(row => Number.isFinite(row[chosen]));
      return {
        x: known.map(row => over.value === 'step' ? row.step : (row.seconds ?? NaN) / 60),
        y: known.map(row => row[chosen]), name: run.title, type: 'scatter',
        mode: known.length < 3 ? 'lines+markers' : 'lines', line: {color: run.colour, width: 2},
        hovertemplate: '%{y:.4g}<extra>%{fullData.name}</extra>',
      };
    });
  }
  async function draw() {
    if (busy) { again = true; return; }
    const style = getComputedStyle(box), text = style.getPropertyValue('--quiet').trim();
    const line = style.getPropertyValue('--line').trim(), lines = traces();
    const key = JSON.stringify([chosen, over.value, log.checked, text, place.clientWidth,
      lines.map(one => [one.name, one.x.length, one.x.at(-1), one.y.at(-1), one.line.color])]);
    if (key === drawn) return;
    drawn = key;
    busy = true;
    try {
      const lib = await plotly();
      const axis = {gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true};
      await lib.react(place, lines, {
        width: place.clientWidth, height: 250, margin: {l: 46, r: 10, t: 6, b: 34}, paper_bgcolor: 'rgba(0,0,0,0)',
        plot_bgcolor: 'rgba(0,0,0,0)', font: {family: 'system-ui, sans-serif', size: 12, color: text},
        // The view is the person's as long as the same thing is drawn.
        uirevision: [chosen, over.value, log.checked].join(), hovermode: 'x unified',
        modebar: {bgcolor: 'rgba(0,0,0,0)', color: text, activecolor: text},
        showlegend: lines.length > 1, legend: {orientation: 'h', y: 1.14},
        hoverlabel: {bgcolor: style.getPropertyValue('--card').trim(), font: {color: style.getPropertyValue('--text').trim()}},
        xaxis: {...axis, title: {text: over.value === 'step' ? 'step' : 'minutes'}},
        yaxis: {...axis, type: log.checked ? 'log' : 'linear'},
      }, {displaylogo: false,
        modeBarButtons: [['zoom2d', 'pan2d', 'resetScale2d', 'toImage']]});
    } catch (error) {
      place.textContent = 'The curves could not be drawn.';
    }
    busy = false;
    if (again) { again = false; draw(); }
  }
  value.addEventListener('change', () => { chosen = value.value; own = true; draw(); });
  over.addEventListener('change', draw);
  log.addEventListener('change', draw);
  new ResizeObserver(() => { if (place.clientWidth && shown !== null) draw(); }).observe(place);
  return {
    // runs: [{title, model, colour, rows, pictures}]
    show(now) {
      runs = now;
      const found = new Set(runs.flatMap(run => Object.keys(run.rows.at(-1) || {})));
      for (const name of ['step', 'seconds']) found.delete(name);
      if (runs.some(run => run.pictures.some(one => Number.isFinite(one.psnr)))) found.add('psnr');
      const order = Object.keys(NAMES);
      const names = [...found].sort((a, b) => (order.indexOf(a) + 99) % 99 - (order.indexOf(b) + 99) % 99);
      options(names);
      box.hidden = !names.length;
      if (box.hidden) return;
      const named = [...value.options].find(one => one.value === 'total');
      if (named) named.textContent = title('total');
      draw();
    },
    // Another run is looked at: it may have other values.
    forget() { shown = null; chosen = ''; own = false; drawn = ''; },
  };
}
