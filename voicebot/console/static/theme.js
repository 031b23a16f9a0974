// The chosen brightness is set before the page is drawn, so that nothing flashes.
const chosen = localStorage.getItem("voicebot-theme");
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;

document.addEventListener("DOMContentLoaded", () => {
  for (const select of document.querySelectorAll("select[data-theme-choice]")) {
    select.value = chosen === "light" || chosen === "dark" ? chosen : "auto";
    select.addEventListener("change", () => {
      if (select.value === "auto") {
        localStorage.removeItem("voicebot-theme");
        delete document.documentElement.dataset.theme;
      } else {
        localStorage.setItem("voicebot-theme", select.value);
        document.documentElement.dataset.theme = select.value;
      }
      document.dispatchEvent(new Event("themechange"));
    });
  }
  for (const select of document.querySelectorAll("select[data-language-choice]")) {
    select.addEventListener("change", () => {
      const url = new URL(location.href);
      url.searchParams.set("lang", select.value);
      location.assign(url);
    });
  }
});
