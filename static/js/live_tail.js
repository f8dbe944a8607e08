// Live tail: asks every 2 s for what was written since, and puts it on top. Nothing moves under the pointer, the focus or
// a reader who scrolled: then new rows wait for "12 new, show".
const EVERY_MS = 2000;
const box = document.querySelector("[data-tail]");
const [frame, body, empty] = ["frame", "rows", "empty"].map((name) => box?.querySelector(`[data-tail-${name}]`));
const [text, show, pause, csv] = ["text", "show", "pause", "csv"].map((name) => box?.querySelector(`[data-tail-${name}]`));
const words = box?.querySelector("[data-tail-words]").dataset;
const most = Number(box?.dataset.most);
const known = new Set();
let after = box?.dataset.after;
let waiting = [];
let isPaused = false;
let isOver = false;
let isAsking = false;
let isCut = false;

const isHeld = () => isPaused || isOver || frame.scrollTop > 4 || body.contains(document.activeElement);

function say(told, state = "") {
  // The same words again would be read out again.
  if (text.textContent !== told) text.textContent = told;
  const line = box.querySelector("[data-tail-state]");
  line.classList.toggle("paused", state === "paused");
  line.classList.toggle("stale", state === "stale");
}

function tell() {
  show.hidden = !waiting.length;
  show.textContent = (waiting.length === most ? words.sayMany : words.sayNew).replace("{count}", waiting.length);
  if (isPaused) say(words.sayPaused, "paused");
  else if (waiting.length) say(words.sayHeld, "paused");
  else say(isCut ? words.sayCut : words.sayFollowing);
}

function put() {
  const first = body.firstElementChild;
  for (const row of waiting) {
    row.classList.add("fresh");
    setTimeout(() => row.classList.remove("fresh"), EVERY_MS);
    body.insertBefore(row, first);
  }
  waiting = [];
  while (body.rows.length > most) {
    known.delete(body.lastElementChild.dataset.key);
    body.lastElementChild.remove();
  }
  empty.hidden = Boolean(body.rows.length);
  const oldest = [...body.rows].reverse().find((row) => row.dataset.at)?.dataset.at;
  if (!oldest) return;
  const address = new URL(csv.href);
  address.searchParams.set("since", oldest);
  csv.href = address.href;
}

function take(answer) {
  after = answer.after;
  isCut = answer.is_cut;
  const holder = document.createElement("template");
  holder.innerHTML = `<table><tbody>${answer.html}</tbody></table>`;
  const fresh = [...holder.content.querySelectorAll("tr")].filter((row) => !known.has(row.dataset.key));
  fresh.forEach((row) => known.add(row.dataset.key));
  waiting = [...fresh, ...waiting];
  waiting.splice(most).forEach((row) => known.delete(row.dataset.key));
  if (!isHeld()) put();
  tell();
}

async function ask() {
  if (isPaused || isAsking || document.hidden) return;
  isAsking = true;
  try {
    const address = new URL(box.dataset.tail, location.href);
    address.searchParams.set("after", after);
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (answer.redirected) {
      say(words.saySignedOut, "stale");
    } else if (!answer.ok) {
      throw new Error(String(answer.status));
    } else {
      take(await answer.json());
    }
  } catch {
    say(words.sayStale, "stale");
  } finally {
    isAsking = false;
  }
}

if (box) {
  [...body.rows].forEach((row) => known.add(row.dataset.key));
  pause.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? pause.dataset.sayResume : pause.dataset.sayPause;
    tell();
    ask();
  });
  show.addEventListener("click", () => {
    frame.scrollTop = 0;
    put();
    tell();
    frame.focus({ preventScroll: true });
  });
  frame.addEventListener("pointerenter", (event) => { isOver = event.pointerType === "mouse"; });
  frame.addEventListener("pointerleave", () => { isOver = false; });
  document.addEventListener("visibilitychange", ask);
  setInterval(ask, EVERY_MS);
  tell();
  ask();
}
