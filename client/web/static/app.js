// The app's own script: pages that follow what changes, the running clock, the search as it is typed, the signature.
// Every page but the signature works without it.
"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  // The running clock counts minutes on, between two visits to the page.
  const tick = () => {
    for (const clock of $$("[data-since]")) {
      const minutes = Math.max(0, Math.floor((Date.now() - Number(clock.dataset.since)) / 60000));
      const text = minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
      if (document.documentElement.lang === "en" && clock.textContent !== text) clock.textContent = text;
      else if (document.documentElement.lang !== "en") {
        const han = document.documentElement.lang === "zh-Hant" ? ["分鐘", "小時"] : ["分钟", "小时"];
        const said = minutes < 60 ? `${minutes} ${han[0]}` : `${Math.floor(minutes / 60)} ${han[1]} ${minutes % 60} ${han[0]}`;
        if (clock.textContent !== said) clock.textContent = said;
      }
    }
  };
  tick();
  setInterval(tick, 5000);

  // Live: something changed on the phone, and the page asks for itself again. Rows are known by their ids; what is the
  // same is left alone, so that focus and scroll stay; what is being typed is never touched.
  const typing = () => document.activeElement?.matches("input, textarea, select") || $("form [data-dirty]") !== null;
  document.addEventListener("input", (e) => e.target.setAttribute("data-dirty", ""));
  const mark = (e) => { e.classList.add("fresh"); setTimeout(() => e.classList.remove("fresh"), 4000); };
  const plain = (e) => {
    const copy = e.cloneNode(true);
    $$("[name=once]", copy).forEach((i) => i.remove());
    for (const c of [copy, ...$$(".fresh", copy)]) { c.classList.remove("fresh"); if (!c.className) c.removeAttribute("class"); }
    return copy.outerHTML;
  };
  const take = (now, next) => {
    if (plain(now) === plain(next)) return;
    const before = new Map($$("[id]", now).map((e) => [e.id, plain(e)]));
    const focused = document.activeElement?.closest("[id]")?.id;
    now.replaceChildren(...next.childNodes);
    for (const e of $$("li[id]", now)) if (before.size > 0 && before.get(e.id) !== plain(e)) mark(e);
    const again = focused && document.getElementById(focused);
    if (again && now.contains(again)) (again.matches("a, button") ? again : $("a, button", again) ?? again).focus({preventScroll: true});
  };
  // While a finger is down the page under it stays as it is: a row that moved or went between down and up would take
  // the tap with it. The click ends the wait; where none comes, as after a scroll, it ends soon after the finger left.
  let asking = false, again = false, down = false, left = 0, bar = null;
  const release = () => {
    clearTimeout(left);
    left = 0;
    down = false;
    showBar();
    if (again && !asking) { again = false; refresh(); }
  };
  const leave = () => { clearTimeout(left); left = setTimeout(release, 1000); };
  addEventListener("pointerdown", (e) => { if (e.button === 0) { clearTimeout(left); left = 0; down = true; } }, true);
  addEventListener("pointermove", (e) => { if (down && !left && e.pointerType === "mouse" && e.buttons === 0) leave(); }, true);
  addEventListener("pointerup", leave, true);
  addEventListener("pointercancel", leave, true);
  addEventListener("click", () => { if (down) setTimeout(release, 0); });
  const showBar = () => { if (bar !== null && !down) { $("#bar").innerHTML = bar; bar = null; } };

  const refresh = async () => {
    if (asking || down) { again = true; return; }
    asking = true;
    try {
      const answer = await fetch(location.href);
      const page = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
      if (down) again = true;
      else if (page) show(page);
    } catch { /* the app was closed: it says so when it is used */ } finally {
      asking = false;
      if (again && !down) { again = false; refresh(); }
    }
  };
  const show = (page) => {
    const main = $("main[data-live]");
    if (main && !typing()) {
      take(main, page.getElementById("main"));
      // What another script has put into the dock, such as a running recording, stays there.
      const dock = $(".dock"), next = $(".dock", page);
      if (dock && next && !$("[data-own]", dock) && plain(dock) !== plain(next)) dock.replaceChildren(...next.childNodes);
    }
    tick();
  };
  let stream = null;
  const listen = () => {
    if (document.hidden) { stream?.close(); stream = null; return; }
    if (stream || !$("#bar")) return;
    stream = new EventSource("/live");
    stream.addEventListener("bar", (e) => { bar = JSON.parse(e.data); showBar(); });
    stream.addEventListener("gone", () => { stream.close(); location.replace("/"); });
    if ($("main[data-live]") && !$("#problem")) {
      stream.addEventListener("changed", refresh);
      stream.onopen = refresh;
    }
  };
  document.addEventListener("visibilitychange", listen);
  addEventListener("pagehide", () => { stream?.close(); stream = null; });
  addEventListener("pageshow", listen);

  // A form goes once: a second tap while the answer is on its way is none.
  document.addEventListener("submit", (e) => {
    if (e.target.dataset.sent) { e.preventDefault(); return; }
    if (e.target.method === "post") { e.target.dataset.sent = "1"; setTimeout(() => delete e.target.dataset.sent, 4000); }
  });

  // Why a form was refused is read aloud: what stands on a page from its beginning is no news to a screen reader.
  $("#problem")?.focus({preventScroll: true});

  // Search as you type: the page answers with itself, and its results are taken over.
  const box = $("[data-search]");
  if (box) {
    let asked = 0, timer = 0;
    const look = async () => {
      const mine = ++asked, url = new URL(box.form.action);
      for (const [name, value] of new FormData(box.form)) url.searchParams.set(name, value);
      const answer = await fetch(url);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine !== asked) return;
      if (down) { timer = setTimeout(look, 100); return; } // what is under a finger is not taken from it
      $("#results").replaceChildren(...page.getElementById("results").childNodes);
      history.replaceState(null, "", url);
    };
    box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 60); });
    if (!box.value) box.focus();
  }

  // Forms that a choice sends.
  document.addEventListener("change", (e) => {
    if (e.target.matches("[data-submit]") && e.target.value) e.target.form.requestSubmit();
  });

  // The signature: what a finger draws becomes a PNG in the form's field.
  for (const pad of $$("canvas.pad")) {
    const field = document.getElementById(pad.dataset.field), pen = pad.getContext("2d");
    let drawing = false, last = null;
    const fit = () => {
      const scale = Math.min(2, devicePixelRatio || 1), size = pad.getBoundingClientRect();
      pad.width = Math.round(size.width * scale);
      pad.height = Math.round(size.height * scale);
      pen.setTransform(scale, 0, 0, scale, 0, 0);
      pen.lineWidth = 2.5; pen.lineCap = pen.lineJoin = "round"; pen.strokeStyle = "#111";
      field.value = "";
    };
    const at = (e) => { const size = pad.getBoundingClientRect(); return [e.clientX - size.left, e.clientY - size.top]; };
    pad.addEventListener("pointerdown", (e) => {
      e.preventDefault(); pad.setPointerCapture(e.pointerId); drawing = true; last = at(e);
      pen.beginPath(); pen.arc(...last, 1.2, 0, 7); pen.fill();
    });
    pad.addEventListener("pointermove", (e) => {
      if (!drawing) return;
      const points = e.getCoalescedEvents?.() ?? [];
      for (const point of points.length ? points : [e]) {
        const next = at(point);
        pen.beginPath(); pen.moveTo(...last); pen.lineTo(...next); pen.stroke();
        last = next;
      }
    });
    const end = () => { if (drawing) { drawing = false; field.value = pad.toDataURL("image/png").split(",")[1]; field.setAttribute("data-dirty", ""); } };
    pad.addEventListener("pointerup", end);
    pad.addEventListener("pointercancel", end);
    $(`[data-clear="${pad.id}"]`)?.addEventListener("click", fit);
    fit();
    addEventListener("resize", () => { if (!field.value) fit(); });
    // What was signed before the form was refused stays signed.
    const drawn = pad.dataset.drawn, size = pad.getBoundingClientRect();
    if (drawn) {
      createImageBitmap(new Blob([Uint8Array.from(atob(drawn), (c) => c.charCodeAt(0))], {type: "image/png"}))
        .then((picture) => { pen.drawImage(picture, 0, 0, size.width, size.height); field.value = drawn; }, () => {});
    }
  }

  // A chain of codes shows itself, one after another, while somebody reads it off.
  const chain = $("[data-codes]"), play = $("[data-play]");
  if (chain && play) {
    let timer = 0;
    const on = sessionStorage.getItem("codes") === "play";
    const show = (playing) => {
      play.setAttribute("aria-pressed", String(playing));
      clearTimeout(timer);
      if (playing) timer = setTimeout(() => location.replace(chain.dataset.next), 1500);
    };
    play.hidden = false;
    play.addEventListener("click", () => {
      const playing = play.getAttribute("aria-pressed") !== "true";
      sessionStorage.setItem("codes", playing ? "play" : "");
      show(playing);
    });
    if (chain.complete) show(on); else chain.addEventListener("load", () => show(on));
  }

  // A WebView neither prints nor shares: the app around it does, where there is one.
  const shell = window.fieldsyncShell;
  $$("[data-print]").forEach((b) => b.addEventListener("click", () => shell ? shell.print(document.title) : print()));
  const share = shell ? (s) => shell.share(s.title, s.text) : navigator.share && ((s) => navigator.share(s).catch(() => {}));
  $$("[data-share]").forEach((b) => {
    if (!share) { b.hidden = true; return; }
    b.addEventListener("click", () => share({title: document.title, text: $(b.dataset.share).innerText}));
  });
})();
