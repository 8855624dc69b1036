// Keeps the book current without taking anything away from somebody who is using it.
"use strict";

const busy = () => document.activeElement?.closest("#live form") || document.querySelector("#live details[open]");

setInterval(async () => {
  if (document.hidden || busy()) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok || busy()) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#live");
  const shown = document.querySelector("#live");
  if (fresh && fresh.innerHTML !== shown.innerHTML) shown.replaceWith(fresh);
}, 2000);
