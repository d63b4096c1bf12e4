// The switches: a phone's signal goes and comes.
"use strict";
for (const box of document.querySelectorAll("[data-signal]")) {
  box.addEventListener("change", async () => {
    const form = new URLSearchParams({phone: box.value, on: box.checked ? "yes" : ""});
    const answer = await fetch(box.dataset.signal, {method: "POST", body: form}).catch(() => null);
    if (!answer?.ok) box.checked = !box.checked;
  });
}
