// Runs before the first paint, so that the chosen theme never flashes. A classic script: modules run too late.
(() => {
  const root = document.documentElement;
  const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("theme", theme); } catch { /* storage is switched off */ } };
  const asked = new URLSearchParams(location.search).get("theme") || kept();
  if (asked === "light" || asked === "dark") root.dataset.theme = asked;

  const isDark = () => root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;

  addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    root.dataset.theme = isDark() ? "light" : "dark";
    keep(root.dataset.theme);
    dispatchEvent(new Event("themechange"));
  });
})();
