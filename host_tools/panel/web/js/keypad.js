// The keys: mouse, touch and the computer's keyboard press them, for as long as they are held.

import { send } from "./link.js";
import { make, onChange, say } from "./words.js";

const LAYOUT = "123C456B789M*0#E";
const NAMED = { C: "key_cancel", B: "key_delete", M: "key_menu", E: "key_ok", "*": "key_star", "#": "key_hash" };
const BESIDE = { Enter: "E", Escape: "C", Backspace: "B", Delete: "B", F1: "M", m: "M", M: "M" };
const buttons = new Map();
const held = new Map(); // who holds a key: pointer or keyboard key -> key of the terminal

function press(who, key) {
  if (held.has(who)) return;
  held.set(who, key);
  buttons.get(key).classList.add("down");
  send("down", key);
}

function release(who) {
  const key = held.get(who);
  if (key === undefined) return;
  held.delete(who);
  if (![...held.values()].includes(key)) buttons.get(key).classList.remove("down");
  send("up", key);
}

function releaseAll() {
  for (const who of [...held.keys()]) release(who);
}

function label(key) {
  const button = buttons.get(key);
  button.replaceChildren();
  if ("CBME".includes(key)) {
    button.append(make("b", { "aria-hidden": "true" }, key), make("small", {}, say(NAMED[key])));
  } else {
    button.append(key);
  }
  button.setAttribute("aria-label", NAMED[key] ? say(NAMED[key]) : key);
}

// Whether Enter and Space belong to what has the focus, and not to the terminal.
function busy(target) {
  return target.closest("button, a, summary, select, [role=tab]") !== null;
}

function typing(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

export const keyOf = (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  if (/^[0-9*#]$/.test(event.key)) return event.key;
  return BESIDE[event.key] ?? null;
};

export function setUp() {
  const board = document.getElementById("keys");
  for (const key of LAYOUT) {
    // out of the tab order: the keyboard has keys of its own
    const button = make("button", { type: "button", class: "key", "data-key": key, tabindex: "-1" });
    buttons.set(key, button);
    label(key);
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      document.getElementById("terminal").focus({ preventScroll: true, focusVisible: false });
      button.setPointerCapture(event.pointerId);
      press(`pointer ${event.pointerId}`, key);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      button.addEventListener(end, (event) => release(`pointer ${event.pointerId}`));
    }
    button.addEventListener("click", (event) => {
      if (event.detail === 0) { // a screen reader: nothing was held
        press("click", key);
        release("click");
      }
    });
    board.append(button);
  }
  onChange(() => [...LAYOUT].forEach(label));
  document.addEventListener("keydown", (event) => {
    const key = keyOf(event);
    if (key === null || typing(event.target)) return;
    if (event.key === "Enter" && busy(event.target)) return;
    event.preventDefault();
    if (!event.repeat) press(`key ${event.code}`, key);
  });
  document.addEventListener("keyup", (event) => release(`key ${event.code}`));
  window.addEventListener("blur", releaseAll);
  document.addEventListener("visibilitychange", () => document.hidden && releaseAll());
}
