// Choosing rows of a table: all at once, the focused one with x, and how many are chosen. The form works without it.
const boxes = () => [...document.querySelectorAll("[data-select]")];
const all = document.querySelector("[data-select-all]");
const inField = (target) => target.closest?.("input:not([type=checkbox]), select, textarea, dialog[open]");

function show() {
  const chosen = boxes().filter((box) => box.checked).length;
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && !all.checked;
  document.querySelector("[data-selected]").textContent = chosen ? `${chosen} chosen` : "Choose all";
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
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
    const box = document.activeElement?.closest("tr")?.querySelector("[data-select]");
    if (!box) return;
    event.preventDefault();
    box.checked = !box.checked;
    show();
  });
  show();
}
