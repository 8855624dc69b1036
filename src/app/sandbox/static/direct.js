// Carries a failed payment back to the shop; without JavaScript the button does.
"use strict";

document.querySelector("#back")?.submit();
