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

const LABEL = { display: true, position: "start", font: { size: 10.5, weight: 600 } };

function level(spec, threshold) {
  return {
    type: "line", scaleID: "y", value: threshold.value, borderColor: token("warn"), borderWidth: 1.5, borderDash: [5, 4],
    label: { ...LABEL, content: threshold.label, yAdjust: spec.unit === "percent" ? 11 : -10,
      backgroundColor: "transparent", color: token("warn"), padding: { x: 4, y: 2 } },
  };
}

// A band is at least two pixels wide on the usual chart: a short one is there, too.
function band(spec, span, shift) {
  const least = (spec.to - spec.from) / 400;
  return {
    type: "box", drawTime: "beforeDatasetsDraw", xMin: shift(span.from), xMax: shift(Math.max(span.to, span.from + least)),
    backgroundColor: token("fail-soft"), borderWidth: 0,
  };
}

/** All marks of a chart, as the annotation plugin takes them. */
export function annotations(spec, shift) {
  // A label that would lie on the one before it stands lower.
  const lower = spec.markers.map(() => false);
  spec.markers.forEach((marker, i) => { lower[i] = i > 0 && !lower[i - 1] && (marker.at - spec.markers[i - 1].at) / (spec.to - spec.from) < 0.15; });
  const found = spec.markers.map((marker, i) => ({
    type: "line", scaleID: "x", value: shift(marker.at), borderColor: token("text-3"), borderWidth: 1, borderDash: [3, 3],
    label: marker.label ? { ...LABEL, content: marker.label, yAdjust: lower[i] ? 4 : -16, backgroundColor: token("surface-3"),
      color: token("text"), padding: { x: 6, y: 3 }, borderRadius: 4 } : undefined,
  }));
  const levels = [spec.objective, spec.limit].filter(Boolean).map((threshold) => level(spec, threshold));
  return [...(spec.spans ?? []).map((span) => band(spec, span, shift)), ...found, ...levels];
}
