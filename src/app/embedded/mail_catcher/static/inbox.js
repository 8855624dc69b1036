// Shows new letters by itself: asks every two seconds whether the inbox changed, and only then reloads the list.
const seconds = 2;

async function refresh() {
  const shown = document.getElementById("letters");
  try {
    const answer = await fetch("/fingerprint", { cache: "no-store" });
    if (answer.ok && (await answer.text()) !== shown.dataset.fingerprint) location.reload();
  } catch {
    // The catcher is being restarted; the next round finds it again.
  }
}

setInterval(() => { if (!document.hidden) refresh(); }, seconds * 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
