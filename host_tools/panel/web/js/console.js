// The serial console: what the firmware prints, and a line to type at it.

import { on, send } from "./link.js";
import { onChange, say } from "./words.js";

const MOST = 60000; // characters
let typing = true;

export function forget() {
  document.getElementById("console").textContent = "";
}

function showNote() {
  document.getElementById("console-note").textContent = say(typing ? "console_note" : "console_locked");
}

export function hello(message) {
  typing = message.typing;
  for (const node of document.querySelectorAll("#console-form input, #console-form button")) node.disabled = !typing;
  showNote();
}

export function setUp() {
  const box = document.getElementById("console");
  const input = document.getElementById("console-line");
  on("console", (message) => {
    const following = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    box.append(message.text.replaceAll("\r", ""));
    if (box.textContent.length > MOST) box.textContent = box.textContent.slice(-MOST / 2);
    if (following) box.scrollTop = box.scrollHeight;
  });
  document.getElementById("console-form").addEventListener("submit", (event) => {
    event.preventDefault();
    send("console", `${input.value}\r`);
    input.value = "";
  });
  for (const button of document.querySelectorAll("[data-type]")) {
    button.addEventListener("click", () => send("console", String.fromCharCode(Number(button.dataset.type))));
  }
  onChange(showNote);
}
