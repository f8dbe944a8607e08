// Menus, dialogs, the sidebar on phones, closing notices, printing.
const sideIsOpen = () => document.querySelector("#side.open") !== null;
const openMenus = () => document.querySelectorAll("details.menu[open]");

function closeMenus(except) {
  openMenus().forEach((menu) => { if (!menu.contains(except)) menu.open = false; });
}

function showZones(field) {
  const list = field.list;
  if (!list || list.children.length) return;
  for (const zone of ["UTC", ...Intl.supportedValuesOf("timeZone")]) {
    list.append(Object.assign(document.createElement("option"), { value: zone }));
  }
}

function showSide(open) {
  const side = document.getElementById("side");
  const button = document.querySelector("[data-side]");
  if (!side || side.classList.contains("open") === open) return;
  side.classList.toggle("open", open);
  button.setAttribute("aria-expanded", String(open));
  (open ? side.querySelector("a") : button).focus();
}

function openFigures(event, link) {
  const figures = document.getElementById(link.dataset.open);
  event.preventDefault();
  figures.open = !figures.open;
  if (figures.open) figures.querySelector("summary").focus();
}

addEventListener("click", (event) => {
  closeMenus(event.target);
  const found = (name) => event.target.closest(`[data-${name}]`);
  showSide(Boolean(found("side")) || (sideIsOpen() && Boolean(event.target.closest("#side"))));
  if (found("dialog")) document.getElementById(found("dialog").dataset.dialog)?.showModal();
  if (found("close")) found("close").closest("dialog").close();
  if (found("dismiss")) found("dismiss").parentElement.remove();
  if (found("print")) print();
  if (found("open")) openFigures(event, found("open"));
  if (event.target.matches("dialog")) event.target.close();
});
addEventListener("focusin", (event) => {
  closeMenus(event.target);
  if (event.target.matches?.("[data-zones]")) showZones(event.target);
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  showSide(false);
  openMenus().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
});
// A swap that replaces the page body moves the focus to its heading; smaller ones leave it where it is.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "main") return;
  const heading = event.target.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus();
});
// The navigation is longer than most windows: the page that is open is in view.
document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest" });
