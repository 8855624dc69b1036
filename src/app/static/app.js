/* What pages cannot do alone: toasts that leave, menus that close, a fresh look after an absence,
   and PayTR's frame at its full height. Everything else is HTML, CSS and htmx; no page depends on this. */
(() => {
  "use strict";

  const TOAST_SECONDS = 8;
  const ABSENCE_SECONDS = 30;
  const toasts = document.getElementById("toasts");

  /* Toasts: leave by themselves, but never while someone reads or holds them. */
  const dismissLater = (toast) => {
    const leave = () => toast.matches(":hover, :focus-within") || toast.remove();
    const timer = setInterval(() => toast.isConnected ? leave() : clearInterval(timer), TOAST_SECONDS * 1000);
  };

  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) {
        if (node instanceof Element && node.matches("[data-toast]")) dismissLater(node);
      }
    }
  }).observe(toasts, { childList: true });

  document.addEventListener("click", (event) => {
    event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove();
    for (const menu of document.querySelectorAll("[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  /* Something sent that did not arrive, or that came back without a sentence of ours, says so once. What
     the page asks by itself stays quiet when refused (401 excepted, which leads to the login). */
  const unreachable = (event) => {
    const told = event.detail.xhr?.responseText?.includes("data-toast");
    if (told || event.detail.requestConfig.verb === "get" || toasts.querySelector("[data-unreachable]")) return;
    const toast = document.getElementById("unreachable").content.firstElementChild.cloneNode(true);
    toast.dataset.unreachable = "";
    toasts.append(toast);
  };
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { requestConfig, xhr } = event.detail;
    if (requestConfig.verb === "get" && xhr.status >= 400 && xhr.status !== 401) event.preventDefault();
  });
  document.addEventListener("htmx:sendError", unreachable);
  document.addEventListener("htmx:responseError", unreachable);

  /* A block that refreshes itself keeps what the reader has unfolded in it. */
  let unfolded = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    unfolded = [...event.detail.target.querySelectorAll("details[id][open]")].map((details) => details.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  });

  /* Hints may have been missed while the machine slept or the line was down: look again. */
  let leftAt = Date.now();
  const lookAgain = () => document.body.dispatchEvent(new CustomEvent("look-again"));
  addEventListener("online", lookAgain);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leftAt = Date.now();
    else if (Date.now() - leftAt > ABSENCE_SECONDS * 1000) lookAgain();
  });

  /* The payment frame grows with its content; PayTR's own script does the measuring. */
  addEventListener("load", () => {
    const frame = document.getElementById("paytriframe");
    if (frame && typeof window.iFrameResize === "function") {
      window.iFrameResize({ checkOrigin: [new URL(frame.src).origin] }, "#paytriframe");
    }
  });

  /* PayTR may bring the return page up inside its frame: take it out to the whole window. */
  if (document.body.dataset.leaveFrame !== undefined && window.top !== window.self) {
    window.top.location.replace(window.location.href);
  }
})();
