// The axis of time of a chart: ticks at round times of the wall clock, each a number that the browser's own clock shows as the page's zone does.
import { hour, times } from "./formats.js";

const HOUR = 3600e3;
// Up to so many hours a chart is divided so; the steps are tried from the shortest.
const KINDS = [
  { hours: 3, steps: [1, 5, 10, 15, 30], start: (d, step) => [d.getFullYear(), d.getMonth(), d.getDate(), d.getHours(), floor(d.getMinutes(), step)], place: 4,
    length: 60e3, text: { hour, minute: "2-digit" } },
  { hours: 48, steps: [1, 2, 3, 6, 12], start: (d, step) => [d.getFullYear(), d.getMonth(), d.getDate(), floor(d.getHours(), step)], place: 3,
    length: HOUR, text: { hour, minute: "2-digit" } },
  { hours: 340, steps: [1, 2, 7], start: (d) => [d.getFullYear(), d.getMonth(), d.getDate()], place: 2, length: 24 * HOUR, text: { weekday: "short", day: "numeric" } },
  { hours: 4500, steps: [1, 2, 7, 14, 28], start: (d) => [d.getFullYear(), d.getMonth(), d.getDate()], place: 2, length: 24 * HOUR, text: { day: "numeric", month: "short" } },
  { hours: Infinity, steps: [1, 3, 6, 12], start: (d, step) => [d.getFullYear(), floor(d.getMonth(), step)], place: 1, length: 730 * HOUR, text: { month: "short" } },
];
const floor = (value, step) => value - (value % step);
const at = (parts) => new Date(parts[0], parts[1], parts[2] ?? 1, ...parts.slice(3)).getTime();

function ticksOf(kind, { min, max, width }) {
  const most = Math.max(2, Math.floor(width / 56));
  const step = kind.steps.find((one) => (max - min) / (one * kind.length) <= most) ?? kind.steps.at(-1);
  const parts = kind.start(new Date(min), step);
  const found = [];
  for (let value = at(parts); value <= max; value = at(parts)) {
    if (value >= min) found.push({ value });
    parts[kind.place] += step;
  }
  return found;
}

/** The axis, from and to in ms as `shift` moves them. */
export function timeAxis(spec, shift) {
  const kind = KINDS.find(({ hours }) => (spec.to - spec.from) / HOUR <= hours);
  return {
    type: "linear", min: shift(spec.from), max: shift(spec.to), offset: false, stacked: spec.kind === "bars",
    afterBuildTicks: (scale) => { scale.ticks = ticksOf(kind, scale); },
    ticks: { autoSkipPadding: 30, maxRotation: 0, align: "inner", display: spec.time_axis, callback: times(kind.text) },
    // Room for labels would differ between stacked charts, and their buckets would no longer stand above each other.
    afterFit: (scale) => { scale.paddingLeft = 0; scale.paddingRight = 0; },
  };
}
