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
  for (const field of document.querySelectorAll("[data-theme-field]")) field.hidden = false;
  // A menu closes when the reader turns elsewhere, and on Escape.
  for (const menu of document.querySelectorAll("[data-menu]")) {
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }
});
