// The conversation: a line for each message, APDU and frame; all of it when a line is opened.

import { on } from "./link.js";
import { find, make, onChange, say } from "./words.js";

const MOST = 800;
const ARROWS = { to_host: "→", from_host: "←", to_reader: "→", from_reader: "←", both: "⇄", note: "·" };
let entries = [];

const fieldOf = (entry, number) => entry.fields?.find((field) => field.n === number)?.value;

function amount(text) {
  if (!/^\d{12}$/.test(text ?? "")) return null;
  return (Number(text) / 100).toLocaleString("en", { minimumFractionDigits: 2 });
}

function summary(entry) {
  if (entry.chan === "host" && entry.mti) {
    const parts = [find(`mti.${entry.mti}`) ?? ""];
    const money = amount(fieldOf(entry, "4"));
    if (money) parts.push(`¥ ${money}`);
    if (fieldOf(entry, "11")) parts.push(say("trace", { n: fieldOf(entry, "11") }));
    const code = fieldOf(entry, "39");
    if (code !== undefined) parts.push(say("code", { code, words: find(`codes.${code}`) ?? "" }).trim());
    if (entry.event === "not_processed") parts.push(say("event.not_processed"));
    return [make("b", {}, entry.mti), " ", parts.filter(Boolean).join(" · ")];
  }
  if (entry.chan === "host") return [say(`event.${entry.event}`), ...Object.values(entry.notes).map((note) => ` · ${note}`)];
  if (entry.chan === "card") {
    const status = entry.lost ? say("card_lost") : entry.rapdu?.hex.slice(-4) ?? "";
    return [make("b", {}, entry.kind), status ? ` → ${status}` : ""];
  }
  return [make("b", {}, entry.event), entry.words ? ` ${entry.words}` : ""];
}

function bad(entry) {
  const code = fieldOf(entry, "39");
  if (entry.chan === "host") return ["fault", "not_processed", "lost", "bad_frame", "refused"].includes(entry.event) || (code !== undefined && !["00", "10"].includes(code));
  return Boolean(entry.lost) || entry.event === "bad" || entry.event === "error";
}

function line(entry) {
  const quiet = ["ack", "connect", "close"].includes(entry.event);
  const node = make("details", { class: `line${bad(entry) ? " bad" : ""}${quiet ? " quiet" : ""}`, "data-chan": entry.chan, "data-n": entry.n });
  node.append(make("summary", {},
    make("time", {}, entry.at), make("span", { class: "chan" }, say(`chan_${entry.chan}`)),
    make("span", { class: "way", "aria-hidden": "true" }, ARROWS[entry.dir] ?? ""),
    make("span", { class: "what" }, ...summary(entry))));
  node.addEventListener("toggle", () => {
    if (node.open && !node.querySelector(".more")) node.append(make("div", { class: "more" }, ...details(entry)));
  });
  return node;
}

function details(entry) {
  if (entry.chan === "host") return hostDetails(entry);
  if (entry.chan === "card") return cardDetails(entry);
  return [make("p", { class: "words" }, say(`frame.${entry.event}`), entry.words ? `: ${entry.words}` : "")];
}

function hostDetails(entry) {
  const rows = (entry.fields ?? []).map((field) => {
    const said = make("td", { class: "value" }, field.value);
    if (field.parts) said.append(make("br"), make("small", {}, field.parts));
    if (field.tags) {
      said.append(make("ul", { class: "tree" }, ...field.tags.map((tag) =>
        make("li", {}, make("code", {}, tag.tag), ` ${tag.name} `, make("span", { class: "v" }, tag.value)))));
    }
    const name = find(`fields.${field.n}`) ?? field.name;
    return make("tr", {}, make("th", { scope: "row" }, `F${field.n}`), make("td", {}, name), said);
  });
  const notes = Object.entries(entry.notes ?? {}).map(([name, text]) => make("p", { class: "words" }, `${find(`note.${name}`) ?? name}: ${text}`));
  return [...notes, make("table", {}, make("tbody", {}, ...rows))];
}

function cardDetails(entry) {
  const out = [];
  if (entry.clause) out.push(make("p", { class: "words" }, entry.clause));
  if (entry.capdu) out.push(make("h4", {}, say("command")), ...apdu(entry.capdu));
  if (entry.lost) out.push(make("p", { class: "words" }, say("card_lost")));
  if (entry.rapdu) out.push(make("h4", {}, say("answer")), ...apdu(entry.rapdu));
  if (entry.words) out.push(make("p", { class: "words" }, entry.words));
  return out;
}

function apdu(shown) {
  const { name, hex, remark, data_objects: nodes, ...facts } = shown;
  const out = [make("div", { class: "hex" }, hex)];
  if (nodes) delete facts.data; // they say it better
  const said = Object.entries(facts).map(([key, words]) => `${key.replaceAll("_", " ").toUpperCase()}: ${words}`);
  if (said.length) out.push(make("p", { class: "words" }, said.join(" · ")));
  if (remark) out.push(make("p", { class: "words" }, remark));
  if (nodes) out.push(tree(nodes));
  return out;
}

function tree(nodes) {
  return make("ul", { class: "tree" }, ...nodes.map((node) => {
    const item = make("li", {}, make("code", {}, node.tag), ` ${node.name}`);
    if (node.value !== undefined) item.append(" ", make("span", { class: "v" }, node.value || "–"));
    if (node.words) item.append(make("div", { class: "words" }, node.words.join("; ")));
    if (node.children) item.append(tree(node.children));
    if (node.asks) item.append(make("div", { class: "words" }, node.asks.map((ask) => `${ask.tag} ${ask.name}, ${ask.length}`).join("; ")));
    return item;
  }));
}

// Says what will come as long as nothing of it is to be seen.
function showEmpty(box) {
  box.querySelector(".empty").hidden = entries.some((entry) => box.classList.contains(`with-${entry.chan}`));
}

function show(fresh) {
  const box = document.getElementById("talk");
  showEmpty(box);
  const following = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  box.append(...fresh.map(line));
  const lines = box.querySelectorAll(".line");
  for (let i = 0; i < lines.length - MOST; i++) lines[i].remove();
  if (following) box.scrollTop = box.scrollHeight;
}

export function forget() {
  entries = [];
  document.querySelectorAll("#talk .line").forEach((node) => node.remove());
  show([]);
}

export function setUp() {
  const box = document.getElementById("talk");
  for (const button of document.querySelectorAll("[data-chan][aria-pressed]")) {
    const set = (pressed) => {
      button.setAttribute("aria-pressed", pressed);
      box.classList.toggle(`with-${button.dataset.chan}`, pressed);
      showEmpty(box);
      box.scrollTop = box.scrollHeight;
    };
    set(button.getAttribute("aria-pressed") === "true");
    button.addEventListener("click", () => set(button.getAttribute("aria-pressed") !== "true"));
  }
  document.getElementById("talk-clear").addEventListener("click", forget);
  on("talk", (message) => {
    entries = [...entries, ...message.entries].slice(-MOST);
    show(message.entries);
  });
  onChange(() => {
    document.querySelectorAll("#talk .line").forEach((node) => node.remove());
    show(entries);
  });
}
