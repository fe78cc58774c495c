// What the open model is, and the switch between light and dark. Body of a gr.HTML's js_on_load.
//
// props.value: {facts: [{text, title}], problem} or null.

const list = element.querySelector('.facts'), notice = element.querySelector('.notice');
function receive() {
  const {facts, problem} = props.value || {facts: [], problem: ''};
  list.replaceChildren(...facts.map(one => {
    const item = document.createElement('li');
    item.textContent = one.text;
    item.title = one.title;
    return item;
  }));
  notice.textContent = problem;
  notice.hidden = !problem;
}
element.querySelector('.round').addEventListener('click', () =>
  document.body.classList.toggle('dark'));
watch('value', receive);
receive();
