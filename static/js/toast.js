// Short notices. No side effects: may be imported anywhere.
const NOTICE_MS = 5000;

/** What a notice says, by the name of the `data-say-…` that holds it; templates/components/_messages.html has them. */
export const words = (name) => document.querySelector(".toasts")?.dataset[name] ?? "";

/** Shows a short notice; screen readers hear it politely. */
export function toast(text, tone = "ok") {
  const notice = document.createElement("div");
  notice.className = `toast ${tone}`;
  notice.textContent = text;
  document.querySelector(".toasts")?.append(notice);
  setTimeout(() => notice.remove(), NOTICE_MS);
}
