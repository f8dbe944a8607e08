// Figures and times as the reader writes them: signs and order of the page's locale, names in the language of its text.
// The server does the same (accounts/formats.py).
const { lang, dataset } = document.documentElement;
const locale = dataset.formats || "en-GB";
const spoken = (tag) => tag.split("-")[0];
const isOwn = spoken(locale) === spoken(lang || locale);

const writer = (options) => {
  const format = new Intl.NumberFormat(locale, options);
  return (value) => format.format(value);
};

/** A number with up to three digits behind the sign. */
export const number = writer({});
/** A share of 1, with one digit behind the sign, or with those that it needs. */
export const percent = writer({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false });
export const shortPercent = writer({ style: "percent", maximumFractionDigits: 1, useGrouping: false });

// `1.2K` with the signs of the locale: what stands for a thousand is a word of the text.
const short = new Intl.NumberFormat(lang || locale, { notation: "compact", maximumFractionDigits: 1 });
const signs = Object.fromEntries(new Intl.NumberFormat(locale).formatToParts(12345.6).map(({ type, value }) => [type, value]));
const isSign = (type) => type === "decimal" || type === "group";
export const compact = (value) => short.formatToParts(value).map(({ type, value }) => (isSign(type) ? signs[type] : value)).join("");

const cents = writer({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
const little = writer({ maximumSignificantDigits: 2 });
const [before, after] = writer({ style: "currency", currency: "USD", currencyDisplay: "narrowSymbol", maximumFractionDigits: 0 })(0)
  .replace(/[\u200e\u200f]|US(?=\$)/g, "").split("0");

/** US dollars: to the cent, less than ten cents with two digits; `write` is for large amounts. */
export function dollars(value, write = cents) {
  const amount = Math.abs(value);
  return `${value < 0 ? "\u2212" : ""}${before}${(amount < 0.1 && amount ? little : write)(amount)}${after}`;
}

/** How hours are written: with two digits where a day has 24 of them. */
export const hour = new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions().hour12 ? "numeric" : "2-digit";

/** What writes an instant with these parts, options of `Intl.DateTimeFormat`. */
export function times(options) {
  const own = new Intl.DateTimeFormat(locale, options);
  if (isOwn) return (at) => own.format(at);
  const words = new Intl.DateTimeFormat(lang, { ...options, hour12: own.resolvedOptions().hour12 });
  return (at) => {
    const names = Object.fromEntries(words.formatToParts(at).map(({ type, value }) => [type, value]));
    const isName = (type, text) => /^(month|weekday|dayPeriod)$/.test(type) && !/\d/.test(text);
    const part = ({ type, value }) => (isName(type, value) ? names[type] ?? value : value.replace(/ \p{L}{2,} /u, " "));
    return own.formatToParts(at).map(part).join("");
  };
}
