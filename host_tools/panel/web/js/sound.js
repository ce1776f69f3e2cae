// The buzzer: shown always, heard by who wants to.

import { on } from "./link.js";

const SHOWN_MS = 700;
let context = null;
let wanted = false;
let sounding = null; // an oscillator that goes on until the buzzer is silent
let hiding = 0;

function show(hz) {
  const node = document.getElementById("buzzer-says");
  node.textContent = `♪ ${hz} Hz`;
  clearTimeout(hiding);
  hiding = setTimeout(() => { node.textContent = ""; }, SHOWN_MS);
}

function hush() {
  sounding?.stop();
  sounding = null;
}

export function stateChanged(state) {
  if (!state.buzzer) hush();
}

export function setUp() {
  const button = document.getElementById("sound");
  button.addEventListener("click", () => {
    wanted = !wanted;
    button.setAttribute("aria-pressed", wanted);
    if (wanted) context ??= new AudioContext();
    if (wanted) context.resume();
    else hush();
  });
  on("tone", ({ hz, ms }) => {
    show(hz);
    if (!wanted) return;
    hush();
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.type = "square";
    tone.frequency.value = hz;
    volume.gain.value = 0.04;
    tone.connect(volume).connect(context.destination);
    tone.start();
    if (ms) tone.stop(context.currentTime + ms / 1000);
    else sounding = tone;
  });
}
