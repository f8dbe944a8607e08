// The first run: marks the tab of the panel that the address names, and pauses what waits for the first report.
const tabs = [...document.querySelectorAll("[data-panel-tab]")];
const form = document.querySelector("[data-keeps-tab]");

function mark() {
  const chosen = tabs.find((tab) => tab.hash === location.hash) ?? tabs[0];
  for (const tab of tabs) {
    if (tab === chosen) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  // The page with the key opens on the same tab.
  if (form) form.setAttribute("action", form.getAttribute("action").replace(/#.*$/, chosen.hash));
}

addEventListener("hashchange", mark);
mark();

const pause = document.querySelector("[data-pause]");
const box = document.querySelector("[data-paused-by]");

pause?.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? pause.dataset.sayResume : pause.dataset.sayPause;
  box.firstElementChild.classList.toggle("paused", paused);
  const words = box.querySelector(".live.waiting");
  if (words) words.textContent = paused ? box.dataset.sayPaused : box.dataset.sayWaiting;
});
addEventListener("htmx:beforeRequest", (event) => {
  if (pause?.getAttribute("aria-pressed") === "true" && event.target.matches("[data-poll]")) event.preventDefault();
});
// Where no answer comes, the line says so; the next look says what is.
for (const name of ["htmx:sendError", "htmx:responseError"]) {
  addEventListener(name, () => {
    const words = box.querySelector(".live.waiting");
    if (words) words.textContent = box.dataset.sayStale;
  });
}
addEventListener("htmx:afterRequest", (event) => {
  const words = box.querySelector(".live.waiting");
  if (event.detail.successful && words && words.textContent === box.dataset.sayStale) words.textContent = box.dataset.sayWaiting;
});
