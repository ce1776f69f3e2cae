// The glass: rectangles of pixels are put where they belong, whatever size the display has.

import { on } from "./link.js";

const ROOM = 300; // pixels of the page between the edges of the terminal
const SHARP = 2; // drawn larger without blur, so that the page may shrink it to any size

export function setUp() {
  const canvas = document.getElementById("display");
  const pen = canvas.getContext("2d", { alpha: false });
  const memory = document.createElement("canvas");
  const cells = memory.getContext("2d", { alpha: false });
  const words = document.getElementById("screen-text");

  function resize(width, height) {
    if (memory.width === width && memory.height === height) return;
    memory.width = width;
    memory.height = height;
    canvas.width = width * SHARP;
    canvas.height = height * SHARP;
    canvas.style.aspectRatio = `${width} / ${height}`;
    canvas.style.setProperty("--wide", `${width * Math.max(1, Math.floor(ROOM / width))}px`);
    pen.imageSmoothingEnabled = false;
  }

  on("state", (state) => {
    resize(...state.screen);
    canvas.classList.toggle("dark", !state.lit);
  });
  on(1, (view) => {
    const [x, y, width, height] = [1, 3, 5, 7].map((at) => view.getUint16(at, true));
    const from = new Uint8Array(view.buffer, 9);
    const image = cells.createImageData(width, height);
    for (let i = 0, j = 0; i < from.length; i += 3, j += 4) {
      image.data[j] = from[i];
      image.data[j + 1] = from[i + 1];
      image.data[j + 2] = from[i + 2];
      image.data[j + 3] = 255;
    }
    if (x + width > memory.width || y + height > memory.height) resize(x + width, y + height);
    cells.putImageData(image, x, y);
    const s = SHARP;
    pen.drawImage(memory, x, y, width, height, x * s, y * s, width * s, height * s);
  });
  on("screen", (message) => { words.textContent = message.lines.join("\n"); });
}
