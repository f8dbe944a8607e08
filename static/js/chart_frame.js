// What all charts share: axes and tooltips, written in the units of the page.
import { token } from "./chart_marks.js";
import { compact, dollars, hour, number, percent, shortPercent, times } from "./formats.js";

const UNITS = [["d", 864e5], ["h", 36e5], ["min", 6e4], ["s", 1e3]];
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400,
  21600, 43200, 86400, 172800, 604800].map((seconds) => seconds * 1e3)];

function duration(ms) {
  const [unit, length] = UNITS.find(([, one]) => Math.abs(ms) >= one) ?? ["ms", 1];
  return `${number(Math.round((ms / length) * 10) / 10)} ${unit}`;
}

const WRITE = {
  count: number,
  percent,
  ms: duration,
  usd: (value) => dollars(value),
};
const TICK = {
  count: (value) => (Number.isInteger(value) ? compact(value) : ""),
  percent: shortPercent,
  ms: (value) => (value ? duration(value) : "0"),
  usd: (value) => dollars(value, compact),
};

function highest(spec) {
  const values = spec.series.flatMap((series) => series.values.filter((value) => value !== null));
  return Math.max(spec.objective?.value ?? 0, spec.limit?.value ?? 0, ...values, 0);
}

// A rate of failures is read against 0, a rate of successes against 100%: to the next round value past all points.
function valueAxis(spec) {
  if (spec.unit === "percent" && spec.series.every((series) => series.colour === "fail")) {
    const step = [0.01, 0.02, 0.05, 0.1].find((one) => highest(spec) / one <= 4) ?? 0.25;
    return { min: 0, max: Math.max(step, Math.ceil(highest(spec) / step - 0.001) * step), ticks: { stepSize: step } };
  }
  if (spec.unit === "percent") {
    const told = spec.series.flatMap((series) => series.values.filter((value) => value !== null));
    const low = Math.min(spec.objective?.value ?? 1, ...told, 0.95);
    const step = low >= 0.8 ? 0.05 : low >= 0.6 ? 0.1 : 0.25;
    return { min: Math.max(0, Math.floor(low / step - 0.001) * step), max: 1, ticks: { stepSize: step } };
  }
  const step = STEPS.find((one) => highest(spec) / one <= 4);
  return { beginAtZero: true, ticks: spec.unit === "ms" && step ? { stepSize: step } : {} };
}

function tooltip(spec) {
  const when = times({ timeZone: spec.zone, weekday: "short", day: "numeric", month: "short", hour, minute: "2-digit" });
  return {
    backgroundColor: token("surface"), titleColor: token("text"), bodyColor: token("text-2"), borderColor: token("line-2"),
    borderWidth: 1, padding: 10, cornerRadius: 8, boxPadding: 4, usePointStyle: true,
    callbacks: {
      title: ([item]) => (item ? spec.titles?.[item.dataIndex] ?? `${when(spec.x[item.dataIndex])}, ${duration(spec.bucket_ms)}` : ""),
      label: (item) => ` ${item.dataset.label}  ${WRITE[spec.unit](item.parsed.y)}`,
    },
  };
}

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

// The axis of time: ticks at round times of the wall clock, each a number that the browser's own clock shows as the page's zone does.
function timeAxis(spec, shift) {
  const kind = KINDS.find(({ hours }) => (spec.to - spec.from) / HOUR <= hours);
  return {
    type: "linear", min: shift(spec.from), max: shift(spec.to), offset: false, stacked: spec.kind === "bars",
    afterBuildTicks: (scale) => { scale.ticks = ticksOf(kind, scale); },
    ticks: { autoSkipPadding: 30, maxRotation: 0, align: "inner", display: spec.time_axis, callback: times(kind.text) },
    // Room for labels would differ between stacked charts, and their buckets would no longer stand above each other.
    afterFit: (scale) => { scale.paddingLeft = 0; scale.paddingRight = 0; },
  };
}

/** The options of one chart. */
export function frame(spec, shift) {
  const axis = valueAxis(spec);
  const time = timeAxis(spec, shift);
  const small = { color: token("text-2"), font: { size: 11 } };
  const ink = { ...small, maxTicksLimit: 5, padding: 6, callback: TICK[spec.unit] };
  return {
    animation: false, parsing: false, normalized: true, responsive: true, maintainAspectRatio: false,
    interaction: { mode: "index", axis: "x", intersect: false },
    plugins: { legend: { display: false }, tooltip: tooltip(spec) },
    layout: { padding: { top: spec.markers.some((marker) => marker.label) ? 20 : 6, right: 6 } },
    scales: {
      x: { ...time, grid: { display: false }, border: { color: token("grid") }, ticks: { ...small, ...time.ticks } },
      y: { stacked: spec.kind === "bars", grid: { color: token("grid"), drawTicks: false }, border: { display: false },
        afterFit: (scale) => { scale.width = 48; }, ...axis, ticks: { ...ink, ...axis.ticks } },
    },
  };
}
