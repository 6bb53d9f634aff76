// What the pages gain when scripts run. Every one of them works without this file.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const fill = (pattern, values) => pattern.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
  const words = document.body.dataset;
  const announce = (text) => {
    const live = $("#live");
    if (live) live.textContent = text;
  };

  // --- Theme: auto, light, dark ------------------------------------------------------------------
  const showTheme = () => {
    const choice = document.documentElement.dataset.themeChoice || "auto";
    $$("[data-theme-set]").forEach((button) => button.setAttribute("aria-pressed", button.dataset.themeSet === choice));
  };
  const setTheme = (choice) => {
    try {
      localStorage.setItem("theme", choice);
    } catch {
      // Forbidden storage: the choice lasts until the next page.
    }
    document.dispatchEvent(new Event("theme-changed"));
    showTheme();
  };

  // --- Dialog: a link with data-dialog loads its page's fragment into #dialog -----------------------
  const dialog = $("#dialog");
  const openDialog = () => {
    if (!dialog || dialog.open || !dialog.textContent.trim()) return;
    dialog.showModal();
    const first = $("[autofocus]", dialog) || $("h1", dialog);
    if (first) {
      if (first.tagName === "H1") first.tabIndex = -1;
      first.focus();
    }
  };
  const closeDialog = () => dialog?.close();
  dialog?.addEventListener("close", () => dialog.replaceChildren());
  // A press that began inside (selecting text) must not close it.
  dialog?.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) closeDialog();
  });

  // --- Toasts: errors stay, the rest leaves after a while unless looked at ----------------------------
  const watchToast = (toast) => {
    if (toast.dataset.watched) return;
    toast.dataset.watched = "yes";
    if (toast.dataset.level === "error") return;
    let timer;
    const start = () => {
      timer = setTimeout(() => toast.remove(), 8000);
    };
    const stop = () => clearTimeout(timer);
    for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stop);
    for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
    start();
  };
  const watchToasts = () => $$(".flash").forEach(watchToast);
  const showError = (text) => {
    const template = $("#flash-error");
    if (!template) return;
    const toast = template.content.firstElementChild.cloneNode(true);
    $("[data-flash-text]", toast).textContent = text;
    $("#toasts").append(toast);
  };

  // --- Selection of rows: one, this page, the whole filter -----------------------------------------
  const rowBoxes = () => $$("input[data-row]");
  const showSelection = () => {
    const boxes = rowBoxes();
    const chosen = boxes.filter((box) => box.checked).length;
    const all = $("input[data-rows-all]");
    if (all) {
      all.checked = boxes.length > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    boxes.forEach((box) => box.closest("tr").toggleAttribute("data-selected", box.checked));
    const bar = $("[data-bulk]");
    if (!bar) return;
    const whole = $("input[name=scope][value=filter]", bar)?.checked ?? false;
    bar.toggleAttribute("data-idle", chosen === 0 && !whole);
    const note = $("[data-bulk-count]", bar);
    if (note) note.textContent = fill(note.dataset.pattern, { n: chosen });
  };

  // --- Counters of characters and bytes ----------------------------------------------------------------
  const showCounter = (counter) => {
    const field = document.getElementById(counter.dataset.counter);
    if (!field) return;
    const { unit, limit, pattern } = counter.dataset;
    const used = unit === "bytes" ? new TextEncoder().encode(field.value).length : [...field.value].length;
    counter.textContent = fill(pattern, { used, limit });
    counter.toggleAttribute("data-over", used > Number(limit));
  };
  const showCounters = () => $$("[data-counter]").forEach(showCounter);

  // --- Copy ----------------------------------------------------------------------------------------------
  const copy = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return;
    }
    button.dataset.copied = "yes";
    announce(words.copied);
    setTimeout(() => delete button.dataset.copied, 2000);
  };

  // --- One listener per kind of event, so swapped-in markup needs no wiring -------------------------------
  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest?.(selector);
    let found;
    if ((found = on("[data-theme-set]"))) setTheme(found.dataset.themeSet);
    else if ((found = on("[data-copy]"))) copy(found);
    else if ((found = on("[data-flash-close]"))) {
      found.closest(".flash").remove();
      if (dialog?.open && !dialog.textContent.trim()) closeDialog();
    } else if (dialog?.open && (found = on("[data-dialog-close]"))) {
      event.preventDefault();
      closeDialog();
    }
    $$("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[data-rows-all]")) {
      rowBoxes().forEach((box) => {
        box.checked = event.target.checked;
      });
    }
    if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
    if (event.target.matches("input[data-row], input[data-rows-all], [data-bulk] input")) showSelection();
  });
  document.addEventListener("input", (event) => {
    $$("[data-counter]").forEach((counter) => {
      if (counter.dataset.counter === event.target.id) showCounter(counter);
    });
  });
  // A menu whose form went off (the list's filters) has done its work.
  document.addEventListener("submit", (event) => {
    $$("details.menu[open]", event.target).forEach((menu) => {
      menu.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = $("input[type=search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    }
    if (event.key === "Escape") {
      const menu = $("details.menu[open]");
      if (!menu) return;
      menu.open = false;
      $("summary", menu).focus();
    }
  });

  // --- htmx ------------------------------------------------------------------------------------------------
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === dialog) openDialog();
    else if (dialog?.open && event.detail.requestConfig?.elt && dialog.contains(event.detail.requestConfig.elt)) {
      closeDialog();
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    refresh();
    const said = event.detail.elt?.querySelector?.("[data-announce]");
    if (said) announce(said.textContent.trim());
  });
  // A refusal the server explains comes as a toast fragment; anything else gets a sentence of ours.
  document.addEventListener("htmx:responseError", (event) => {
    const parsed = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    const explained = $(".flash [data-flash-text]", parsed);
    showError(explained ? explained.textContent.trim() : words.failed);
    watchToasts();
  });
  document.addEventListener("htmx:sendError", () => showError(words.offline));
  document.body.addEventListener("dialog-close", closeDialog);

  const refresh = () => {
    showTheme();
    showSelection();
    showCounters();
    watchToasts();
  };
  refresh();
  // Coming back through the browser's history restores ticked boxes after this script ran.
  addEventListener("pageshow", refresh);
})();
