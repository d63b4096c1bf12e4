// Voice notes: where the browser can record, a button takes the place of the field for a file. What was recorded is sent
// with the form that the field belongs to.
"use strict";
(() => {
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return;
  const kinds = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg"];
  for (const label of document.querySelectorAll("[data-voice]")) {
    const form = label.querySelector("input").form, button = document.createElement("button");
    button.type = "button";
    button.dataset.recorder = button.dataset.own = "";
    button.textContent = label.dataset.record;
    label.replaceWith(button);
    let recorder = null, pieces = [], type = "";
    const ready = () => {
      recorder = null;
      pieces = [];
      delete button.dataset.recording;
      delete button.dataset.heard;
      button.textContent = label.dataset.record;
      button.disabled = false;
    };
    // What cannot be handed over now stays, and the next tap tries again.
    const keep = async () => {
      button.disabled = true;
      const body = new FormData(form);
      body.append("voice", new Blob(pieces, {type}), "voice");
      const answer = await fetch(form.action, {method: "POST", body}).catch(() => null);
      if (answer) location.replace(answer.url); else button.disabled = false;
    };
    const begin = async () => {
      button.disabled = true;
      let stream;
      try { stream = await navigator.mediaDevices.getUserMedia({audio: true}); } catch { button.textContent = label.dataset.denied; button.disabled = false; return; }
      type = kinds.find((k) => MediaRecorder.isTypeSupported(k));
      recorder = new MediaRecorder(stream, {mimeType: type, audioBitsPerSecond: 32000});
      recorder.addEventListener("dataavailable", (e) => { if (e.data.size) { pieces.push(e.data); button.dataset.heard = ""; } });
      recorder.addEventListener("stop", () => {
        stream.getTracks().forEach((t) => t.stop());
        if (pieces.length) keep(); else ready(); // stopped before anything was heard
      });
      recorder.start(250);
      button.dataset.recording = "";
      button.textContent = label.dataset.stop;
      button.disabled = false;
    };
    button.addEventListener("click", () => {
      if (!recorder) begin();
      else if (recorder.state === "recording") { button.disabled = true; recorder.stop(); } else keep();
    });
  }
})();
