// Copies the command that tests whether made images help; where that is not allowed, marks it.

element.addEventListener('click', async (event) => {
  const button = event.target.closest('.aug-copy'), command = element.querySelector('.aug-command');
  if (!button) return;
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren(command);
  }
});
