// A copy of a number, of a text or of nothing is this itself. In the page's head.
//
// At every status of every event Gradio's page (6.31) copies the properties of all components that
// are an input of any event, each number and text by `structuredClone`: ten thousand a picked pair.

(function () {
  const real = window.structuredClone.bind(window);
  const plain = ['boolean', 'number', 'string', 'undefined'];
  window.structuredClone = (value, options) =>
    (value === null || plain.includes(typeof value) ? value : real(value, options));
})();
