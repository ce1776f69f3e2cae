// The paper: rows come out of the slot; a slip that is torn off goes to the others.

import { on, send } from "./link.js";
import { make, onChange, say } from "./words.js";

const CHUNK = 256; // rows in one canvas
const WIDE = 464; // dots of 58 mm of paper; the printed ones are in the middle
let slips = new Map();
let current = 0;

class Slip {
  constructor(dots) {
    this.dots = dots;
    this.rows = 0;
    this.node = make("div", { class: "slip" });
    this.canvas = null;
  }

  add(bytes) {
    const wide = Math.ceil(this.dots / 8);
    for (let at = 0; at < bytes.length;) {
      const used = this.rows % CHUNK;
      if (used === 0) {
        this.canvas = make("canvas", { width: WIDE, height: 0, "aria-hidden": "true" });
        this.node.append(this.canvas);
        this.pixels = null;
      }
      const count = Math.min(CHUNK - used, (bytes.length - at) / wide);
      this.draw(bytes.subarray(at, at + count * wide), used, count, wide);
      at += count * wide;
      this.rows += count;
    }
  }

  draw(bytes, first, count, wide) {
    const pen = this.canvas.getContext("2d", { willReadFrequently: true });
    const kept = first ? pen.getImageData(0, 0, WIDE, first) : null;
    this.canvas.height = first + count;
    const image = pen.createImageData(WIDE, count);
    const margin = Math.max(0, (WIDE - this.dots) >> 1);
    for (let y = 0; y < count; y++) {
      for (let x = 0; x < this.dots; x++) {
        if (bytes[y * wide + (x >> 3)] & (0x80 >> (x & 7))) {
          image.data.set([38, 37, 42, 255], (y * WIDE + margin + x) * 4);
        }
      }
    }
    if (kept) pen.putImageData(kept, 0, 0);
    pen.putImageData(image, 0, first);
  }
}

export function forget() {
  slips = new Map();
  current = 0;
  document.querySelectorAll("#roll .slip, #slips .torn").forEach((node) => node.remove());
}

function tornOff(number, slip) {
  const links = ["png", "pdf"].map((kind) =>
    make("a", { class: "choice", href: `slips/${number}.${kind}`, download: "", "data-kind": kind }, kind.toUpperCase()));
  const title = make("span", { class: "note" });
  const box = make("div", { class: "torn", "data-slip": number }, make("div", { class: "bar" }, title, ...links), slip.node);
  document.getElementById("slips").prepend(box);
  name(box);
}

function name(box) {
  const number = Number(box.dataset.slip) + 1;
  box.querySelector(".note").textContent = say("slip", { n: number });
  box.querySelector(".slip").setAttribute("role", "img");
  box.querySelector(".slip").setAttribute("aria-label", say("slip", { n: number }));
}

function place() {
  for (const [number, slip] of slips) {
    if (number < current && !slip.node.closest(".torn")) {
      slip.node.remove();
      tornOff(number, slip);
    } else if (number === current && !slip.node.isConnected) {
      document.getElementById("roll").prepend(slip.node);
    }
  }
  const torn = document.querySelectorAll("#slips .torn").length;
  const count = document.getElementById("slip-count");
  count.hidden = !torn;
  count.textContent = torn;
  document.querySelector("#slips > .empty").hidden = torn > 0;
  const hanging = slips.get(current)?.rows > 0;
  document.getElementById("roll-empty").hidden = hanging;
  document.getElementById("tear").disabled = !hanging;
}

export function stateChanged(state) {
  current = state.slip;
  place();
}

export function setUp() {
  on(2, (view) => {
    const number = view.getUint16(1, true);
    const dots = view.getUint16(7, true);
    if (!slips.has(number)) slips.set(number, new Slip(dots));
    const roll = document.getElementById("roll");
    const atSlot = roll.scrollTop > -8;
    slips.get(number).add(new Uint8Array(view.buffer, 9));
    place();
    if (atSlot) roll.scrollTop = 0;
  });
  document.getElementById("tear").addEventListener("click", () => {
    send("tear");
    document.getElementById("terminal").focus({ preventScroll: true });
  });
  onChange(() => document.querySelectorAll("#slips .torn").forEach(name));
}
