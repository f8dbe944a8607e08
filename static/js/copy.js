// Copies links ([data-copy-link], with a query of its own or the page's) and code ([data-copy] names the element).
import { copy, copyLink } from "./clipboard.js";
import { words } from "./toast.js";

addEventListener("click", (event) => {
  const link = event.target.closest("[data-copy-link]");
  if (link) {
    copyLink(link.dataset.copyLink);
    link.closest("details")?.removeAttribute("open");
  }
  const code = event.target.closest("[data-copy]");
  if (code) copy(document.getElementById(code.dataset.copy).textContent, words("sayCopied"));
});
