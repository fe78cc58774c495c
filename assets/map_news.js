// Hands what the server tells about the map on to whoever draws it. Body of a gr.HTML's js_on_load.
//
// props.value: {kind, said} or null; becomes the event "explorer-KIND" on the document.

watch('value', () => {
  const news = props.value;
  if (news) document.dispatchEvent(new CustomEvent('explorer-' + news.kind, {detail: news.said}));
});
