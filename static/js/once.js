// A second click on the button of a form that is under way sends nothing: one click makes one team, one key.
const REST_MS = 3000;
const underWay = new WeakMap();

addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("method")?.toLowerCase() !== "post" || event.defaultPrevented) return;
  const button = event.submitter ?? form;
  if (Date.now() - (underWay.get(form)?.at ?? 0) < REST_MS && underWay.get(form).button === button) {
    event.preventDefault();
    return;
  }
  underWay.set(form, { at: Date.now(), button });
});
// Reloading a page that answered a form (with a new key, say) asks for that page; it does not send the form again.
const page = document.querySelector(".crumbs a[aria-current=page]")?.href;
const [visit] = performance.getEntriesByType("navigation");
if (page && visit?.responseStatus === 200 && document.querySelector("main[data-method=POST]")) history.replaceState(null, "", page + location.hash);
// Back from another page, the form may be sent again.
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form").forEach((form) => underWay.delete(form));
});
