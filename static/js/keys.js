// Single keys: / ? j k . t and g followed by a letter. Off inside fields, and for whoever switched them off.
import { copyLink } from "./copy.js";

/** Whether a key without Ctrl, Alt or Cmd does something: as the person chose, on every browser. */
export const keysAreOn = () => document.body.dataset.keys !== "off";

/** Whether a key that was pressed is meant for a field or a dialog, or is a command of the browser. */
export function isOthers(event, fields = "input, select, textarea, [contenteditable], dialog[open]") {
  return event.ctrlKey || event.metaKey || event.altKey || event.isComposing || Boolean(event.target.closest?.(fields));
}

const GO_WITHIN_MS = 1500;
// What a key in the list needs on the page.
const NEEDS = {
  search: "[data-search], [data-search-link]", rows: "[data-row]", sequence: "[data-sequence]",
  boxes: "[data-select]", range: "[data-range]",
};
let goUntil = 0;

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

// The list has the keys that do something on this page, and where the letters behind g lead.
function showHelp() {
  const help = document.getElementById("help");
  if (!help || help.open) return;
  const isThere = (need) => document.querySelector(NEEDS[need]);
  help.querySelectorAll("[data-needs]").forEach((one) => { one.hidden = !one.dataset.needs.split(" ").some(isThere); });
  const list = help.querySelector("[data-go-list]");
  if (list && !list.children.length) list.append(...[...document.querySelectorAll("[data-go]")].flatMap(entry));
  help.showModal();
}

function entry(link) {
  const term = document.createElement("dt");
  for (const key of ["g", link.dataset.go]) term.append(Object.assign(document.createElement("kbd"), { textContent: key }), " ");
  return [term, Object.assign(document.createElement("dd"), { textContent: link.textContent.trim() })];
}

const ACTIONS = {
  "/": search,
  "?": showHelp,
  j: () => follow("next") || move(1),
  k: () => follow("prev") || move(-1),
  ".": () => copyLink(),
  t: openRange,
  g: () => { goUntil = Date.now() + GO_WITHIN_MS; },
};

addEventListener("keydown", (event) => {
  if (isOthers(event) || !keysAreOn()) return;
  const waiting = Date.now() < goUntil;
  goUntil = 0;
  const action = waiting && /^[a-z]$/.test(event.key) ? () => go(event.key) : ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
addEventListener("click", (event) => { if (event.target.closest("[data-keys-help]")) showHelp(); });

const box = document.querySelector("[data-keys-switch]");
if (box) {
  box.checked = keysAreOn();
  box.addEventListener("change", () => { document.body.dataset.keys = box.checked ? "on" : "off"; });
}
