// Shared by walk.js and sliders.js: pictures that stay crisp at any size, and when to compute.

/** Load a data URI; resolves to a decoded image. */
const loadPicture = async (uri) => {
  const picture = new Image();
  picture.src = uri;
  await picture.decode();
  return picture;
};

/** Return a canvas of one picture, or of one cell of a sheet, at its own resolution. */
const drawCell = (picture, width, height, row = 0, column = 0) => {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d').drawImage(
    picture, column * width, row * height, width, height, 0, 0, width, height);
  return canvas;
};

/** Return canvases[row][column] of a composed sheet. */
const cutSheet = async (sheet) => {
  const picture = await loadPicture(sheet.uri);
  return Array.from({length: sheet.rows}, (_, row) =>
    Array.from({length: sheet.columns}, (_, column) =>
      drawCell(picture, sheet.width, sheet.height, row, column)));
};

/** Return a copy of a canvas; a node can stand in one place only. */
const copyCanvas = (canvas) => drawCell(canvas, canvas.width, canvas.height);

/** Return images[row][column] of canvases[row][column], decoded. Each canvas on a page is a layer
    that is sent on with every frame; a hundred of them cost more than the rest of a walk. */
const stills = (cells) => Promise.all(cells.map((row) => Promise.all(row.map(async (canvas) => {
  const image = new Image(canvas.width, canvas.height);
  image.className = 'still';
  image.src = canvas.toDataURL();
  await image.decode();
  return image;
}))));

/** Create an element with a class and a text; texts are never read as HTML. */
const make = (tag, className = '', text = '') => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
};

/** Call `ask` when the panel is first seen, and when it is seen again after `isStale`. */
const whenSeen = (panel, isStale, ask) => {
  const look = () => { if (panel.getClientRects().length && isStale()) ask(); };
  new ResizeObserver(look).observe(panel);
  look();
  return look;
};
