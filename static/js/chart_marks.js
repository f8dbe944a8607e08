// What is drawn across a chart: thresholds, markers, and bands of time behind the series.
const probe = document.body.appendChild(document.createElement("i"));
probe.hidden = true;
// A canvas is not recoloured in forced colours: series keep their own, else all of them would be one.
probe.style.forcedColorAdjust = "none";

/** The colour of a token in the theme that is on. */
export function token(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

const HEIGHT = 16;

function line(context, { colour, width, dash }, from, to) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  context.setLineDash([]);
}

// A word whose left edge is at x and whose middle is at y; with a plate behind it where one is told.
function word(context, text, x, y, colour, plate) {
  context.font = `600 10.5px ${Chart.defaults.font.family}`;
  context.textBaseline = "middle";
  if (plate) {
    context.fillStyle = plate;
    context.beginPath();
    context.roundRect(x, y - HEIGHT / 2, context.measureText(text).width + 12, HEIGHT, 4);
    context.fill();
  }
  context.fillStyle = colour;
  context.fillText(text, x + (plate ? 6 : 4), y + 0.5);
}

// A band is at least two pixels wide on the usual chart: a short one is there, too.
function bands({ ctx: context, chartArea: area, scales: { x } }, spec, shift) {
  const least = (spec.to - spec.from) / 400;
  context.fillStyle = token("fail-soft");
  for (const span of spec.spans ?? []) {
    const [left, right] = [span.from, Math.max(span.to, span.from + least)]
      .map((at) => Math.min(Math.max(x.getPixelForValue(shift(at)), area.left), area.right));
    context.fillRect(left, area.top, right - left, area.bottom - area.top);
  }
}

function levels({ ctx: context, chartArea: area, scales: { y } }, spec) {
  const colour = token("warn");
  for (const { value, label } of [spec.objective, spec.limit].filter(Boolean)) {
    const at = y.getPixelForValue(value);
    line(context, { colour, width: 1.5, dash: [5, 4] }, [area.left, at], [area.right, at]);
    word(context, label, area.left, at + (spec.unit === "percent" ? 11 : -10), colour);
  }
}

function markers({ ctx: context, chartArea: area, scales: { x } }, spec, shift) {
  const [colour, ink, plate] = ["text-3", "text", "surface-3"].map(token);
  let isLower = false;
  spec.markers.forEach((marker, i) => {
    const at = x.getPixelForValue(shift(marker.at));
    line(context, { colour, width: 1, dash: [3, 3] }, [at, area.top], [at, area.bottom]);
    // A label that would lie on the one before it stands lower.
    isLower = i > 0 && !isLower && (marker.at - spec.markers[i - 1].at) / (spec.to - spec.from) < 0.15;
    if (!marker.label) return;
    context.font = `600 10.5px ${Chart.defaults.font.family}`;
    const half = context.measureText(marker.label).width / 2 + 6;
    const left = Math.min(Math.max(at - half, area.left), area.right - 2 * half);
    word(context, marker.label, left, area.top + (isLower ? 12 : -8), ink, plate);
  });
}

/** A plugin of Chart.js that draws all marks of a chart. */
export function marks(spec, shift) {
  return {
    id: "marks",
    beforeDatasetsDraw: (chart) => bands(chart, spec, shift),
    afterDatasetsDraw(chart) {
      chart.ctx.save();
      markers(chart, spec, shift);
      levels(chart, spec);
      chart.ctx.restore();
    },
  };
}
