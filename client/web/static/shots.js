// Photos and films go as soon as they are taken; one that is larger than the office takes is asked about first. A film that has no
// picture yet gets one out of itself, where the browser can show it.
"use strict";
(() => {
  const large = document.getElementById("large");
  for (const input of document.querySelectorAll(".shot input[data-now]")) {
    input.addEventListener("change", () => take(input, false));
  }
  const take = (input, sure) => {
    const most = Number(input.form.dataset.most ?? 0), chosen = [...input.files];
    if (!chosen.length) return;
    if (large) large.hidden = sure || chosen.every((f) => f.size <= most);
    if (!large || large.hidden) { input.form.requestSubmit(); return; }
    large.querySelector("[data-keep]").onclick = () => take(input, true);
    large.scrollIntoView({block: "center"});
  };

  const still = (film) => new Promise((resolve) => {
    const video = document.createElement("video");
    video.muted = video.playsInline = true;
    video.preload = "auto";
    video.addEventListener("error", () => resolve(null));
    video.addEventListener("loadeddata", () => { video.currentTime = Math.min(0.5, (video.duration || 1) / 2); }, {once: true});
    video.addEventListener("seeked", () => {
      const part = Math.min(1, 640 / Math.max(video.videoWidth, video.videoHeight, 1)), canvas = document.createElement("canvas");
      canvas.width = Math.round(video.videoWidth * part);
      canvas.height = Math.round(video.videoHeight * part);
      canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(resolve, "image/jpeg", 0.8);
    }, {once: true});
    video.src = film.src;
  });
  const tried = new Set();
  const next = async () => {
    const film = [...document.querySelectorAll("video[data-still]")].find((v) => !tried.has(v.src));
    if (!film) return;
    tried.add(film.src);
    const picture = await still(film);
    if (picture) {
      const answer = await fetch(film.dataset.still, {method: "POST", body: picture}).catch(() => null);
      if (answer?.ok) for (const v of document.querySelectorAll(`video[data-still="${film.dataset.still}"]`)) {
        v.poster = v.dataset.still.replace(/still$/, "small");
        delete v.dataset.still;
      }
    }
    next();
  };
  next();
})();
