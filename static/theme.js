// Sets the colour scheme before the first paint (the reader's choice, else the system's) and says that scripts run.
// Loaded in <head> without defer on purpose; everything else about the choice is in console.js.
"use strict";
(() => {
  document.documentElement.dataset.js = "yes";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let choice = "auto";
    try {
      choice = localStorage.getItem("theme") || "auto";
    } catch {
      // Storage may be forbidden; then the system decides.
    }
    const dark = choice === "dark" || (choice === "auto" && system.matches);
    document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
    document.documentElement.dataset.themeChoice = choice;
  };
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("theme-changed", apply);
})();
