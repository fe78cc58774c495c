// Views that come back: links that are opened on this page, exported pictures that are dropped on
// it. Body of a gr.HTML's js_on_load. Fires "restore" with {link} or {view}.

const KEYWORD = 'latent-explorer', CHUNK_LIMIT = 64 * 1024 * 1024;

// Whether a file is a PNG picture with our settings inside; only its chunks' heads are read.
async function isOurs(file) {
  if (!file || file.size < 20 || file.size > CHUNK_LIMIT) return false;
  const bytes = new DataView(await file.arrayBuffer());
  if (bytes.getUint32(0) !== 0x89504e47) return false;
  for (let at = 8; at + 12 <= bytes.byteLength;) {
    const length = bytes.getUint32(at), type = bytes.getUint32(at + 4);
    if (type === 0x69545874 && length > KEYWORD.length) {
      const word = new Uint8Array(bytes.buffer, at + 8, KEYWORD.length);
      if (new TextDecoder('latin1').decode(word) === KEYWORD) return true;
    }
    at += 12 + length;
  }
  return false;
}
async function restore(file) {
  const answer = await fetch('share/read', {method: 'POST', body: file});
  const content = answer.ok ? await answer.json() : {error: 'The picture could not be read.'};
  trigger('restore', content);
}

// Drops are looked at before any panel sees them; a picture that is not ours is handed on.
let handed = null;
document.addEventListener('dragover', event => {
  if ([...event.dataTransfer.types].includes('Files')) event.preventDefault();
});
document.addEventListener('drop', async event => {
  if (event === handed || !event.dataTransfer.files.length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const {target} = event, files = [...event.dataTransfer.files];
  if (await isOurs(files[0])) { restore(files[0]); return; }
  const transfer = new DataTransfer();
  files.forEach(file => transfer.items.add(file));
  handed = new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: transfer});
  target.dispatchEvent(handed);
}, {capture: true});
window.addEventListener('hashchange', () => {
  if (location.hash.startsWith('#view=')) trigger('restore', {link: location.hash});
});
