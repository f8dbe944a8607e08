// Copying to the clipboard: links ([data-copy-link], with a query of its own or the page's), code ([data-copy] names the
// element), and what other scripts hand over; a short notice says what was copied.
const NOTICE_MS = 5000;

/** What a notice says, by the name of the `data-say-…` that holds it; templates/components/_messages.html has them. */
export const words = (name) => document.querySelector(".toasts")?.dataset[name] ?? "";

function toast(text, tone = "ok") {
  const notice = document.createElement("div");
  notice.className = `toast ${tone}`;
  notice.textContent = text;
  document.querySelector(".toasts")?.append(notice);
  setTimeout(() => notice.remove(), NOTICE_MS);
}

/** Copies the text and says so in the words of `said`; screen readers hear it politely. */
export async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    toast(said);
  } catch {
    toast(words("sayNotCopied"), "fail");
  }
}

/** Copies the address of the view; `query` stands for its own query string. */
export function copyLink(query) {
  const address = new URL(query || location.href, location.href);
  copy(address.href, words(query ? "sayTimesCopied" : "sayLinkCopied"));
}

addEventListener("click", (event) => {
  const link = event.target.closest("[data-copy-link]");
  if (link) {
    copyLink(link.dataset.copyLink);
    link.closest("details")?.removeAttribute("open");
  }
  const code = event.target.closest("[data-copy]");
  if (code) copy(document.getElementById(code.dataset.copy).textContent, words("sayCopied"));
});
