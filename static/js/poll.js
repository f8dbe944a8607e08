// Parts of a page that ask for news by htmx ([data-poll]): only while the page is in view, and at once when it comes back.
addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-poll]")) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  document.querySelectorAll("[data-poll]").forEach((part) => part.dispatchEvent(new Event("seen")));
});
