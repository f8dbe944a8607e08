// Copying to the clipboard. No side effects: may be imported anywhere.
import { toast, words } from "./toast.js";

/** Copies the text and says so in the words of `said`. */
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
