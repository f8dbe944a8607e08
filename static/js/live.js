// One polite status line: asks for news while the page is in view, says what is new, and never moves rows by itself.
const follow = (line) => {
  const text = line.querySelector("[data-live-text]");
  const show = line.querySelector("[data-live-show]");
  const pause = line.querySelector("[data-live-pause]");
  const every = Number(line.dataset.every || 5) * 1000;
  let paused = false;

  async function ask() {
    if (paused || document.hidden || !line.isConnected) return;
    try {
      const answer = await fetch(line.dataset.live, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.json();
      const words = told.news || told.text;
      // Writing the same words again would make a screen reader repeat them.
      if (text.textContent !== words) text.textContent = words;
      show.classList.toggle("hidden", !told.news);
      line.classList.remove("stale");
    } catch {
      line.classList.add("stale");
      text.textContent = line.dataset.sayStale;
    }
  }

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? pause.dataset.sayResume : pause.dataset.sayPause;
    line.classList.toggle("paused", paused);
  });
  setInterval(ask, every);
  document.addEventListener("visibilitychange", ask);
};

document.querySelectorAll("[data-live]").forEach(follow);
