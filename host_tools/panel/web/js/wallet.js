// The wallet: cards are dragged to the reader, or tapped with a click or with Enter.

import { send } from "./link.js";
import { find, make, onChange, say } from "./words.js";

const FAR = 6; // pixels: less is a click
const GROUPS = ["card", "phone", "odd"];
let cards = [];
let held = [];
let quiet = 0; // until when clicks are the end of a drag

const title = (card) => find(`cards.${card.name}.0`) ?? card.name.replaceAll("_", " ");

function toReader(card) {
  if (!held.includes(card.name)) send("tap", card.name);
  const terminal = document.getElementById("terminal");
  terminal.focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const glass = document.getElementById("reader").getBoundingClientRect();
  if (glass.top < 0 || glass.bottom > innerHeight) {
    terminal.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "center" });
  }
}

function takeAway(card) {
  send("remove", card.name);
  document.getElementById("terminal").focus({ preventScroll: true });
}

function draggable(node, card, drop) {
  let start = null;
  let ghost = null;
  const reader = document.getElementById("reader");
  const over = (event) => {
    const box = document.getElementById("terminal").getBoundingClientRect();
    return event.clientX > box.left && event.clientX < box.right && event.clientY > box.top - 40 && event.clientY < box.bottom;
  };
  const end = (event, done) => {
    if (ghost) {
      ghost.remove();
      reader.classList.remove("over");
      quiet = performance.now() + 300;
      if (done) drop(over(event));
    }
    start = ghost = null;
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    start = { x: event.clientX, y: event.clientY };
    node.setPointerCapture(event.pointerId); // a fast hand leaves the card at once
  });
  node.addEventListener("pointermove", (event) => {
    if (!start) return;
    const away = Math.hypot(event.clientX - start.x, event.clientY - start.y);
    if (!ghost && away < FAR) return;
    if (!ghost) {
      ghost = tile(card);
      ghost.classList.add("ghost");
      document.body.append(ghost);
    }
    ghost.style.left = `${event.clientX - 60}px`;
    ghost.style.top = `${event.clientY - 24}px`;
    reader.classList.toggle("over", over(event));
  });
  node.addEventListener("pointerup", (event) => end(event, true));
  node.addEventListener("pointercancel", (event) => end(event, false));
}

function tile(card) {
  const at = held.includes(card.name);
  return make("button",
    { type: "button", class: "card", "data-card": card.name, "data-kind": card.kind, "aria-pressed": at },
    make("i", { "aria-hidden": "true" }),
    make("strong", {}, title(card), at ? make("span", { class: "state" }, say("take_away")) : null),
    make("span", { class: "number" }, card.number),
    make("span", { class: "about" }, find(`cards.${card.name}.1`) ?? card.about));
}

function draw() {
  const focused = document.activeElement?.dataset?.card;
  const open = document.querySelector("#cards details")?.open ?? false;
  const groups = GROUPS.map((kind) => {
    const tiles = cards.filter((card) => card.kind === kind).map((card) => {
      const node = tile(card);
      draggable(node, card, (over) => over && toReader(card));
      node.addEventListener("click", () => {
        if (performance.now() > quiet) (held.includes(card.name) ? takeAway : toReader)(card);
      });
      return node;
    });
    if (kind !== "odd") return make("div", {}, make("h3", {}, say(`group_${kind}`)), ...tiles);
    return make("details", open ? { open: "" } : {}, make("summary", {}, say("group_odd")), ...tiles);
  });
  const box = document.getElementById("cards");
  box.replaceChildren(...groups);
  if (focused) box.querySelector(`[data-card="${focused}"]`)?.focus({ preventScroll: true });
}

function drawHeld() {
  const chips = held.map((name) => {
    const card = cards.find((one) => one.name === name) ?? { name };
    const chip = make("button", { type: "button", class: "held", "data-held": name },
      make("span", {}, title(card)), make("span", {}, say("take_away")));
    draggable(chip, { kind: "card", number: "", about: "", ...card }, (over) => over || takeAway(card));
    chip.addEventListener("click", () => performance.now() > quiet && takeAway(card));
    return chip;
  });
  document.getElementById("reader-cards").replaceChildren(...chips);
  document.getElementById("reader-says").hidden = held.length > 0;
}

export function hello(message) {
  // the plainest first: what a newcomer takes works
  const first = ["unionpay_debit", "unionpay_phone", "visa_online", "mastercard_online"];
  const rank = (card) => (first.includes(card.name) ? first.indexOf(card.name) : first.length);
  cards = [...message.wallet].sort((a, b) => rank(a) - rank(b));
  draw();
}

export function stateChanged(state) {
  document.getElementById("reader").classList.toggle("on", state.reader.field);
  if (String(state.reader.cards) !== String(held)) {
    held = state.reader.cards;
    draw();
    drawHeld();
  }
}

export function setUp() {
  onChange(() => { draw(); drawHeld(); });
}
