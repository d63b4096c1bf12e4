// Codes by the camera: a button beside a field opens the picture; frames go to the phone's own server, which reads them.
// Where there is no live picture a photo does. The field can always be typed in.
"use strict";
(() => {
  const live = !!navigator.mediaDevices?.getUserMedia;
  const side = 1024, between = 120;

  const ask = async (picture) => {
    const answer = await fetch("/scan", {method: "POST", body: picture});
    return answer.status === 200 ? (await answer.json()).text : "";
  };

  const take = (button, text) => {
    const field = document.getElementById(button.dataset.scan);
    field.value = text;
    field.dispatchEvent(new Event("input", {bubbles: true}));
    navigator.vibrate?.(60);
    if (button.hasAttribute("data-go")) field.form.requestSubmit(); else field.focus();
  };

  const say = (button, text) => {
    let said = button.nextElementSibling;
    if (!said?.matches(".said")) { said = document.createElement("p"); said.className = "hint said"; said.setAttribute("role", "status"); button.after(said); }
    said.textContent = text;
  };

  const watch = async (button) => {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: {ideal: "environment"}, width: {ideal: 1280}}, audio: false});
    } catch { say(button, button.dataset.denied); return; }
    const sheet = document.createElement("dialog"), video = document.createElement("video");
    const hint = document.createElement("p"), close = document.createElement("button");
    sheet.className = "scanner";
    hint.textContent = button.dataset.hold;
    close.textContent = button.dataset.close;
    video.muted = video.playsInline = true;
    video.srcObject = stream;
    sheet.append(video, hint, close);
    document.body.append(sheet);
    let open = true;
    const end = () => { open = false; stream.getTracks().forEach((t) => t.stop()); sheet.remove(); button.focus(); };
    close.addEventListener("click", () => sheet.close());
    sheet.addEventListener("close", end);
    sheet.showModal();
    await video.play().catch(() => {});
    const canvas = document.createElement("canvas");
    while (open) {
      if (video.videoWidth > 0 && !document.hidden) {
        const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
        canvas.width = Math.round(video.videoWidth * scale);
        canvas.height = Math.round(video.videoHeight * scale);
        canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
        const frame = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
        const text = open && frame ? await ask(frame).catch(() => "") : "";
        if (open && text) { sheet.close(); take(button, text); return; }
      }
      await new Promise((next) => setTimeout(next, between));
    }
  };

  const photo = (button) => {
    const picker = document.createElement("input");
    picker.type = "file"; picker.accept = "image/*"; picker.setAttribute("capture", "environment");
    picker.addEventListener("change", async () => {
      const text = picker.files.length ? await ask(picker.files[0]).catch(() => "") : "";
      if (text) take(button, text); else say(button, button.dataset.none);
    });
    picker.click();
  };

  for (const button of document.querySelectorAll("[data-scan]")) {
    button.hidden = false;
    button.addEventListener("click", () => (live ? watch(button) : photo(button)));
  }
})();
