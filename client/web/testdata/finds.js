// What is wrong with the page that is shown, a line each: for who sees it, and for who has it read aloud.
(() => {
  const wrong = [], all = [...document.querySelectorAll("body *")];
  const name = (e) => `${e.localName}${e.id ? "#" + e.id : ""}${e.className && typeof e.className === "string" ? "." + e.className.replaceAll(" ", ".") : ""} ${JSON.stringify((e.textContent || e.name || "").trim().slice(0, 40))}`;
  const shown = (e) => e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && e.getClientRects().length > 0;

  // Nothing is wider than the window.
  if (document.documentElement.scrollWidth > innerWidth) {
    const wide = all.filter((e) => e.getBoundingClientRect().right > innerWidth + 1).slice(-2).map(name);
    wrong.push(`${document.documentElement.scrollWidth - innerWidth} px too wide: ${wide.join(", ")}`);
  }
  // Nor is anything cut off within its own box, or laid over what stands beside it.
  for (const e of all) {
    if (!shown(e) || e.closest("[aria-hidden=true], .tabs")) continue;
    const s = getComputedStyle(e);
    if (s.overflowX === "hidden" && e.scrollWidth > e.clientWidth + 1 && s.clipPath === "none" && !e.matches(".shot, input")) wrong.push(`cut off: ${name(e)}`);
  }

  // No word is broken in two for want of room; numbers of things, which are long, may be.
  const text = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
  while (text.nextNode()) {
    const node = text.currentNode;
    if (!shown(node.parentElement) || node.parentElement.closest("pre, textarea, .code, .tabs")) continue;
    for (const word of node.data.matchAll(/[\p{Script=Latin}\d.,]+/gu)) {
      if (word[0].length > 12) continue;
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].filter((r) => r.width > 0).map((r) => Math.round(r.top)));
      if (lines.size > 1) wrong.push(`broken in two: ${word[0]} in ${name(node.parentElement)}`);
    }
  }

  // What is read aloud: the language, one title, headings in their order, no id twice.
  if (!document.documentElement.lang) wrong.push("no language");
  if (!document.title.trim()) wrong.push("no title");
  const ids = new Map();
  for (const e of document.querySelectorAll("[id]")) ids.set(e.id, (ids.get(e.id) ?? 0) + 1);
  for (const [id, n] of ids) if (n > 1) wrong.push(`the id ${id} ${n} times`);
  for (const e of document.querySelectorAll("[for], [form], [aria-labelledby], [aria-describedby]")) {
    for (const attribute of ["for", "form", "aria-labelledby", "aria-describedby"]) {
      for (const id of (e.getAttribute(attribute) ?? "").split(" ")) if (id && !document.getElementById(id)) wrong.push(`${attribute}=${id} leads nowhere: ${name(e)}`);
    }
  }
  const headings = [...document.querySelectorAll("h1, h2, h3, h4")].filter(shown).map((e) => Number(e.localName[1]));
  if (headings.filter((n) => n === 1).length !== 1) wrong.push(`${headings.filter((n) => n === 1).length} headings of the first rank`);
  headings.forEach((n, i) => { if (i && n > headings[i - 1] + 1) wrong.push(`a heading of rank ${n} after one of rank ${headings[i - 1]}`); });
  for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) wrong.push(`out of the order of focus: ${name(e)}`);
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main part");

  // What a thumb hits: 48 px each way. A link within a sentence, and what lies under its label, are as large as their text.
  const least = 48;
  for (const e of document.querySelectorAll("a, button, input, select, textarea, summary, audio, video")) {
    if (!shown(e) || e.matches("[type=hidden], .skip")) continue;
    const hit = e.closest("label") ?? e, r = hit.getBoundingClientRect();
    if (r.width < least - .5 || r.height < least - .5) wrong.push(`${Math.round(r.width)} × ${Math.round(r.height)} px for a thumb: ${name(e)}`);
  }

  // What is read in the sun: 4.5 to 1, 3 to 1 where it is large.
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  const paint = (colours) => {
    pen.clearRect(0, 0, 1, 1);
    for (const c of colours) { pen.fillStyle = c; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  for (const e of all) {
    if (!shown(e) || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const under = [];
    for (let at = e; at; at = at.parentElement) under.unshift(getComputedStyle(at).backgroundColor);
    const s = getComputedStyle(e), ground = ["#fff", ...under];
    const a = light(paint(ground)), b = light(paint([...ground, s.color]));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05), px = parseFloat(s.fontSize);
    if (ratio < (px >= 24 || px >= 18.66 && s.fontWeight >= 700 ? 3 : 4.5)) wrong.push(`contrast ${ratio.toFixed(2)}: ${name(e)}`);
  }
  return wrong;
})()
