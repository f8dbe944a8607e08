// Single keys: / ? j k . t and g followed by a letter. Off inside fields, and where the reader switched them off.
import { copyLink } from "./clipboard.js";

const SWITCH = "single-keys";
const GO_WITHIN_MS = 1500;
let goUntil = 0;

const kept = () => { try { return localStorage.getItem(SWITCH); } catch { return null; } };
const isOn = () => kept() !== "off";
const inField = (target) => target.closest?.("input, select, textarea, [contenteditable], dialog[open]");

function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
  if (!rows.length) return;
  const now = rows.indexOf(document.activeElement);
  const next = now < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(now + step, 0), rows.length - 1);
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
}

// Pages that stand in a sequence (one failed execution after the other) put their links on j and k.
function follow(rel) {
  const link = document.querySelector(`a[data-sequence][rel="${rel}"]`);
  link?.click();
  return Boolean(link);
}

function search() {
  const field = document.querySelector("[data-search]");
  if (field) field.focus();
  else document.querySelector("[data-search-link]")?.click();
}

function openRange() {
  const menu = document.querySelector("[data-range]");
  if (!menu) return;
  menu.open = true;
  menu.querySelector("input:not([type=hidden]), a")?.focus();
}

function go(letter) {
  document.querySelector(`[data-go="${CSS.escape(letter)}"]`)?.click();
}

const ACTIONS = {
  "/": search,
  "?": () => document.getElementById("help")?.showModal(),
  j: () => follow("next") || move(1),
  k: () => follow("prev") || move(-1),
  ".": () => copyLink(),
  t: openRange,
  g: () => { goUntil = Date.now() + GO_WITHIN_MS; },
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !isOn() || inField(event.target)) return;
  const waiting = Date.now() < goUntil;
  goUntil = 0;
  const action = waiting && /^[a-z]$/.test(event.key) ? () => go(event.key) : ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

const box = document.querySelector("[data-keys-switch]");
if (box) {
  box.checked = isOn();
  box.addEventListener("change", () => {
    try { localStorage.setItem(SWITCH, box.checked ? "on" : "off"); } catch { /* storage is switched off */ }
  });
}
