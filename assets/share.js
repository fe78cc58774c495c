// Taking a shown result along: a menu of copies and files, the same for every panel.
//
// In the page's head. A panel appends window.__share(() => view, ['png', 'gif', ...]) to its
// toolbar; view is what Python put into its message (explorer/service/view.py), or null as long as
// nothing is shown. Pictures that the browser draws itself give a third argument: () => Blob. In
// HTML that Python writes, <share-menu data-view="..." data-files="png zip"> is the same menu.

(function () {
  const FILES = {png: 'Picture with labels (PNG)', zip: 'Single pictures (ZIP)', gif: 'Animation (GIF)',
    mp4: 'Video (MP4)', npz: 'Latents (NPZ)'};
  const COPIES = {link: 'Copy link', python: 'Copy as Python', command: 'Copy as command'};
  const DONE_FOR = 1600;

  const failed = text => { throw new Error(text); };
  async function post(path, body) {
    const answer = await fetch(path, {method: 'POST', body});
    if (!answer.ok) failed('The server answered ' + answer.status + '.');
    const type = answer.headers.get('content-type') || '';
    if (!type.startsWith('application/json')) return answer;
    const content = await answer.json();
    return content.error ? failed(content.error) : content;
  }
  async function save(answer) {
    const name = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get('content-disposition') || '');
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name ? decodeURIComponent(name[1]) : 'latent-explorer';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  async function copy(text) {
    try { await navigator.clipboard.writeText(text); return; } catch { /* older ways below */ }
    const area = document.createElement('textarea');
    area.value = text;
    area.style.position = 'fixed';
    area.style.opacity = '0';
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    if (!copied) failed('This browser lets nothing be copied.');
  }

  window.__share = (view, files, picture) => {
    const menu = document.createElement('details');
    menu.className = 'share';
    const title = document.createElement('summary');
    title.textContent = 'Share';
    title.title = 'Copy or save what is shown here';
    const list = document.createElement('div');
    list.className = 'share-list';
    const said = document.createElement('p');
    said.className = 'share-said';
    said.setAttribute('role', 'status');
    menu.append(title, list);

    const offer = (text, act) => {
      const node = document.createElement('button');
      node.type = 'button';
      node.textContent = text;
      node.addEventListener('click', async () => {
        const now = view();
        if (!now) { said.textContent = 'Nothing is shown yet.'; return; }
        node.disabled = true;
        said.textContent = '';
        try {
          said.textContent = await act(now);
          setTimeout(() => { if (menu.open) menu.open = false; said.textContent = ''; }, DONE_FOR);
        } catch (error) {
          said.textContent = error.message;
        }
        node.disabled = false;
      });
      list.append(node);
    };
    for (const [name, text] of Object.entries(COPIES)) {
      offer(text, async now => {
        const texts = await post('share/recipe', JSON.stringify(now));
        await copy(name === 'link' ? location.href.split('#')[0] + texts.link : texts[name]);
        return 'Copied.';
      });
    }
    for (const name of files) {
      offer(FILES[name], async now => {
        const text = JSON.stringify(now);
        await save(picture ? await post('share/stamp?view=' + encodeURIComponent(text), await picture())
          : await post('share/export/' + name, text));
        return 'Saved.';
      });
    }
    list.append(said);
    menu.addEventListener('keydown', event => {
      if (event.key !== 'Escape' || !menu.open) return;
      event.stopPropagation();
      menu.open = false;
      title.focus();
    });
    document.addEventListener('pointerdown', event => { if (!menu.contains(event.target)) menu.open = false; });
    return menu;
  };

  // The menu of a picture that came as HTML; see explorer/ui/attributes/fragments.py.
  customElements.define('share-menu', class extends HTMLElement {
    connectedCallback() {
      this.replaceChildren(window.__share(() => JSON.parse(this.dataset.view), this.dataset.files.split(' ')));
    }
  });
})();
