// Wall clocks of a time zone. Chart.js and form fields only know the browser's own zone; pages show the user's choice.

/** Returns a function from an instant (ms since 1970) to the instant at which the browser's clock shows what the zone's shows. */
export function wallClock(zone) {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
    hour: "numeric", minute: "numeric", second: "numeric",
  });
  return (instant) => {
    const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    return new Date(part.year, part.month - 1, part.day, part.hour, part.minute, part.second).getTime();
  };
}

/** The way back: the instant at which the zone's clock shows this wall time. */
export function instantOf(wall, zone) {
  const shown = wallClock(zone);
  let instant = wall;
  for (let pass = 0; pass < 3; pass += 1) instant += wall - shown(instant);
  return instant;
}

/** An instant as the addresses of pages write it. */
export const isoUtc = (instant) => new Date(Math.round(instant / 1000) * 1000).toISOString().replace(".000", "");
