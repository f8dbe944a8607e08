// Replay: opens steps in the panel without leaving the page, and brings the first failed one into view.
const PANEL = "#step";
const narrow = matchMedia("(max-width: 1180px)");

const stepOf = (href) => new URL(href, location.href).searchParams.get("at");
// The step that the page shows: following a link inside the page (#classify) changes none.
let shown = location.search;
const hrefOf = (link) => link.getAttribute("href");

function markCurrent(step) {
  for (const link of document.querySelectorAll("a.wf-row, .dag a")) {
    if (stepOf(hrefOf(link)) === step) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

async function open(link) {
  const href = hrefOf(link);
  const inPanel = Boolean(link.closest(PANEL));
  await htmx.ajax("GET", href, { target: PANEL, swap: "outerHTML" });
  history.pushState({ replay: true }, "", href);
  shown = location.search;
  markCurrent(stepOf(href));
  const panel = document.querySelector(PANEL);
  if (inPanel) panel.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus();
  else if (narrow.matches || link.closest(".dag")) panel.scrollIntoView({ block: "nearest" });
}

addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a.wf-row, a[data-part], #step .tabs a");
  if (!link || !window.htmx) return;
  event.preventDefault();
  open(link).catch(() => location.assign(hrefOf(link)));
});

addEventListener("popstate", () => { if (location.search !== shown) location.reload(); });

const frame = document.querySelector("[data-scene]");
const first = frame?.querySelector(".div rect.n");
if (first && frame.scrollWidth > frame.clientWidth) {
  const box = first.getBoundingClientRect();
  const edge = frame.getBoundingClientRect();
  if (box.right > edge.right) frame.scrollLeft = box.left - edge.left - frame.clientWidth / 2;
}
const asked = stepOf(location.href);
if (asked) markCurrent(asked);
const rows = document.querySelector(".wf.framed");
const current = rows?.querySelector("a[aria-current]");
if (current && current.offsetTop > rows.clientHeight - 64) rows.scrollTop = current.offsetTop - rows.clientHeight / 2;
