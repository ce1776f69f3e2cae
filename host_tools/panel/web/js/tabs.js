// The tabs beside the terminal; where there is no room for three columns the wallet is one of them.

const PANELS = ["wallet", "talk", "slips", "faults", "console"];
const narrow = matchMedia("(max-width: 1239px)");
let chosen = null;

const shown = () => PANELS.filter((name) => narrow.matches || name !== "wallet");

export function choose(name, focus = false) {
  chosen = shown().includes(name) ? name : shown()[0];
  document.querySelector("main").dataset.tab = chosen;
  for (const panel of PANELS) {
    const tab = document.getElementById(`tab-${panel}`);
    const here = panel === chosen;
    tab.setAttribute("aria-selected", here);
    tab.tabIndex = here ? 0 : -1;
    if (panel !== "wallet") document.getElementById(`panel-${panel}`).hidden = !here;
    if (here && focus) tab.focus();
  }
  for (const box of document.querySelectorAll("#talk, #console")) box.scrollTop = box.scrollHeight;
}

export function setUp() {
  for (const name of PANELS) {
    document.getElementById(`tab-${name}`).addEventListener("click", () => choose(name));
  }
  document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
    const names = shown();
    const at = names.indexOf(chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(names[(to + names.length) % names.length], true);
  });
  narrow.addEventListener("change", () => choose(chosen));
  choose(narrow.matches ? "wallet" : "talk");
}
