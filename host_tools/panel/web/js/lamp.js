// The lamp of two colours: what it says is in its label, too.

import * as words from "./words.js";

let colour = "dark";

function show() {
  const node = document.getElementById("lamp");
  node.dataset.colour = colour;
  node.setAttribute("aria-label", words.say(`lamp.${colour}`));
  node.title = words.say(`lamp.${colour}`);
}

export function stateChanged(state) {
  colour = state.lamp;
  show();
}

export function setUp() {
  words.onChange(show);
  show();
}
