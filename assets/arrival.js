// Scrolls to the element whose id is `target` when a view came back there, and stays with it while
// what lies above still arrives, unless a hand moves the page. Body of a gr.HTML's js_on_load,
// after a line that names the target.

const PATIENCE_MS = 5000, HANDS = ['wheel', 'touchstart', 'pointerdown', 'keydown'];

function arrive() {
  const goal = document.getElementById(target), page = document.querySelector('.gradio-container');
  if (!props.value || !goal) return;
  const growth = new ResizeObserver(() => goal.scrollIntoView({block: 'start'}));
  const stop = () => {
    growth.disconnect();
    HANDS.forEach(hand => window.removeEventListener(hand, stop, {capture: true}));
  };
  growth.observe(page);  // tells of the size as it is, too
  HANDS.forEach(hand => window.addEventListener(hand, stop, {capture: true, passive: true}));
  setTimeout(stop, PATIENCE_MS);
}
watch('value', arrive);
arrive();
