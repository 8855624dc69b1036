// Keeps the book current without taking a menu away from somebody who is using it.
"use strict";

const busy = () => document.activeElement?.closest("#orders form");

setInterval(async () => {
  if (document.hidden || busy()) return;
  const answer = await fetch("/").catch(() => null);
  if (!answer?.ok || busy()) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#orders");
  const shown = document.querySelector("#orders");
  if (fresh && fresh.innerHTML !== shown.innerHTML) shown.replaceWith(fresh);
}, 2000);
