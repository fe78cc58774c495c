// The list of runs: one row a run, the same element as long as the run is there.

const WORDS = {
  queued: 'Waiting', running: 'Training', paused: 'Paused', stopping: 'Stopping', stopped: 'Stopped',
  stalled: 'No sign of life', readying: 'Getting ready',
  done: 'Done', failed: 'Failed', lost: 'Interrupted', damaged: 'Cannot be read',
};
function lasting(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
}
function count(number) { return number.toLocaleString('en'); }

// onOpen(name) and onCompare() tell what the person chose.
function runList(box, onOpen, onCompare) {
  const rows = new Map(), compared = new Set();
  function made(name) {
    const row = document.createElement('div');
    row.className = 'run-row';
    row.setAttribute('role', 'listitem');
    row.innerHTML = '<label title="Compare on the curves"><input type="checkbox" aria-label="Compare"></label>' +
      '<button type="button"><span class="row-title"></span><span class="row-about"></span></button>' +
      '<span class="chip"></span><progress max="1"></progress><span class="row-words"></span>';
    row.querySelector('button').addEventListener('click', () => onOpen(name));
    row.querySelector('input').addEventListener('change', event => {
      if (event.target.checked) compared.add(name); else compared.delete(name);
      onCompare();
    });
    rows.set(name, row);
    return row;
  }
  const set = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  return {
    compared,
    show(runs, open, colours) {
      const known = new Set(runs.map(run => run.name));
      for (const [name, row] of rows) if (!known.has(name)) { row.remove(); rows.delete(name); compared.delete(name); }
      runs.forEach((run, place) => {
        const row = rows.get(run.name) || made(run.name);
        if (box.children[place] !== row) box.insertBefore(row, box.children[place] || null);
        row.dataset.state = run.state;
        row.classList.toggle('open', run.name === open);
        row.querySelector('button').setAttribute('aria-pressed', String(run.name === open));
        set(row.querySelector('.row-title'), run.title);
        const name = run.title === run.name ? '' : `${run.name} · `;
        set(row.querySelector('.row-about'), run.model ? `${name}${run.model} on ${run.data}` : '');
        set(row.querySelector('.chip'), WORDS[run.state] || run.state);
        row.querySelector('progress').value = run.steps ? run.step / run.steps : 0;
        const eta = run.eta_seconds != null ? ` · ${lasting(run.eta_seconds)} left` : '';
        const speed = run.state === 'running' && run.images_per_second ? ` · ${run.images_per_second.toPrecision(3)} images/s` : '';
        set(row.querySelector('.row-words'), run.steps ? `${count(run.step)} of ${count(run.steps)}${speed}${eta}` : '');
        const mark = row.querySelector('input');
        mark.checked = compared.has(run.name) || run.name === open;
        mark.disabled = run.name === open;
        row.style.setProperty('--run', colours.get(run.name) || 'transparent');
      });
    },
  };
}
