// Where a person is, at the end of the page's address: reloading the page, or a bookmark, leads back.
// After restore.js. The pickers tell of the pair by the document's event "explorer-pair" {model, a, b}.

const PLACE = '#model=', TAB_BUTTON = /^tab-(\w+)-button$/;
let place = null, settled = false;

function note() {
  if (!place) return;
  const shown = document.querySelector('[role="tab"][aria-selected="true"][id^="tab-"]');
  const tab = TAB_BUTTON.exec(shown?.id || '')?.[1] || 'map';
  history.replaceState(null, '', '#' + new URLSearchParams({...place, tab}));
}
document.addEventListener('explorer-pair', ({detail}) => {
  const same = place && ['model', 'a', 'b'].every(name => place[name] === detail[name]);
  place = detail;
  // The first pair is the one that the address, or nothing, asked for.
  if (settled && !same) note();
  settled = true;
});
document.addEventListener('click', event => {
  if (TAB_BUTTON.test(event.target.closest('[role="tab"]')?.id || '')) setTimeout(note);
});
window.addEventListener('hashchange', () => { if (location.hash.startsWith(PLACE)) location.reload(); });
