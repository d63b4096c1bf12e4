// The office's own script: lists that update themselves, and keys. Every page works without it.
"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Live: the hub says that something changed, the page asks for itself again and takes over what is different.
  // Elements are known by their ids; what is the same is left alone, so that focus, scroll and open menus stay.
  const mark = (element) => {
    element.classList.add("fresh");
    setTimeout(() => element.classList.remove("fresh"), 4000);
  };
  const plain = (element) => {
    const copy = element.cloneNode(true);
    for (const e of [copy, ...$$(".fresh", copy)]) { e.classList.remove("fresh"); if (!e.className) e.removeAttribute("class"); }
    $$("details[open]", copy).forEach((d) => d.removeAttribute("open"));
    for (const e of [copy, ...$$("tr[aria-current]", copy)]) e.removeAttribute("aria-current"); // which stands beside the list
    return copy.outerHTML;
  };
  const busy = (element) => element.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")
    || $("details[open] form", element) !== null;
  // What can be pressed within a row: the focus stays on the same of them, so that Enter does what was about to be done.
  const control = "a, button";
  const controls = (element) => $$(control, element?.closest("[id]") ?? document.createElement("p"));
  const take = (now, next, force = false) => {
    if (plain(now) === plain(next) || !force && busy(now) && !$(":scope [id]", now)) return;
    const held = document.activeElement?.closest("[id]")?.id, nth = controls(document.activeElement).indexOf(document.activeElement);
    const focusAgain = (row) => {
      const again = held && document.getElementById(held);
      const at = again && row.contains(again) ? again : row;
      (at.matches("a, button, [tabindex]") ? at : $$(control, at)[nth] ?? $("a", at) ?? at).focus({preventScroll: true});
    };
    const rows = $$("[id]", now), nextRows = $$("[id]", next);
    const sameRows = rows.length > 0 && rows.length === nextRows.length && rows.every((r, i) => r.id === nextRows[i].id);
    if (sameRows) {
      rows.forEach((row, i) => {
        if (!row.isConnected || plain(row) === plain(nextRows[i]) || !force && busy(row)) return;
        const focused = row === document.activeElement || row.contains(document.activeElement);
        const box = $('[form="each"]:checked', row), again = box && $('[form="each"]', nextRows[i]);
        row.replaceWith(nextRows[i]);
        if (again) again.checked = true;
        mark(nextRows[i]);
        if (focused) focusAgain(nextRows[i]);
      });
      return;
    }
    if (!force && busy(now)) return;
    const before = new Map(rows.map((r) => [r.id, plain(r)]));
    const focused = document.activeElement?.closest("[id]")?.id;
    const open = $$("details[open]", now).map((d) => d.closest("[id]")?.id);
    const ticked = new Set($$('[form="each"]:checked', now).map((b) => b.value));
    now.replaceChildren(...next.childNodes);
    for (const box of $$('[form="each"]', now)) box.checked = ticked.has(box.value);
    document.dispatchEvent(new Event("office:rows"));
    for (const row of $$("[id]", now)) {
      if (before.get(row.id) !== plain(row)) mark(row);
      if (open.includes(row.id)) $("details", row)?.setAttribute("open", "");
    }
    const again = focused && document.getElementById(focused);
    if (again && now.contains(again)) focusAgain(again);
  };
  // What a script of a page's own asked for is taken over like what the hub tells of, and at once: its user waits for it.
  let steps = 0;
  document.addEventListener("office:page", (event) => {
    steps++;
    for (const now of $$("[data-live]")) {
      const next = event.detail.getElementById(now.id);
      if (next) take(now, next, true);
    }
  });
  // While a button of the mouse or a finger is down, what is under it stays: exchanged between down and up, it would take
  // the click with it. The click ends that; where a finger makes none, as after a scroll, a moment after it was lifted.
  let down = false, lifted = 0;
  const release = () => { clearTimeout(lifted); down = false; document.dispatchEvent(new Event("office:calm")); };
  const leave = (event) => {
    clearTimeout(lifted);
    if (down) lifted = setTimeout(release, event.pointerType === "touch" && !$("[data-carries]") ? 1000 : 0);
  };
  addEventListener("pointerdown", (event) => { if (event.button === 0) { clearTimeout(lifted); down = true; } }, true);
  for (const gone of ["pointerup", "pointercancel"]) addEventListener(gone, leave, true);
  addEventListener("blur", leave);
  addEventListener("pointermove", (event) => { if (down && event.buttons === 0) leave(event); }, true); // let go elsewhere
  addEventListener("click", () => { if (down) setTimeout(release); });
  const still = async () => { while (down) await new Promise((calm) => document.addEventListener("office:calm", calm, {once: true})); };
  document.addEventListener("office:still", (event) => still().then(event.detail));

  // So it does while something is carried, a step's own page is on its way, or a dialog stands before it, which gives the
  // focus back to where it was.
  const paused = () => down || $("[data-carries], [data-waits], dialog[open]") !== null;
  document.addEventListener("close", () => document.dispatchEvent(new Event("office:calm")), true);
  let asking = false, askAgain = false;
  const refresh = async () => {
    if (asking || paused()) { askAgain = true; return; }
    asking = true;
    const before = steps;
    try {
      const answer = await fetch(location.href, {headers: {Accept: "text/html", "X-Refresh": "1"}});
      if (answer.redirected && new URL(answer.url).pathname === "/sign-in") { location.reload(); return; }
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        // Its user took a step meanwhile: this page is older than the one that stands, and would take the step back.
        const late = steps !== before || paused();
        askAgain ||= late;
        for (const now of late ? [] : $$("[data-live]")) {
          const next = page.getElementById(now.id);
          if (next) take(now, next);
        }
        markRow();
      }
    } catch { /* no network: the stream says so by coming back, and the page asks again then */ } finally {
      asking = false;
      refreshAgain();
    }
  };
  const refreshAgain = () => { if (askAgain && !paused()) { askAgain = false; refresh(); } };
  document.addEventListener("office:calm", refreshAgain);
  // Who calls stands on whatever page is open, posted ones too: what is typed there is not touched.
  const ring = async (mark) => {
    const strip = $("#ring");
    if (!strip || strip.dataset.mark === mark) return;
    const answer = await fetch("/ring", {headers: {"X-Refresh": "1"}}).catch(() => null);
    const next = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("ring");
    if (!next) return;
    const back = $('[name="back"]', next);
    if (back) back.value = location.pathname + location.search;
    strip.dataset.mark = next.dataset.mark;
    strip.replaceChildren(...next.childNodes);
  };
  let stream = null;
  const listen = () => {
    if (document.hidden) { stream?.close(); stream = null; return; } // a browser has few connections to one host
    if (stream) return;
    stream = new EventSource("/live");
    stream.addEventListener("ring", (event) => ring(event.data));
    if (!lives) return;
    stream.addEventListener("changed", () => { refresh(); follow(); });
    stream.onopen = refresh; // what changed between the page and the stream, or while there was none, was not told
  };
  // A page that was posted shows something once (a code, a password): asking for it again would show another page.
  const posted = $(".printed") !== null;
  const lives = $("[data-live]") !== null && !posted;
  if (lives || $("#ring")) {
    document.addEventListener("visibilitychange", () => { listen(); if (lives && !document.hidden) refresh(); });
    listen();
  }

  // Forms that act at once, and Ctrl Enter in any.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  // Fields that mean a row: what fits is offered under them as one types. Without this script the server finds it.
  const offer = (field) => {
    const list = document.getElementById(field.getAttribute("aria-controls"));
    const ref = field.nextElementSibling;
    let asked = 0, at = -1;
    const close = () => { list.hidden = true; at = -1; field.setAttribute("aria-expanded", "false"); field.removeAttribute("aria-activedescendant"); };
    const choose = (option) => { field.value = option.dataset.label; ref.value = option.dataset.id; close(); field.dispatchEvent(new Event("chosen", {bubbles: true})); };
    const point = (to) => {
      const options = [...list.children];
      if (!options.length) return;
      at = (to + options.length) % options.length;
      options.forEach((o, i) => o.setAttribute("aria-selected", String(i === at)));
      options[at].scrollIntoView({block: "nearest"});
      field.setAttribute("aria-activedescendant", options[at].id);
    };
    const show = (rows) => {
      list.replaceChildren(...rows.map((row, i) => {
        const option = document.createElement("li");
        Object.assign(option, {id: `${list.id}-${i}`, role: "option"});
        Object.assign(option.dataset, {id: row.id, label: row.label});
        option.setAttribute("role", "option");
        const hint = document.createElement("span");
        hint.className = "by";
        hint.textContent = row.hint;
        option.append(row.label, " ", hint);
        option.addEventListener("mousedown", (event) => { event.preventDefault(); choose(option); });
        return option;
      }));
      list.hidden = rows.length === 0;
      field.setAttribute("aria-expanded", String(rows.length > 0));
      at = -1;
    };
    const ask = async () => {
      const mine = ++asked;
      const answer = await fetch(`/find?table=${encodeURIComponent(field.dataset.find)}&q=${encodeURIComponent(field.value)}`).catch(() => null);
      if (answer?.ok && mine === asked && field === document.activeElement) show(await answer.json());
    };
    let waiting = 0;
    field.addEventListener("input", () => { ref.value = ""; clearTimeout(waiting); waiting = setTimeout(ask, 120); });
    field.addEventListener("blur", close);
    field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) ask(); else point(at + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter" && at >= 0 && !list.hidden) {
        event.preventDefault();
        event.stopPropagation();
        choose(list.children[at]);
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        close();
      }
    });
  };
  // A field on which hangs what others begin with: those that nobody touched begin anew, and are empty until they do.
  const refill = (form) => {
    const on = form.elements[form.dataset.refills];
    let asked = 0;
    on.addEventListener("change", async () => {
      const mine = ++asked, url = new URL(`${form.getAttribute("action")}/new${location.search}`, location.href);
      url.searchParams.set(on.name, on.value);
      const idle = $$("[data-find]", form).filter((f) => f.value === "" || f.value === f.dataset.begun);
      for (const f of idle) f.value = f.nextElementSibling.value = f.dataset.begun = "";
      const answer = await fetch(url).catch(() => null);
      if (!answer?.ok || mine !== asked) return;
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const f of idle) {
        const begun = next.getElementById(f.id);
        if (f.value !== "" || f === document.activeElement || !begun) continue;
        f.value = f.dataset.begun = begun.value;
        f.nextElementSibling.value = begun.nextElementSibling.value;
      }
    });
  };

  // Forms that look again as one types: the parts of the page say what the server found, and nothing typed is touched.
  const looking = (form) => {
    let asked = 0, waiting = 0;
    const known = (field) => field && `[name="${CSS.escape(field.name)}"][value="${CSS.escape(field.value)}"]`;
    const part = (now, next) => {
      if (!next || now.innerHTML === next.innerHTML) return;
      const at = now.contains(document.activeElement) ? known(document.activeElement) : null;
      now.replaceChildren(...next.childNodes);
      if (at) $(at, now)?.focus({preventScroll: true});
    };
    const look = async (by) => {
      const mine = ++asked, data = new URLSearchParams();
      for (const [name, value] of new FormData(form)) if (typeof value === "string") data.append(name, value);
      if (by?.name) data.append(by.name, by.value);
      const answer = await fetch(form.action, {method: "POST", body: data}).catch(() => null);
      if (!answer?.ok || mine !== asked) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      await still();
      if (mine !== asked) return;
      for (const now of $$("[data-part]")) part(now, page.getElementById(now.id));
      for (const now of $$("[data-show]", form)) now.hidden = page.getElementById(now.id)?.hidden ?? now.hidden;
      if (by?.name === "use") for (const now of $$("[data-fill]", form)) now.value = page.getElementById(now.id)?.value ?? now.value;
      form.dataset.looked = mine;
    };
    const soon = (wait) => { clearTimeout(waiting); waiting = setTimeout(look, wait); };
    form.addEventListener("input", (event) => soon(event.target.matches("[type=radio], select") ? 0 : 180));
    form.addEventListener("chosen", () => soon(0));
    form.addEventListener("submit", (event) => {
      if (!event.submitter?.matches("[data-looks]")) return;
      event.preventDefault();
      clearTimeout(waiting);
      look(event.submitter);
    });
  };
  const wire = (within) => {
    $$("[data-find]", within).forEach(offer);
    $$("form[data-refills]", within).forEach(refill);
    $$("form[data-look]", within).forEach(looking);
  };
  wire(document);

  // A row of a list opens beside it, where there is room: a click on the row, or the key o. Its name leads to its page alone. What
  // is done there happens there: forms are sent and shown in the panel, and the list beside it follows by itself.
  const wideEnough = matchMedia("(min-width: 1200px)");
  const linkOf = (row) => row && $("a[href]", row);
  let panel = null, turn = 0;
  const markRow = () => $$("tr[data-row]").forEach((row) => row.toggleAttribute("aria-current", !!panel && linkOf(row)?.getAttribute("href") === panel.dataset.row));
  const shut = () => {
    if (!panel) return;
    const row = $$("tr[data-row]").find((r) => r.hasAttribute("aria-current"));
    panel.remove();
    panel = null;
    document.body.classList.remove("split");
    markRow();
    linkOf(row)?.focus();
  };
  const fill = async (url, asked) => {
    const mine = ++turn, answer = await fetch(url, {headers: {Accept: "text/html", "X-Refresh": "1"}, ...asked}).catch(() => null);
    if (!answer || !panel || mine !== turn) return;
    const at = new URL(answer.url), page = new DOMParser().parseFromString(await answer.text(), "text/html"), main = $("main", page);
    if (!main || at.pathname === "/sign-in") { location.assign(url); return; }
    await still();
    if (!panel || mine !== turn) return;
    for (const of of [...main.children]) if (of.matches("#ring, .tabs")) of.remove();
    const bar = document.createElement("p"), alone = document.createElement("a"), close = document.createElement("button");
    bar.className = "bar";
    alone.href = at.pathname + at.search;
    [alone.textContent, close.textContent] = [list().dataset.alone, list().dataset.close];
    close.type = "button";
    close.addEventListener("click", shut);
    bar.append(alone, " ", close);
    panel.dataset.at = at.pathname;
    panel.replaceChildren(bar, ...main.childNodes);
    panel.setAttribute("aria-label", $("h1", panel)?.textContent ?? "");
    panel.scrollTop = 0;
    wire(panel);
    const first = at.pathname === panel.dataset.row ? null : $("form.grid :is(input:not([type=hidden]), textarea)", panel);
    ($("[aria-invalid=true]", panel) ?? first ?? (asked ? panel : null))?.focus({preventScroll: !first});
  };
  const list = () => $("#list[data-alone]");
  const beside = (row) => {
    const href = linkOf(row)?.getAttribute("href");
    if (!href || !list() || !wideEnough.matches) return false;
    if (!panel) {
      panel = document.createElement("aside");
      Object.assign(panel, {id: "beside", tabIndex: -1});
      panel.addEventListener("click", (event) => {
        const link = event.target.closest("a[href]");
        if (!link || link.closest(".bar") || link.target || link.hasAttribute("download") || event.ctrlKey || event.metaKey || event.shiftKey) return;
        const to = new URL(link.href);
        if (to.origin !== location.origin || !`${to.pathname}/`.startsWith(`${panel.dataset.row}/`)) return; // another row's: away
        event.preventDefault();
        fill(to.href);
      });
      panel.addEventListener("submit", (event) => {
        const form = event.target, by = event.submitter;
        if (event.defaultPrevented || form.method !== "post") return;
        event.preventDefault();
        const data = new FormData(form, by);
        const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams([...data].filter(([, v]) => typeof v === "string"));
        fill(by?.getAttribute("formaction") ?? form.getAttribute("action") ?? panel.dataset.at, {method: "POST", body});
      });
      document.body.append(panel);
      document.body.classList.add("split");
    }
    panel.dataset.row = href;
    markRow();
    fill(href);
    return true;
  };
  document.addEventListener("click", (event) => {
    const row = event.target.closest("#list tr[data-row]");
    if (!row || event.target.closest("a, button, input, label, select, summary") || String(getSelection())) return;
    if (beside(row)) linkOf(row).focus({preventScroll: true});
  });
  document.addEventListener("office:rows", markRow);
  // What others change on the row is shown beside the list, too, unless its user is about to write there.
  const follow = async () => {
    if (!panel || panel.contains(document.activeElement) && document.activeElement !== panel && typing(document.activeElement)) return;
    const answer = await fetch(panel.dataset.at, {headers: {Accept: "text/html", "X-Refresh": "1"}}).catch(() => null);
    if (!answer?.ok || !panel) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const now of panel ? $$("[data-live]", panel) : []) {
      const next = page.getElementById(now.id);
      if (next) take(now, next);
    }
  };

  // Several rows: one box ticks all, and the number of those chosen stands beside what can be done to them.
  const boxes = () => $$('input[name="id"][form="each"]');
  const counted = () => {
    const chosen = boxes().filter((b) => b.checked).length, said = $("[data-chosen]");
    if (!said) return;
    said.dataset.text ??= said.textContent;
    said.textContent = chosen ? `${said.dataset.text} ${chosen}` : said.dataset.text;
    $("#each").hidden = chosen === 0;
    const all = $("[data-all]");
    if (all) { all.hidden = false; all.checked = chosen > 0 && chosen === boxes().length; all.indeterminate = chosen > 0 && chosen < boxes().length; }
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) boxes().forEach((b) => { b.checked = event.target.checked; });
    if (event.target.matches('[data-all], [form="each"]')) counted();
  });
  document.addEventListener("office:rows", counted);
  addEventListener("pageshow", counted);

  $("[data-print]")?.addEventListener("click", () => print());

  // The page of the one box answers as one types, too.
  const box = $("#q");
  if (box && location.pathname === "/search") {
    let waiting = 0, asked = 0;
    box.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(async () => {
      const mine = ++asked;
      const answer = await fetch(`/search?q=${encodeURIComponent(box.value)}`).catch(() => null);
      const found = answer?.ok && $("#found", new DOMParser().parseFromString(await answer.text(), "text/html"));
      await still();
      if (found && mine === asked) { $("#found").replaceChildren(...found.childNodes); history.replaceState(null, "", answer.url); }
    }, 150); });
  }

  // Keys.
  const typing = (element) => element.matches("input:not([type=checkbox]), textarea, select") || element.isContentEditable;
  const move = (step) => {
    const rows = $$("[data-row]");
    if (!rows.length) return;
    const at = rows.findIndex((r) => r === document.activeElement || r.contains(document.activeElement));
    const row = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
    (row.matches("tr") && $("a", row) || row).focus();
    row.scrollIntoView({block: "nearest"});
    if (panel && linkOf(row)?.getAttribute("href") !== panel.dataset.row) beside(row);
  };
  let going = 0;
  const keys = {
    j: () => move(1), k: () => move(-1),
    "/": () => search(), "?": () => $("#keys")?.showModal(),
    e: () => $("[data-edit]")?.click(),
    x: () => { const box = $('input[name="id"]', document.activeElement.closest("[data-row]") ?? document.createElement("p")); if (box) { box.checked = !box.checked; counted(); } },
    o: () => beside(document.activeElement.closest("#list [data-row]")),
    g: () => { going = Date.now(); },
    Enter: () => document.activeElement.matches("[data-row]") && $("a", document.activeElement)?.click(),
  };
  const search = () => {
    const field = $("[data-search]");
    if (field) { field.focus(); field.select(); } else seek();
  };
  // The one box, over any page: what fits is asked for as one types, and stands under it as on the page /search.
  const seek = () => {
    let box = $("#seek");
    if (!box) {
      box = document.createElement("dialog");
      box.id = "seek";
      box.innerHTML = '<form method="get" action="/search"><input name="q" type="search" autocomplete="off"></form><div class="results"></div>';
      document.body.append(box);
      const field = $("input", box), label = $(".rail [data-search-label]")?.dataset.searchLabel ?? "";
      field.placeholder = label;
      field.setAttribute("aria-label", label);
      let asked = 0, waiting = 0;
      const ask = async () => {
        const mine = ++asked;
        const answer = await fetch(`/search?q=${encodeURIComponent(field.value)}`).catch(() => null);
        if (!answer?.ok || mine !== asked) return;
        const found = $("#found", new DOMParser().parseFromString(await answer.text(), "text/html"));
        await still();
        if (found && mine === asked) $(".results", box).replaceChildren(...found.childNodes);
      };
      field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 120); });
      box.addEventListener("keydown", (event) => {
        const links = $$("a", box), at = links.indexOf(document.activeElement);
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
          event.preventDefault();
          const to = at + (event.key === "ArrowDown" ? 1 : -1);
          if (to < 0) field.focus(); else links[Math.min(to, links.length - 1)]?.focus();
        } else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); box.close(); } else if (event.key === "Enter" && document.activeElement === field && links.length) { event.preventDefault(); links[0].click(); }
      });
      ask();
    }
    if (!box.open) box.showModal();
    $("input", box).select();
  };
  document.addEventListener("keydown", (event) => {
    const on = document.activeElement;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && on?.form) {
      event.preventDefault();
      on.form.requestSubmit($("button.main", on.form) ?? $("button:not([type=button])", on.form));
    } else if (event.key === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      seek();
    } else if (event.key === "Escape" && !$("dialog[open]")) { // which closes by itself
      const open = on?.closest("details[open]") ?? null;
      if (open) { open.open = false; $("summary", open).focus(); } else if (typing(on)) on.blur(); else if ($("[data-back]")) $("[data-back]").click(); else shut();
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey && !typing(on) && !$("dialog[open]")) {
      const place = Date.now() - going < 1500 && $(`[data-go="${CSS.escape(event.key)}"]`);
      going = 0;
      if (place) { event.preventDefault(); place.click(); return; }
      if (keys[event.key] && !(event.key === "Enter" && !on.matches("[data-row]"))) {
        event.preventDefault();
        keys[event.key]();
      }
    }
  });
  // Passkeys: the browser has a device make one, or sign by one, and the form carries the answer. What there is to sign is good
  // for five minutes: of a page that stood open for longer it is fetched anew.
  const opened = Date.now();
  const optionsOf = async (form) => {
    if (!form.dataset.again || Date.now() - opened < 240_000) return JSON.parse(form.dataset.options);
    const page = await (await fetch(form.dataset.again, {headers: {"X-Refresh": "1"}})).text();
    return JSON.parse($("form[data-passkey]", new DOMParser().parseFromString(page, "text/html")).dataset.options);
  };
  const answerOf = async (form) => form.dataset.passkey === "create"
    ? navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(await optionsOf(form))})
    : navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(await optionsOf(form))});
  for (const form of window.PublicKeyCredential?.parseRequestOptionsFromJSON ? $$("form[data-passkey]") : []) {
    let answered = false;
    form.hidden = false;
    $("[data-without-passkeys]")?.remove();
    $("[autofocus]", form)?.focus();
    form.addEventListener("submit", async (event) => {
      if (answered) return;
      event.preventDefault();
      const problem = $("[role=alert]", form), button = $("button", form);
      problem.hidden = button.disabled = true;
      try {
        form.elements.answer.value = JSON.stringify(await answerOf(form));
        answered = true;
      } catch { problem.hidden = false; }
      button.disabled = false;
      if (answered) form.requestSubmit(); else button.focus();
    });
  }
  // A form that was refused begins where it is wrong.
  $("main [aria-invalid=true]")?.focus();
  // On a narrow screen the places and the tabs are rows that scroll: the one where one is, is in sight.
  for (const here of $$(".rail [aria-current], .tabs [aria-current]")) {
    const row = here.closest("ul, .tabs");
    row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  }
})();
