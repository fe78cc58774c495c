// The page in the reader's language. Texts are written in English everywhere; this replaces them
// as they appear, by a catalogue of whole sentences with {} for what changes in them.
//
// Runs once, first of all scripts, as (function (catalogues) { ... })({de: {...}}).
// A catalogue maps an English template to its translation; {} is filled in order, {2} by number.
// A text is looked up whole, then by its parts between " · " and by its sentences, then by a
// template. Numbers are written the language's way. What a catalogue lacks stays English.

(function (catalogues) {
  const KEY = 'latent-explorer-language';
  const ATTRIBUTES = ['title', 'aria-label', 'placeholder', 'alt', 'aria-valuetext', 'aria-description'];
  const VAGUE = 7;  // letters of a template that begins with a gap and says little
  const SKIPPED = 'script, style, textarea, code, pre, svg defs, [translate="no"]';
  const CHOICES = 'input[role="combobox"][readonly]';
  const kept = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const escaped = text => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const missing = new Set(), cache = new Map();
  let language = 'en', exact = new Map(), patterns = [];

  function learn(name) {
    language = name in catalogues ? name : 'en';
    exact = new Map();
    patterns = [];
    cache.clear();
    missing.clear();
    for (const [template, translation] of Object.entries(catalogues[language] || {})) {
      const fixed = template.split('{}');
      if (fixed.length === 1) exact.set(template, translation);
      else patterns.push({fixed, translation, regex: null, size: fixed.join('').length});
    }
    patterns.sort((p, q) => q.size - p.size);  // the most particular first
    document.documentElement.lang = language;
  }

  const NUMBER = /(?<![\p{L}\d.,])(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(?![.,]?[\d\p{L}])/gu;
  const swapped = text => text.replace(NUMBER, one => one.replace(/[.,]/g, sign => (sign === '.' ? ',' : '.')));
  const letters = text => /\p{L}/u.test(text);
  // What stands in a gap: numbers, a text with an entry of its own, a list, or a name that stays.
  function inner(text, depth) {
    const known = letters(text) && depth < 4 ? found(text, depth + 1) : null;
    if (known !== null) return known;
    return text.includes(', ') ? text.split(', ').map(one => inner(one, depth + 1)).join(', ') : swapped(text);
  }
  function translated(text) {
    if (language === 'en') return text;
    const core = text.trim().replace(/\s+/g, ' ');
    if (!core) return text;
    if (!letters(core)) return swapped(text);
    if (!cache.has(core)) {
      if (cache.size > 5000) cache.clear();
      cache.set(core, found(core, 0));
    }
    const answer = cache.get(core);
    if (answer === null) { missing.add(core); return text; }
    return /^\s*/.exec(text)[0] + answer + /\s*$/.exec(text)[0];
  }
  // A whole text, else all its parts or sentences, else by a template with gaps.
  function found(core, depth) {
    if (exact.has(core)) return exact.get(core);
    return parts(core, ' · ', depth) ?? parts(core, /(?<=[.!?]) (?=[\p{Lu}'#\d])/u, depth) ?? filled(core, depth);
  }
  function parts(core, separator, depth) {
    const texts = core.split(separator);
    if (texts.length === 1 || depth > 3) return null;
    const answers = texts.map(text => letters(text) ? found(text, depth + 1) : swapped(text));
    if (separator === ' · ') return answers.some(one => one !== null)
      ? answers.map((one, k) => one ?? texts[k]).join(separator) : null;  // the others are names
    return answers.includes(null) ? null : answers.join(' ');
  }
  // "{} of {}" alone would take any sentence or name with an "of" for its own.
  const vague = ({fixed, size}) => !fixed[0] && fixed[1].startsWith(' ') && size <= VAGUE;
  function filled(core, depth) {
    for (const pattern of patterns) {
      const {fixed, translation} = pattern;
      if (!core.startsWith(fixed[0]) || !core.endsWith(fixed.at(-1))) continue;
      pattern.regex ||= new RegExp('^' + fixed.map(escaped).join('(.+?)') + '$', 's');
      const match = pattern.regex.exec(core);
      if (!match || (vague(pattern) && match.slice(1).some(gap => letters(gap) && found(gap, depth + 1) === null))) continue;
      let next = 1;
      return translation.replace(/\{(\d*)\}/g, (_, place) => inner(match[place ? Number(place) : next++] ?? '', depth));
    }
    return null;
  }

  // What was written here, so that it is not taken for new English, and what it stands for: of a
  // text node, or of an element's attributes by name.
  const ours = new WeakMap();
  const VALUE = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
  const meant = (known, now) => (known && known.shown === now ? known.english : now);
  function visitText(node) {
    const parent = node.parentElement;
    if (!parent || parent.closest(SKIPPED)) return;
    const english = meant(ours.get(node), node.data), shown = translated(english);
    ours.set(node, {english, shown});
    if (shown !== node.data) node.data = shown;
  }
  function visitAttribute(element, name) {
    const value = element.getAttribute(name);
    if (!value) return;
    const known = ours.get(element) || {}, english = meant(known[name], value), shown = translated(english);
    ours.set(element, {...known, [name]: {english, shown}});
    if (shown !== value) element.setAttribute(name, shown);
  }
  // A field that only shows what was chosen: scripts read and write English, people see theirs.
  function visitChoice(field) {
    if (!Object.hasOwn(field, 'value')) {
      let english = field.value;
      Object.defineProperty(field, 'value', {
        get: () => english,
        set: text => { english = `${text}`; VALUE.set.call(field, translated(english)); },
      });
    }
    field.value = field.value;
  }
  function visit(root) {
    if (root.nodeType === Node.TEXT_NODE) { visitText(root); return; }
    if (root.nodeType !== Node.ELEMENT_NODE) return;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = root; node; node = walker.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) visitText(node);
      else {
        for (const name of ATTRIBUTES) if (node.hasAttribute(name)) visitAttribute(node, name);
        if (node.matches(CHOICES)) visitChoice(node);
      }
    }
  }
  const observer = new MutationObserver(changes => {
    for (const change of changes) {
      if (change.type === 'characterData') visitText(change.target);
      else if (change.type === 'attributes') visitAttribute(change.target, change.attributeName);
      else change.addedNodes.forEach(visit);
    }
  });
  // All that stands on the page stays where it is, only its words change.
  function speak(name) {
    const before = language;
    observer.disconnect();
    learn(name);
    if (language !== before) visit(document.documentElement);
    if (language !== 'en') {
      observer.observe(document.documentElement, {
        subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES,
      });
    }
  }
  const choose = name => {
    try { localStorage.setItem(KEY, name); } catch { /* a browser that keeps nothing */ }
    speak(name);
  };
  window.__language = Object.freeze({
    get now() { return language; }, all: ['en', ...Object.keys(catalogues)], choose, text: translated,
    missing: () => [...missing],
  });
  speak(kept() || (navigator.languages || [navigator.language])
    .map(name => name.slice(0, 2).toLowerCase()).find(name => name === 'en' || name in catalogues) || 'en');
})
