// The buzzer, for who wants to hear it.

import { on } from "./link.js";

let context = null;

export function setUp() {
  const button = document.getElementById("sound");
  button.addEventListener("click", () => {
    const wanted = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", wanted);
    if (wanted) context ??= new AudioContext();
    if (context) wanted ? context.resume() : context.suspend();
  });
  on("tone", ({ hz, ms }) => {
    if (button.getAttribute("aria-pressed") !== "true" || !context) return;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.type = "square";
    tone.frequency.value = hz;
    volume.gain.value = 0.04;
    tone.connect(volume).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + ms / 1000);
  });
}
