"""What a page that shows hostile texts must not do, looked at in the browser."""

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.accessibility import violations

# Elements that only a text could have brought: none of our pages has any.
_INJECTED = 'img[src="x"], iframe, [onerror], [onload], [onmouseover], svg[onload], a[href^="javascript:" i]'
_WATCH = """
window.hostileReports = [];
addEventListener('securitypolicyviolation', (event) =>
  window.hostileReports.push(`policy ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
for (const name of ['alert', 'confirm', 'prompt'])
  window[name] = () => window.hostileReports.push(`${name} was called`);
"""
# Text that turns its neighbours round: a control of direction whose scope is not closed by an isolating box, or letters
# that run from right to left beside other text in the same box.
_TURNING = """
(() => {
  const control = /[\\u202a-\\u202e\\u2066-\\u2069]/, letters = /[\\u0590-\\u08ff]/;
  const isolates = (element) => {
    const style = getComputedStyle(element);
    return style.display !== 'inline' || /isolate|plaintext/.test(style.unicodeBidi);
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, text = node.textContent.trim();
    if (!control.test(text) && !letters.test(text)) continue;
    let box = node.parentElement;
    if (!box || box.closest('script, style, template, noscript, textarea, title, option')) continue;
    if (!box.getClientRects().length) continue;
    while (!isolates(box)) box = box.parentElement;
    let rest = box.textContent.replace(node.textContent, '');
    for (const one of box.querySelectorAll('*')) if (isolates(one)) rest = rest.replace(one.textContent, '');
    if (control.test(text) || /[\\p{L}\\p{N}]/u.test(rest)) {
      const kind = control.test(text) ? 'control' : 'beside';
      found.add(`${kind} ${box.tagName} ${box.className}: ${text.slice(0, 70)} | ${rest.trim().slice(0, 60)}`);
    }
  }
  return [...found];
})()
"""


class Looker:
    """Opens pages and keeps what is wrong with them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        self._where = ""
        page.add_init_script(_WATCH)
        page.on("dialog", lambda dialog: (self._note(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: self._note(f"error {error}"))
        page.on("console", self._hear)
        page.on("response", lambda answer: answer.status >= 400 and self._note(f"{answer.status} of {answer.url}"))

    def _note(self, what: str) -> None:
        self.wrong.append(f"{self._where}: {what}")
        if told := os.environ.get("HOSTILE_REPORT"):
            with Path(told).open("a") as file:
                file.write(self.wrong[-1] + "\n")

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning") and "was preloaded" not in message.text:
            self._note(f"console: {message.text}")

    def look(self, address: str, widths: tuple[int, ...], *, is_examined: bool = False) -> None:
        """Opens an address, and looks at it at each width; `is_examined`: at what WCAG 2.2 AA forbids, too."""
        self._where = address
        self.page.set_viewport_size({"width": widths[0], "height": 900})
        self.page.goto(address, wait_until="load")
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 900})
            beyond = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if beyond > 0:
                self._note(f"{beyond} px wider than {width}: {self.page.evaluate(_WIDEST)}")
        for what in self.page.evaluate("window.hostileReports"):
            self._note(what)
        for element in self.page.query_selector_all(_INJECTED):
            self._note(f"injected {element.evaluate('one => one.outerHTML.slice(0, 200)')}")
        for text in self.page.evaluate(_TURNING):
            self._note(f"turning: {text}")
        if is_examined:
            self._examine()

    def _examine(self) -> None:
        for one in violations(self.page):
            first = one["nodes"][0]
            why = f"{first['html'][:200]} ({len(one['nodes'])} times) {first['failureSummary'][:300]}"
            self._note(f"axe {one['id']}: {why}")


_WIDEST = """
(() => {
  const wide = [...document.querySelectorAll('body *')].filter((one) =>
    one.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(one).position !== 'fixed');
  const inner = wide.filter((one) => ![...one.children].some((child) => wide.includes(child)));
  return inner.slice(0, 3).map((one) => one.outerHTML.slice(0, 200)).join(' / ');
})()
"""
