// What can go wrong: power, paper, network, host. Each switch shows how things are, not what was asked.

import { send } from "./link.js";
import { make, onChange, say } from "./words.js";

// name of the words, how things are, what to do when off, what to do when on
const SWITCHES = {
  power: [
    ["power_cut", (s) => !s.power, ["power", "cut"], ["power", "on"]],
    ["charger", (s) => s.charger, ["charger", "on"], ["charger", "off"]],
  ],
  printer: [
    ["paper_out", (s) => !s.printer.paper, ["printer", "paper_out"], ["printer", "new_paper"]],
    ["paper_low", (s) => s.printer.low && s.printer.paper, ["printer", "near_end"], ["printer", "new_paper"]],
    ["cover_open", (s) => s.printer.open, ["printer", "open_cover"], ["printer", "close_cover"]],
    ["too_hot", (s) => s.printer.hot, ["printer", "overheat"], ["printer", "cool_down"]],
  ],
  network: [
    ["wifi_down", (s) => !s.wifi, ["wifi", "drop"], ["wifi", "restore"]],
    ["sim_out", (s) => s.modem.sim === "out", ["modem", "sim_out"], ["modem", "sim_in"]],
    ["no_signal", (s) => !s.modem.signal, ["modem", "lost"], ["modem", "found"]],
  ],
  host: [["host_down", (s) => s.host.down, ["host", "stop"], ["host", "start"]]],
};
const HOST = [
  "delay 5", "drop_before_booking", "drop_after_booking", "silent", "wrong_mac", "half_reply",
  "late_reply", "duplicate_reply", "wrong_trace", "garbage", "answer 51", "answer 96",
];
const MESSAGES = ["", "0200", "0400", "0100", "0220", "0500", "0320", "0800"];
let state = null;

function toggle([name, isOn, whenOff, whenOn]) {
  const button = make("button", { type: "button", class: "switch", role: "switch", "aria-checked": "false", "data-switch": name }, say(`switch.${name}`));
  button.addEventListener("click", () => state && send(...(isOn(state) ? whenOn : whenOff)));
  return button;
}

function action(words, ...what) {
  const button = make("button", { type: "button", class: "choice" }, say(words));
  button.addEventListener("click", () => send(...what));
  return button;
}

function options(values, words) {
  return values.map((value) => make("option", { value }, say(`${words}.${value.replaceAll(" ", "_") || "any"}`)));
}

function hostFaults() {
  const fault = make("select", { id: "fault", "aria-label": say("fault_which") }, ...options(HOST, "fault"));
  const mti = make("select", { id: "fault-mti", "aria-label": say("fault_message") }, ...options(MESSAGES, "fault_mti"));
  const often = make("select", { id: "fault-often", "aria-label": say("fault_often") }, ...options(["1", "always"], "often"));
  const ask = make("button", { type: "button", class: "choice", id: "fault-ask" }, say("fault_ask"));
  ask.addEventListener("click", () => {
    const which = mti.value ? ` mti=${mti.value}` : "";
    send("host", `${fault.value}${which} count=${often.value}`);
  });
  const row = make("div", { class: "row" }, fault, mti, often, ask, action("fault_off", "host", "well"));
  return [row, make("p", { class: "note" }, say("pending")), make("ul", { class: "pending", id: "pending" }),
    make("p", { class: "note" }, say("cents_hint"))];
}

function battery() {
  const range = make("input", { type: "range", id: "battery", min: "3", max: "4.3", step: "0.05", value: "4.1" });
  const shown = make("output", { id: "battery-says", for: "battery" });
  range.addEventListener("change", () => send("battery", Number(range.value)));
  range.addEventListener("input", () => { shown.textContent = `${Number(range.value).toFixed(2)} V`; });
  return make("div", { class: "row" }, make("label", { for: "battery" }, say("battery")), range, shown);
}

function draw() {
  const group = (name, ...more) => make("section", { class: "group" }, make("h3", {}, say(`faults.${name}`)), ...SWITCHES[name].map(toggle), ...more);
  document.getElementById("panel-faults").replaceChildren(
    group("power", make("div", { class: "row" }, action("reset", "reset"), action("pass_minute", "pass", 60), action("pass_hour", "pass", 3600)), battery()),
    group("printer"),
    group("network", make("div", { class: "row" }, action("black_hole", "wifi", "black_hole"), action("black_hole_end", "wifi", "black_hole on=0"))),
    group("host", ...hostFaults()));
  if (state) stateChanged(state);
}

export function stateChanged(now) {
  state = now;
  for (const entry of Object.values(SWITCHES).flat()) {
    const button = document.querySelector(`[data-switch="${entry[0]}"]`);
    button?.setAttribute("aria-checked", entry[1](now));
  }
  const pending = document.getElementById("pending");
  if (!pending) return;
  const faults = now.host.faults.length ? now.host.faults : [say("none")];
  pending.replaceChildren(...faults.map((fault) => make("li", {}, fault)));
  const range = document.getElementById("battery");
  if (document.activeElement !== range) range.value = now.battery;
  document.getElementById("battery-says").textContent = `${now.battery.toFixed(2)} V`;
  const said = ["open", "hot"].find((name) => now.printer[name]) ?? (now.printer.paper ? (now.printer.low ? "low" : "") : "out");
  document.getElementById("printer-says").textContent = !now.power ? say("printer.off") : said ? say(`printer.${said}`) : "";
}

export function setUp() {
  draw();
  onChange(draw);
}
