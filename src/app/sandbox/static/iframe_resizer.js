// The sandbox's stand-in for PayTR's iframeResizer: the same call, iFrameResize({}, "#paytriframe").
"use strict";

window.iFrameResize = (options, target) => {
  const frames = typeof target === "string" ? [...document.querySelectorAll(target)] : [target];
  const lowest = options?.minHeight ?? 0;
  for (const frame of frames) {
    window.addEventListener("message", (event) => {
      const height = event.data?.paytrFrameHeight;
      if (event.source !== frame.contentWindow || event.origin !== new URL(frame.src).origin) return;
      if (Number.isFinite(height)) frame.style.height = `${Math.max(height, lowest)}px`;
    });
  }
  return frames;
};
