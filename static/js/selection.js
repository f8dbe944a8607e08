// Choosing rows of a table: all at once, the focused one with x, and how many are chosen; copying the links of those.
// The form works without it.
import { copy, words } from "./copy.js";
import { isOthers, keysAreOn } from "./keys.js";

const boxes = () => [...document.querySelectorAll("[data-select]")];
const all = document.querySelector("[data-select-all]");
const FIELDS = "input:not([type=checkbox]), select, textarea, dialog[open]";

function links() {
  const rows = boxes().filter((box) => box.checked).map((box) => box.closest("tr").querySelector("[data-row]"));
  return rows.map((row) => new URL(row.getAttribute("href"), location.href).href);
}

function show() {
  const chosen = boxes().filter((box) => box.checked).length;
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && !all.checked;
  const told = document.querySelector("[data-selected]");
  told.textContent = chosen ? told.dataset.sayChosen.replace("{count}", chosen) : told.dataset.sayNone;
  // Who has chosen nothing yet reads what can be done, and may not do it.
  document.querySelectorAll("[data-of-selected]").forEach((one) => {
    one.disabled = chosen < Number(one.dataset.ofSelected || 1) || chosen > Number(one.dataset.atMost || Infinity);
  });
}

if (all) {
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    boxes().forEach((box) => { box.checked = all.checked; });
    show();
  });
  addEventListener("change", (event) => { if (event.target.matches("[data-select]")) show(); });
  addEventListener("pageshow", show);
  addEventListener("keydown", (event) => {
    if (event.key !== "x" || isOthers(event, FIELDS) || !keysAreOn()) return;
    const box = document.activeElement?.closest("tr")?.querySelector("[data-select]");
    if (!box) return;
    event.preventDefault();
    box.checked = !box.checked;
    show();
  });
  addEventListener("click", (event) => {
    if (!event.target.closest("[data-copy-chosen]")) return;
    const found = links();
    copy(found.join("\n"), found.length === 1 ? words("sayLinkCopied") : words("sayLinksCopied").replace("{count}", found.length));
  });
  document.querySelectorAll("[data-copy-chosen]").forEach((button) => { button.hidden = false; });
  show();
}
