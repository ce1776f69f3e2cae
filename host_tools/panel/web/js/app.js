// Puts the page together: words first, then every part, then the line to the terminal.

import * as console_ from "./console.js";
import * as display from "./display.js";
import * as faults from "./faults.js";
import * as keypad from "./keypad.js";
import * as lamp from "./lamp.js";
import * as link from "./link.js";
import * as paper from "./paper.js";
import * as sound from "./sound.js";
import * as tabs from "./tabs.js";
import * as talk from "./talk.js";
import * as wallet from "./wallet.js";
import * as words from "./words.js";

let login = { operator: "", password: "" };
let pin = "";
let connected = null;
let hiding = 0;

function guide() {
  const list = document.getElementById("guide");
  const steps = ["step_login", "step_amount", "step_tap", "step_pin"].map((name) => {
    const step = words.make("li");
    // [01] in the words is something to type
    for (const part of words.say(name, { ...login, pin }).split(/(\[[^\]]+\])/)) {
      step.append(part.startsWith("[") ? words.make("kbd", {}, part.slice(1, -1)) : part);
    }
    return step;
  });
  list.replaceChildren(...steps);
}

function showLink() {
  const node = document.getElementById("link");
  node.textContent = connected === null ? "" : words.say(connected ? "link_on" : "link_off");
  node.className = `link ${connected === false ? "off" : "on"}`;
  document.getElementById("terminal").classList.toggle("lost", connected === false);
}

function message(text) {
  const box = document.getElementById("message");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { box.hidden = true; }, 6000);
}

function showLanguage() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", button.dataset.language === words.current());
  }
  document.title = `TapTill · ${words.say("title")}`;
  guide();
  showLink();
}

await words.load();
words.apply();
for (const part of [display, keypad, paper, wallet, talk, faults, console_, tabs, sound, lamp]) part.setUp();
const sized = link.handler("state");
link.on("state", (state) => {
  sized(state);
  for (const part of [paper, wallet, faults, sound, lamp]) part.stateChanged(state);
});
link.on("hello", (hello) => {
  for (const part of [paper, talk, console_]) part.forget();
  login = hello.login;
  pin = hello.wallet.find((card) => card.name === "unionpay_debit")?.pin ?? "";
  wallet.hello(hello);
  console_.hello(hello);
  guide();
});
link.on("error", (error) => message(error.why));
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => words.choose(button.dataset.language));
}
words.onChange(showLanguage);
showLanguage();
link.connect(
  () => { connected = true; showLink(); },
  () => { connected = false; showLink(); },
);
document.getElementById("terminal").focus({ preventScroll: true, focusVisible: false });
