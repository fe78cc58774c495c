// The charts under the frames of a walk, each column below its frame; see explorer/ui/figures.py.

const CHART_SVG = 'http://www.w3.org/2000/svg';
const STACK_PARTS = ['end-a', 'other', 'end-b'];

const svgNode = (name, attributes) => {
  const node = document.createElementNS(CHART_SVG, name);
  Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
  return node;
};

const at = (node, top, left) => {
  if (top !== undefined) node.style.top = 100 * top + '%';
  if (left !== undefined) node.style.left = 100 * left + '%';
  return node;
};

/** Draw the lines of one measure: ticks at the left, the histogram at the right edge. */
const drawLines = (chart, count) => {
  const box = make('div', 'chart-row'), ticks = make('div', 'chart-ticks');
  const plot = make('div', 'chart-plot'), edge = make('div', 'chart-edge');
  ticks.append(...chart.ticks.map(([y, text]) => at(make('span', '', text), y)));
  const svg = svgNode('svg', {viewBox: '0 0 1 1', preserveAspectRatio: 'none', 'aria-hidden': 'true'});
  chart.ticks.forEach(([y]) => svg.append(svgNode('line', {class: 'grid', x1: 0, x2: 1, y1: y, y2: y})));
  if (chart.band.length) {
    const [top, bottom] = chart.band;
    svg.prepend(svgNode('rect', {class: 'band', x: 0, width: 1, y: top, height: Math.max(bottom - top, 0.012)}));
    const shade = at(make('i', 'band'), top);
    shade.style.height = 100 * Math.max(bottom - top, 0.012) + '%';
    edge.append(shade);
  }
  chart.lines.slice().reverse().forEach((line) => svg.append(svgNode('polyline', {
    class: line.name, points: line.points.map(([x, y]) => `${x},${y}`).join(' ')})));
  edge.append(...chart.bins.map((bin) => {
    const bar = at(make('i', 'bin'), bin.top);
    bar.style.height = 100 * (bin.bottom - bin.top) + '%';
    bar.style.width = 100 * bin.length + '%';
    return bar;
  }));
  if (chart.reference) edge.title = 'Histogram of the ' + chart.reference;
  const columns = make('div', 'chart-columns');
  columns.append(...Array.from({length: count}, (_, column) => {
    const cell = make('i');
    cell.dataset.column = column;
    return cell;
  }));
  plot.append(columns, svg, ...chart.marks.map((mark) => {
    const ring = at(make('i', 'chart-mark'), mark.y, mark.x);
    ring.title = mark.text;
    return ring;
  }));
  box.append(ticks, plot, edge);
  return box;
};

/** Draw one bar a frame: the shares of A's class, of others, of B's class. */
const drawStack = (stack) => {
  const box = make('div', 'chart-row stack');
  const plot = make('div', 'chart-plot');
  stack.parts.forEach((parts, column) => {
    const bar = make('div', 'stack-bar');
    bar.dataset.column = column;
    parts.forEach((share, k) => {
      const piece = make('i', STACK_PARTS[k]);
      piece.style.height = 100 * share + '%';
      bar.append(piece);
    });
    plot.append(bar);
  });
  box.append(make('span', 'row-label ' + stack.name, stack.name), plot, make('div', 'chart-edge'));
  return box;
};

/** Return one measure: its verdict, its chart, and a line that tells the values at one frame. */
const drawMeasure = (chart, count) => {
  const block = make('section', 'measure'), words = make('div', 'measure-words');
  block.dataset.measure = chart.measure;
  const title = make('h3', '', chart.title);
  if (chart.unit) title.append(make('small', '', chart.unit));
  const verdict = make('p', 'measure-verdict');
  verdict.dataset.tone = chart.good === null ? 'plain' : chart.good ? 'good' : 'warm';
  verdict.append(make('strong', '', chart.headline), make('span', '', chart.detail));
  words.append(title, verdict);
  block.append(words);
  if (chart.lines.length) block.append(drawLines(chart, count));
  chart.stacks.forEach((stack) => block.append(drawStack(stack)));
  const values = make('p', 'measure-now');
  if (chart.lines.length || chart.stacks.length) block.append(values);
  return block;
};

/** Tell the values at one frame under each chart. */
const readCharts = (measures, charts, column, t) => {
  charts.forEach((chart, index) => {
    const line = measures.children[index].querySelector('.measure-now');
    if (!line) return;
    const rows = chart.lines.length ? chart.lines : chart.stacks;
    line.replaceChildren(make('span', '', t), ...rows.map((row) => {
      const value = row.texts[Math.min(column, row.texts.length - 1)];
      const node = make('span', 'value ' + row.name);
      node.append(make('b', '', row.name), make('span', '', value));
      return node;
    }));
  });
};
