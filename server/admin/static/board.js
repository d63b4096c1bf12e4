// The dispatch board: dragging with a mouse, a finger or the arrow keys. What is lifted is one thing whatever lifts it,
// and where it would land says at once what is to be thought twice about. The hub checks again, and has the last word.
"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const desk = $("#desk");
  if (!desk) return;
  const panes = $("#panes"), tray = $("[data-tray]"), words = $("#hints").dataset, may = desk.dataset.may === "true", named = JSON.parse(words.skills);
  const minute = 60000, step = 15 * minute, day = 24 * 60 * minute;

  const say = document.createElement("p");
  say.className = "hush";
  say.setAttribute("aria-live", "assertive");
  document.body.append(say);

  // Times are the company's, not the browser's.
  const offset = (Number(words.zone.slice(0, 3)) * 60 + Number(words.zone[0] + words.zone.slice(3))) * minute;
  const clock = (at) => new Date(at + offset).toISOString().slice(11, 16);
  const clockAndDay = (at) => new Date(at + offset).toISOString().slice(5, 16).replace("T", " ");

  // Pages: a step or a choice is a request for the board as it is afterwards, of which the live parts are taken over.
  const show = async (answer) => {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!$("#desk", page)) { location.reload(); return false; }
    await new Promise((still) => document.dispatchEvent(new CustomEvent("office:still", {detail: still})));
    document.dispatchEvent(new CustomEvent("office:page", {detail: page}));
    desk.classList.toggle("with", $("#chosen").children.length > 0);
    const said = $(".notice", page)?.textContent ?? $("#chosen .problem", page)?.firstChild.textContent;
    if (said) {
      $("#undo .said")?.remove();
      const told = document.createElement("span");
      told.className = answer.ok ? "said" : "problem";
      told.textContent = said;
      $("#undo").prepend(told);
    }
    if (answer.ok) history.replaceState(null, "", answer.url);
    else $("#chosen [data-sure]")?.focus();
    return answer.ok;
  };
  // One after the other, so that the last board shown is the last one asked for, and every refusal is seen.
  let turn = Promise.resolve();
  const inTurn = (step) => {
    const waits = async () => {
      desk.dataset.waits = "";
      try { return await step(); } finally { delete desk.dataset.waits; document.dispatchEvent(new Event("office:calm")); }
    };
    turn = turn.then(waits, waits);
    return turn;
  };
  const open = (url) => inTurn(async () => {
    const answer = await fetch(url, {headers: {Accept: "text/html"}}).catch(() => null);
    if (answer) await show(answer); else location.href = url;
  });
  const here = () => {
    const url = new URL(location.href);
    url.searchParams.delete("did");
    return url.pathname + url.search;
  };
  const send = (url, fields) => inTurn(async () => {
    const answer = await fetch(url, {method: "POST", body: new URLSearchParams(fields)}).catch(() => null);
    if (answer) return show(answer);
    location.reload();
    return false;
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-step]")) return;
    event.preventDefault();
    const button = event.submitter;
    const url = button?.hasAttribute("formaction") ? button.formAction : event.target.action;
    send(url, new FormData(event.target, button));
  });
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest(".job, [data-close]");
    if (!link) return;
    event.preventDefault();
    if (!suppressed) open(link.getAttribute("href"));
  });

  // What can be landed on, measured once when something is lifted.
  const skills = (text) => new Map(text.split(" ").filter(Boolean).map((s) => [s.slice(0, s.lastIndexOf(":")), Number(s.slice(s.lastIndexOf(":") + 1))]));
  const barOf = (element) => {
    const d = element.dataset;
    return {element, job: d.job, assignment: d.assignment, number: d.number, seen: d.seen, start: Number(d.start), end: Number(d.end),
      due: Number(d.due), needs: skills(d.needs), owner: element.closest("[data-owner]")?.dataset.owner ?? ""};
  };
  const survey = () => {
    const box = panes.getBoundingClientRect(), scale = $(".scale");
    const lines = $$("[data-owner]", panes).map((element) => {
      const d = element.dataset, rect = element.getBoundingClientRect();
      return {element, owner: d.owner, name: d.name, can: skills(d.can), silent: "silent" in d ? Number(d.silent) : null,
        top: rect.top - box.top + panes.scrollTop, bottom: rect.bottom - box.top + panes.scrollTop,
        off: d.off.split(" ").filter(Boolean).map((s) => s.split("-").map(Number)), bars: $$(".job", element).map(barOf)};
    });
    const ground = {box, lines, tray: tray.getBoundingClientRect(), scroll: panes.scrollTop, aside: panes.scrollLeft};
    if (scale) {
      const rect = scale.getBoundingClientRect();
      return {...ground, left: rect.left, width: rect.width, from: Number(scale.dataset.from), to: Number(scale.dataset.to)};
    }
    const cells = $$("td", $("#lines tr") ?? panes).map((cell) => {
      const rect = cell.getBoundingClientRect();
      return {left: rect.left, width: rect.width, start: Number(cell.dataset.start), middle: Number(cell.dataset.middle)};
    });
    return {...ground, cells};
  };

  // Where not all of the time is in sight it opens at now; where that is not shown, when the first one begins to work.
  const openAtNow = () => {
    const {box, lines, left, width, from, to} = survey();
    const begins = lines.map(({off}) => off.reduce((at, [start, end]) => (start <= at ? Math.max(at, end) : at), from)).filter((at) => at < to);
    const first = begins.length ? Math.min(...begins) : from;
    const at = $(".now, .now-day", panes)?.getBoundingClientRect().left ?? left + (first - from) / (to - from) * width;
    const names = $("th, .who", panes)?.getBoundingClientRect().width ?? 0;
    if (at) panes.scrollLeft += at - box.left - names - (box.width - names) / 4;
  };
  openAtNow();

  const lineAt = (ground, y) => {
    let low = 0, high = ground.lines.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ground.lines[middle].bottom <= y) low = middle + 1; else high = middle;
    }
    return low;
  };
  const cellOf = (ground, at) => {
    let i = 0;
    while (i + 1 < ground.cells.length && ground.cells[i + 1].start <= at) i++;
    return i;
  };

  // What is lifted, and what its landing would mean.
  let lifted = null, suppressed = false;
  const meaning = () => {
    const {bar, ground} = lifted;
    if (lifted.back) return {text: words.nobody, level: ""};
    const line = ground.lines[lifted.at], notes = [];
    const moves = line.owner !== bar.owner;
    if (moves && line.bars.some((b) => b.job === bar.job)) return {text: words.here, level: "stops"};
    const from = ground.lines.find((l) => l.owner === bar.owner);
    if (moves && bar.assignment && from && from.silent !== null && bar.start < Date.now() + 2 * 60 * minute) notes.push(words.started);
    const others = line.bars.filter((b) => b.job !== bar.job && b.start < lifted.end && lifted.start < b.end);
    if (others.length) notes.push(`${words.overlap} ${others.map((b) => b.number).join(", ")}`);
    if (bar.due && lifted.end > bar.due) notes.push(words.late);
    if (!line.owner.startsWith("t:")) {
      const lacks = [...bar.needs].filter(([skill, level]) => (line.can.get(skill) ?? 0) < level).map(([skill]) => named[skill] ?? skill);
      if (lacks.length) notes.push(`${words.skill} ${lacks.join(", ")}`);
    }
    if (line.off.some(([s, e]) => s < lifted.end && lifted.start < e)) notes.push(words.off);
    if (line.silent !== null) notes.push(line.silent ? `${words.silent} ${clockAndDay(line.silent)}` : words.silent);
    return notes.length ? {text: notes.join(" · "), level: "warns"} : {text: words.fits, level: ""};
  };
  const lift = (element, by, edge = "") => {
    const bar = barOf(element), ground = survey();
    if (!ground.lines.length) return false;
    const at = Math.max(0, ground.lines.findIndex((l) => l.owner === bar.owner));
    let {start, end} = bar;
    if (!start || !bar.assignment) { // it has no time yet: the next quarter that is shown, for as long as it was thought to take
      const long = end > start && start ? end - start : 60 * minute;
      if (!start || ground.cells && !(start >= ground.cells[0].start)) {
        start = ground.cells ? ground.cells[0].middle : Math.max(ground.from, Math.ceil(Date.now() / step) * step);
        if (!ground.cells && start >= ground.to) start = ground.from;
      }
      end = start + long;
    }
    const ghost = document.createElement("div");
    ghost.className = "ghost";
    ghost.innerHTML = '<div class="shape"></div><div class="hint"></div>';
    document.body.append(ghost);
    element.classList.add("sending");
    desk.dataset.carries = "";
    lifted = {bar, element, ground, at, start, end, by, edge, ghost, shape: ghost.firstChild, hint: ghost.lastChild, back: false, grab: 0, said: ""};
    return true;
  };
  const put = () => { // draws what is lifted where it would land
    const {ground, ghost, shape, hint} = lifted, line = ground.lines[lifted.at];
    const y = ground.box.top + line.top - panes.scrollTop;
    const scrolled = ground.aside - panes.scrollLeft;
    let x, width;
    if (lifted.back) { x = ground.tray.left; width = ground.tray.width; } else if (ground.cells) {
      const cell = ground.cells[cellOf(ground, lifted.start)];
      x = cell.left + scrolled; width = cell.width;
    } else {
      const px = ground.width / (ground.to - ground.from);
      x = ground.left + scrolled + (lifted.start - ground.from) * px; width = Math.max(8, (lifted.end - lifted.start) * px);
    }
    ghost.style.transform = `translate(${Math.round(x)}px, ${Math.round(lifted.back ? ground.tray.top : y)}px)`;
    shape.style.width = `${Math.round(width)}px`;
    const key = `${lifted.back}|${lifted.at}|${lifted.start}|${lifted.end}`;
    if (key === lifted.key) return;
    lifted.key = key;
    const {text, level} = meaning();
    lifted.level = level;
    ghost.className = `ghost ${level}`;
    hint.textContent = lifted.back ? `${lifted.bar.number} · ${text}` : `${line.name} ${clock(lifted.start)}–${clock(lifted.end)} · ${text}`;
    if (lifted.target !== (lifted.back ? tray : line.element)) {
      lifted.target?.classList.remove("target");
      lifted.target = lifted.back ? tray : line.element;
      lifted.target.classList.add("target");
    }
    if (lifted.by === "keys") say.textContent = hint.textContent;
  };
  const leave = () => {
    if (!lifted) return;
    const was = lifted;
    lifted = null;
    was.ghost.remove();
    was.target?.classList.remove("target");
    was.element.classList.remove("sending");
    delete desk.dataset.carries;
    if (was.frame) cancelAnimationFrame(was.frame);
    document.dispatchEvent(new Event("office:calm"));
    return was;
  };
  const drop = async () => {
    const {bar, ground, at, start, end, back, level} = lifted;
    const line = ground.lines[at];
    leave();
    if (level === "stops" || !may) { say.textContent = words.left; return; }
    const fields = {back: here(), seen: bar.seen, to: line.owner, start: String(start), end: String(end)};
    const id = bar.element.id;
    if (back) {
      if (bar.assignment) await send(`/board/${bar.job}/unassign`, {...fields, assignment: bar.assignment});
    } else if (!bar.assignment) await send(`/board/${bar.job}/assign`, fields);
    else if (line.owner !== bar.owner || start !== bar.start || end !== bar.end) await send(`/board/${bar.job}/move`, {...fields, assignment: bar.assignment});
    if (document.activeElement === document.body) (document.getElementById(id) ?? $(`.job[data-job="${bar.job}"]`))?.focus({preventScroll: true});
  };

  // By mouse or finger. A finger lifts after a moment's rest: else it scrolls.
  let down = null, pointer = null;
  const near = (element, x) => {
    if (!element.matches(".bar")) return "";
    const rect = element.getBoundingClientRect();
    return rect.width < 24 ? "" : rect.right - x < 8 ? "end" : x - rect.left < 8 ? "start" : "";
  };
  const begin = (event, element, x, y) => {
    if (!element.isConnected || !lift(element, "pointer", near(element, x))) return;
    const left = element.matches(".bar") ? element.getBoundingClientRect().left : x - 12;
    lifted.grab = x - left;
    lifted.frame = requestAnimationFrame(follow);
    element.setPointerCapture?.(event.pointerId);
    pointer = {x, y};
  };
  const follow = () => {
    if (!lifted) return;
    const {ground} = lifted, {x, y} = pointer;
    if (x > ground.box.left && y > ground.box.top - 20 && y < ground.box.top + 36) panes.scrollTop -= 12;
    if (x > ground.box.left && y > ground.box.bottom - 36 && y < ground.box.bottom + 20) panes.scrollTop += 12;
    lifted.back = !lifted.edge && x >= ground.tray.left && x <= ground.tray.right && y >= ground.tray.top && y <= ground.tray.bottom;
    if (!lifted.edge) lifted.at = lineAt(ground, y - ground.box.top + panes.scrollTop);
    const long = lifted.end - lifted.start;
    if (ground.cells) {
      const i = Math.max(0, ground.cells.findLastIndex((c) => x + panes.scrollLeft - ground.aside >= c.left));
      shiftTo(i);
    } else {
      const point = (px) => ground.from + Math.round((px - ground.left + panes.scrollLeft - ground.aside) / ground.width * (ground.to - ground.from) / step) * step;
      if (lifted.edge === "end") lifted.end = Math.max(lifted.start + step, point(x));
      else if (lifted.edge === "start") lifted.start = Math.min(lifted.end - step, point(x));
      else { lifted.start = point(x - lifted.grab); lifted.end = lifted.start + long; }
    }
    put();
    lifted.frame = requestAnimationFrame(follow);
  };
  const shiftTo = (i) => { // to another day of the week, at the same time of day
    const {ground} = lifted, now = cellOf(ground, lifted.start);
    const by = ground.cells[i].start - ground.cells[now].start;
    lifted.start += by;
    lifted.end += by;
  };
  document.addEventListener("pointerdown", (event) => {
    const element = event.target.closest(".job[data-open]");
    suppressed = false;
    if (!element || !may || event.button !== 0) return;
    down = {element, x: event.clientX, y: event.clientY, id: event.pointerId, rest: 0};
    if (event.pointerType !== "mouse") down.rest = setTimeout(() => { if (down) { begin(event, element, down.x, down.y); down = null; suppressed = true; } }, 350);
  });
  document.addEventListener("pointermove", (event) => {
    if (lifted?.by === "pointer") { pointer = {x: event.clientX, y: event.clientY}; return; }
    if (!down) {
      const over = event.target.closest?.(".bar[data-open]");
      if (over && may) over.classList.toggle("edge", near(over, event.clientX) !== "");
      return;
    }
    if (Math.hypot(event.clientX - down.x, event.clientY - down.y) < 5) return;
    if (event.pointerType === "mouse") { begin(event, down.element, down.x, down.y); suppressed = true; }
    clearTimeout(down.rest);
    down = null;
  });
  document.addEventListener("pointerup", () => {
    if (down) clearTimeout(down.rest);
    down = null;
    if (lifted?.by === "pointer") { follow(); drop(); }
    setTimeout(() => { suppressed = false; }); // the click that ends a drag chooses nothing; the next one does
  });
  document.addEventListener("pointercancel", () => { if (down) clearTimeout(down.rest); down = null; if (lifted?.by === "pointer") leave(); });
  document.addEventListener("touchmove", (event) => { if (lifted) event.preventDefault(); }, {passive: false});
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".job")) event.preventDefault(); });
  addEventListener("blur", () => { if (lifted?.by === "pointer") leave(); });

  // By keys: Space lifts, arrows move, Shift and arrows stretch, Enter puts down, Esc leaves it.
  const nudge = (event) => {
    const {ground} = lifted, sideways = {ArrowLeft: -1, ArrowRight: 1}[event.key], along = {ArrowUp: -1, ArrowDown: 1}[event.key];
    if (along) lifted.at = Math.min(Math.max(lifted.at + along, 0), ground.lines.length - 1);
    else if (event.shiftKey) lifted.end = Math.max(lifted.start + step, lifted.end + sideways * step);
    else if (ground.cells) shiftTo(Math.min(Math.max(cellOf(ground, lifted.start) + sideways, 0), ground.cells.length - 1));
    else if (lifted.start + sideways * step >= ground.from && lifted.end + sideways * step <= ground.to + day) { lifted.start += sideways * step; lifted.end += sideways * step; }
    const line = ground.lines[lifted.at];
    if (line.top < panes.scrollTop + 30 || line.bottom > panes.scrollTop + panes.clientHeight) panes.scrollTop = line.top - panes.clientHeight / 2;
    put();
  };
  const walk = (element, key) => { // from bar to bar, as they lie
    const line = element.closest("[data-owner]"), all = $$(".job", line ?? tray);
    const at = all.indexOf(element);
    if (key === "ArrowLeft" || key === "ArrowRight") return all[at + (key === "ArrowRight" ? 1 : -1)];
    if (!line) return all[at + (key === "ArrowDown" ? 1 : -1)];
    for (let next = line; (next = key === "ArrowDown" ? next.nextElementSibling : next.previousElementSibling);) {
      const bars = $$(".job", next), start = Number(element.dataset.start);
      if (bars.length) return bars.reduce((best, b) => Math.abs(b.dataset.start - start) < Math.abs(best.dataset.start - start) ? b : best);
    }
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const on = document.activeElement;
    const done = () => { event.preventDefault(); event.stopImmediatePropagation(); };
    if (lifted) {
      if (event.key.startsWith("Arrow")) { done(); if (lifted.by === "keys") nudge(event); } else if (event.key === "Enter" || event.key === " ") { done(); drop(); } else if (event.key === "Escape") { done(); leave(); say.textContent = words.left; }
      return;
    }
    if (on?.matches(".job")) {
      if (event.key === " " && may && "open" in on.dataset) { done(); if (lift(on, "keys")) { put(); say.textContent = words.lifted; } return; }
      if (event.key.startsWith("Arrow")) {
        done();
        const next = walk(on, event.key);
        next?.focus();
        next?.scrollIntoView({block: "nearest", inline: "nearest"});
        return;
      }
      if (event.key === "Delete" && may && on.dataset.assignment && "open" in on.dataset) {
        done();
        const bar = barOf(on);
        send(`/board/${bar.job}/unassign`, {back: here(), seen: bar.seen, assignment: bar.assignment});
        return;
      }
    }
    if (on?.matches("input, select, textarea")) return;
    if (event.key === "z") { const undo = $("[data-undo]"); if (undo) { done(); undo.requestSubmit(); } return; }
    if (event.key === "Escape" && $("#chosen [data-close]")) { done(); const job = new URL(location.href).searchParams.get("job"); open($("#chosen [data-close]").getAttribute("href")).then(() => $(`.job[data-job="${CSS.escape(job ?? "")}"]`)?.focus()); return; }
    $(`[data-key="${CSS.escape(event.key)}"]`)?.click();
  }, true);
})();
