// Short notices. No side effects: may be imported anywhere.
const NOTICE_MS = 5000;

/** Shows a short notice; screen readers hear it politely. */
export function toast(text, tone = "ok") {
  const notice = document.createElement("div");
  notice.className = `toast ${tone}`;
  notice.textContent = text;
  document.querySelector(".toasts")?.append(notice);
  setTimeout(() => notice.remove(), NOTICE_MS);
}
