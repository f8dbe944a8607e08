// Draws every canvas[data-chart] from the JSON in the page. Data: docs/components.md. Colours: the tokens of the style sheet.
import { dragToRange } from "./chart_drag.js";
import { frame } from "./chart_frame.js";
import { marks, token } from "./chart_marks.js";
import { wallClock } from "./zone.js";

const drawn = new Map();

const points = (spec, series, shift) => spec.x.map((start, index) => ({
  x: shift(start) + spec.bucket_ms / 2,
  y: series.values[index],
}));

function line(spec, series, shift, colour) {
  const low = spec.objective?.value;
  return {
    label: series.label, data: points(spec, series, shift), borderColor: colour, borderWidth: 2, tension: 0.25,
    cubicInterpolationMode: "monotone", pointRadius: (context) => (alone(series, context.dataIndex) ? 2 : 0), pointHoverRadius: 4,
    pointBackgroundColor: colour, spanGaps: false,
    segment: spec.kind === "line" && low !== undefined
      ? { borderColor: (context) => (context.p1.parsed.y < low ? token("fail") : undefined) } : undefined,
  };
}

// A point between two gaps has no line: it is shown as a dot.
const alone = ({ values }, at) => [at - 1, at + 1].every((near) => (values[near] ?? null) === null);

function band(spec, series, shift, index) {
  const colour = token(series.colour);
  const base = line(spec, series, shift, colour);
  if (series.role === "average") return { ...base, borderDash: [2, 3], borderWidth: 1.5 };
  if (series.role !== "area") return base;
  const last = spec.series.filter((one) => one.role === "area").at(-1) === series;
  return {
    ...base, borderWidth: last ? 0 : 1, borderColor: last ? "transparent" : colour,
    fill: { target: index - 1 }, backgroundColor: token(last ? "band-2" : "band-1"),
  };
}

function bars(spec, series, shift) {
  return {
    label: series.label, data: points(spec, series, shift), backgroundColor: token(series.colour), stack: "all",
    borderRadius: 2, borderSkipped: "start", categoryPercentage: 0.92, barPercentage: 0.9, maxBarThickness: 48,
  };
}

function config(spec) {
  const shift = wallClock(spec.zone);
  const make = {
    line: (series) => line(spec, series, shift, token(series.colour)),
    band: (series, index) => band(spec, series, shift, index),
    bars: (series) => bars(spec, series, shift),
  }[spec.kind];
  return {
    type: spec.kind === "bars" ? "bar" : "line",
    data: { datasets: spec.series.map(make) },
    options: frame(spec, shift),
    plugins: [marks(spec, shift)],
  };
}

function draw(canvas) {
  const source = document.getElementById(canvas.dataset.chart);
  if (!source) return;
  const spec = JSON.parse(source.textContent);
  drawn.get(canvas)?.destroy();
  const chart = new Chart(canvas, config(spec));
  if (!drawn.has(canvas)) dragToRange(canvas, () => drawn.get(canvas), spec);
  drawn.set(canvas, chart);
}

function drawAll() {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  for (const [canvas, chart] of drawn) {
    if (canvas.isConnected) continue;
    chart.destroy();
    drawn.delete(canvas);
  }
  document.querySelectorAll("canvas[data-chart]").forEach(draw);
}

drawAll();
// The first drawing may have measured its labels before the font was there.
document.fonts?.ready.then(drawAll);
addEventListener("themechange", drawAll);
for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
  matchMedia(query).addEventListener("change", drawAll);
}
document.addEventListener("htmx:afterSwap", drawAll);
for (const name of ["beforeprint", "afterprint"]) {
  addEventListener(name, () => drawn.forEach((chart) => chart.resize()));
}
