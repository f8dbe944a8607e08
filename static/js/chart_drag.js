// Dragging over a chart sets the time range of the page. The range picker does the same by typing.
import { instantOf, isoUtc } from "./zone.js";

const SHORTEST_PX = 8;

function go(from, to) {
  const address = new URL(location.href);
  address.searchParams.set("from", isoUtc(from));
  address.searchParams.set("to", isoUtc(to));
  address.searchParams.delete("after");
  location.assign(address);
}

/** Lets the pointer select a range on the canvas; `chart` returns what is drawn on it now. */
export function dragToRange(canvas, chart, spec) {
  let start = null;
  let mark = null;
  const clamp = (x) => Math.min(Math.max(x, chart().chartArea.left), chart().chartArea.right);

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    start = clamp(event.offsetX);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (start === null) return;
    const now = clamp(event.offsetX);
    mark ??= canvas.parentElement.appendChild(Object.assign(document.createElement("div"), { className: "drag" }));
    mark.style.left = `${Math.min(start, now)}px`;
    mark.style.width = `${Math.abs(now - start)}px`;
  });
  const end = (event) => {
    mark?.remove();
    mark = null;
    if (start !== null && event.type === "pointerup") {
      const [left, right] = [start, clamp(event.offsetX)].sort((a, b) => a - b);
      const instant = (x) => instantOf(chart().scales.x.getValueForPixel(x), spec.zone);
      if (right - left >= SHORTEST_PX) go(instant(left), instant(right));
    }
    start = null;
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
}
