// Whether single keys are on: as the person chose, on every browser. No side effects: may be imported anywhere.

/** Whether a key without Ctrl, Alt or Cmd does something. */
export const keysAreOn = () => document.body.dataset.keys !== "off";

/** Whether a key that was pressed is meant for a field or a dialog, or is a command of the browser. */
export function isOthers(event, fields = "input, select, textarea, [contenteditable], dialog[open]") {
  return event.ctrlKey || event.metaKey || event.altKey || event.isComposing || Boolean(event.target.closest?.(fields));
}
