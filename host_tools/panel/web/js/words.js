// Every word of the page, in both languages, from words.json.

const NAME = "taptill-language";
let tables = {};
let language = "en";
const listeners = [];

export async function load() {
  tables = await (await fetch("words.json")).json();
  const wanted = stored() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
  language = wanted in tables ? wanted : "en";
}

function stored() {
  try { return localStorage.getItem(NAME); } catch { return null; }
}

export const current = () => language;

export function choose(wanted) {
  language = wanted;
  try { localStorage.setItem(NAME, wanted); } catch { /* a page without a memory */ }
  apply();
  listeners.forEach((call) => call());
}

export const onChange = (call) => listeners.push(call);

// What is said under a name; null when there is nothing and a fallback exists elsewhere.
export function find(name) {
  return name.split(".").reduce((at, part) => at?.[part], tables[language]) ?? null;
}

export function say(name, values = {}) {
  const text = find(name) ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

export function apply(root = document) {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = say(node.dataset.t);
  for (const node of root.querySelectorAll("[data-aria]")) node.setAttribute("aria-label", say(node.dataset.aria));
  for (const node of root.querySelectorAll("[data-hint]")) node.placeholder = say(node.dataset.hint);
}

// An element in one call: make("b", {class: "x"}, "text", child, ...)
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
