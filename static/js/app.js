// The whole client script: theme, menus, dialogs, toasts, typed confirmation, chart
// tooltips, failed fragments. No framework; every page also works without it.
(() => {
  "use strict";

  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  const TOAST_MS = 8000;

  // Theme: the form posts by itself; with script the page need not load again.

  function systemIsDark() {
    return matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function isDark() {
    const theme = root.dataset.theme;
    return theme === "dark" || (theme === "auto" && systemIsDark());
  }

  function showTheme() {
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.value = isDark() ? "light" : "dark";
      button.setAttribute("aria-pressed", String(isDark()));
    }
  }

  function changeTheme(event) {
    const button = event.submitter;
    if (!button?.matches("[data-theme-toggle]")) return;
    event.preventDefault();
    const body = new FormData(event.target, button);
    root.dataset.theme = button.value;
    showTheme();
    fetch(event.target.action, { method: "POST", body, redirect: "manual" });
  }

  // Toasts come rendered from the server. One that offers Undo stays (WCAG 2.2.1).

  function armToast(toast) {
    if (toast.dataset.armed) return;
    toast.dataset.armed = "1";
    if (!toast.hasAttribute("data-stays")) {
      setTimeout(() => toast.remove(), TOAST_MS);
    }
  }

  function armToasts() {
    document.querySelectorAll(".toast").forEach(armToast);
  }

  // Clicks.

  function openDialog(id, event) {
    const dialog = document.getElementById(id);
    if (!dialog) return;
    dialog.showModal();
    event.preventDefault();
  }

  function onClick(event) {
    const el = event.target.closest(
      "[data-open],[data-close],[data-dismiss],[data-copy],[data-print]",
    );
    closeMenus(event.target);
    if (!el) return;
    if (el.dataset.open) openDialog(el.dataset.open, event);
    if (el.hasAttribute("data-close")) el.closest("dialog").close();
    if (el.hasAttribute("data-dismiss")) el.closest(".toast").remove();
    if (el.dataset.copy) navigator.clipboard?.writeText(el.dataset.copy);
    if (el.hasAttribute("data-print")) print();
  }

  function closeMenus(target) {
    for (const menu of document.querySelectorAll("details.pop[open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
  }

  // Typed confirmation: the action waits until the count has been typed.

  function confirmTyped(event) {
    const wanted = event.target.dataset.match;
    if (wanted === undefined) return;
    const action = document.getElementById(event.target.dataset.enables);
    action.disabled = event.target.value.trim() !== wanted;
  }

  // A select or a box that applies at once; without script its form has a button.

  function submitAtOnce(event) {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  }

  // Tooltip of charts. It repeats what the data table says, so readers skip it.

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);

  function showTip(event) {
    const mark = event.target.closest?.("[data-tip]");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.dataset.tip;
    const box = tip.getBoundingClientRect();
    const left = Math.min(innerWidth - box.width - 8, event.clientX + 14);
    const top = Math.max(8, event.clientY - box.height - 12);
    tip.style.left = `${left}px`; // CSSOM writes are allowed under style-src 'self'
    tip.style.top = `${top}px`;
  }

  // Keys.

  function onKey(event) {
    if ((event.metaKey || event.ctrlKey) && event.key === "k") {
      const search = find("[data-search]");
      if (!search) return;
      search.focus();
      event.preventDefault();
    }
    if (event.key === "Escape") {
      tip.hidden = true;
      const menu = find("details.pop[open]");
      if (!menu) return;
      menu.open = false;
      find("summary", menu).focus();
    }
  }

  // htmx: a fragment that could not be had says so in its place; the rest stays usable.

  function fragmentFailed(event) {
    const message = find("#load-failed");
    const target = event.detail.target;
    if (!message || !target) return;
    find("[data-failed]", target)?.remove();
    target.append(message.content.cloneNode(true));
  }

  function afterSwap(event) {
    armToasts();
    showTheme();
    const invalid = find("[aria-invalid=true]", event.detail.elt ?? document);
    invalid?.focus();
  }

  // Theme and language go back to where they were asked: after a swap, the new address.

  function follow() {
    for (const next of document.querySelectorAll("[data-here]")) {
      next.value = location.pathname + location.search;
    }
  }

  document.addEventListener("submit", changeTheme);
  document.addEventListener("click", onClick);
  document.addEventListener("input", confirmTyped);
  document.addEventListener("change", submitAtOnce);
  document.addEventListener("pointermove", showTip);
  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:responseError", fragmentFailed);
  document.addEventListener("htmx:sendError", fragmentFailed);
  document.addEventListener("htmx:afterSettle", afterSwap);
  document.addEventListener("htmx:pushedIntoHistory", follow);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);

  showTheme();
  armToasts();
  find(".errors")?.focus();
})();
