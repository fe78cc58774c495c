// The sliders of what an image must meet. `changed` gets all values, while one moves and at its end.

const limitText = (limit, value) => {
  if (value === limit.off) return 'off';
  return limit.unit === '%' ? `${value} %` : value.toFixed(2);
};

const limitSliders = (place, limits, changed) => {
  const values = Object.fromEntries(limits.map((limit) => [limit.name, limit.value]));
  place.replaceChildren(...limits.map((limit) => {
    const line = make('label', 'aug-slider'), range = make('input'), shown = make('output');
    const name = make('span', 'aug-limit', limit.title);
    Object.assign(range, {type: 'range', min: limit.low, max: limit.high, step: limit.step, value: limit.value});
    line.title = limit.text;
    const tell = () => {
      values[limit.name] = Number(range.value);
      shown.textContent = limitText(limit, values[limit.name]);
      range.setAttribute('aria-valuetext', shown.textContent);
    };
    range.addEventListener('input', () => { tell(); changed(values, false); });
    range.addEventListener('change', () => { tell(); changed(values, true); });
    tell();
    line.append(name, shown, range);
    return line;
  }));
};
