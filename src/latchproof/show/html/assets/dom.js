// Making elements, tables that scroll and are one tab stop, sections with their contents list, and shared wording.

const make = (create) => (tag, attributes, ...children) => {
  const made = create(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
};

const el = make((tag) => document.createElement(tag));
const svg = make((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));

const byId = (id) => document.getElementById(id);

// A value as Python prints it, as in the specification.
const show = (value) => (value === true ? "True" : value === false ? "False" : value === null ? "None" : String(value));

const number = (count) => count.toLocaleString("en");
const counted = (count, one) => `${number(count)} ${count === 1 ? one : `${one}s`}`;

// A reason is a text, or an object that has one.
const inWords = (reason) => (typeof reason === "string" ? reason
  : `${reason.where ? `${reason.where}: ` : ""}${reason.text}`);

const showNamed = (names, values) => names.map((name, i) => `${name} = ${show(values[i])}`).join(", ");

// A text with names in it that are long: a line may break after a bracket, an underscore, a dot, a colon or a slash.
const breakable = (text) => text.split(/(?<=[([_.:/])/).flatMap((part, i) => (i ? [el("wbr"), part] : [part]));

// A table in a frame that scrolls sideways, and says so where it does. Its links and buttons are one tab stop together.
const table = (caption, headers, rows, attributes) => {
  const made = el("table", attributes,
    caption ? el("caption", {}, caption) : null,
    el("thead", {}, el("tr", {}, headers.map((header) => el("th", { scope: "col" }, header)))),
    el("tbody", {}, rows));
  const frame = el("div", { class: "scroll" }, made);
  const hint = el("p", { class: "aside", "aria-hidden": "true" }, "This table scrolls sideways →");
  const hasStops = rove(made);
  const look = () => {
    const overflows = frame.scrollWidth > frame.clientWidth + 1;
    hint.classList.toggle("shown", overflows);
    frame.classList.toggle("more", overflows && frame.scrollLeft + frame.clientWidth < frame.scrollWidth - 1);
    const focusable = overflows && !hasStops; // or else there is no way to scroll it by keys
    for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", caption ?? "table"]]) {
      if (focusable) frame.setAttribute(name, value);
      else frame.removeAttribute(name);
    }
  };
  frame.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(look).observe(frame);
  return [hint, frame];
};

// Make the links and buttons in a table's rows one tab stop, between which the arrow keys, Home and End move.
const rove = (made) => {
  const itemsOf = (row) => [...row.querySelectorAll("a[href], button")];
  const rows = [...made.tBodies[0].rows].map(itemsOf).filter((items) => items.length);
  const all = rows.flat();
  if (!all.length) return false;
  const cell = (item) => item.closest("td, th").cellIndex;
  const stopAt = (item) => all.forEach((one) => { one.tabIndex = one === item ? 0 : -1; });
  stopAt(all[0]);
  const beside = (items, item) => items.reduce((best, one) =>
    (Math.abs(cell(one) - cell(item)) < Math.abs(cell(best) - cell(item)) ? one : best));
  made.addEventListener("focusin", (event) => { if (all.includes(event.target)) stopAt(event.target); });
  made.addEventListener("keydown", (event) => {
    const item = event.target;
    const at = rows.findIndex((items) => items.includes(item));
    if (at < 0 || event.altKey || event.metaKey || event.shiftKey) return;
    const place = rows[at].indexOf(item);
    const goal = {
      ArrowRight: () => rows[at][place + 1], ArrowLeft: () => rows[at][place - 1],
      ArrowDown: () => rows[at + 1] && beside(rows[at + 1], item), ArrowUp: () => rows[at - 1] && beside(rows[at - 1], item),
      Home: () => (event.ctrlKey ? all[0] : rows[at][0]), End: () => (event.ctrlKey ? all.at(-1) : rows[at].at(-1)),
    }[event.key];
    if (!goal) return;
    event.preventDefault();
    goal()?.focus();
  });
  return true;
};

const select = (id, label, options, onchange) =>
  el("label", {}, label,
    el("select", { id, onchange }, options.map(([value, text]) => el("option", { value }, text))));

const facts = (pairs) => el("dl", { class: "facts" },
  pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined && value.length !== 0)
    .map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));

const list = (items) => (items.length ? el("ul", {}, items.map((item) => el("li", {}, item))) : "");

// What a model did is told in words, and has no row in a table of rules.
const isRule = (id) => !id.includes(" ");
const ruleLink = (id) => (isRule(id) ? el("a", { href: `#rule-${id}` }, id) : el("span", {}, id));
const ruleLinks = (ids) => ids.flatMap((id, i) => (i ? [isRule(id) ? " " : ", ", ruleLink(id)] : [ruleLink(id)]));
const claimLinks = (ids) => ids.flatMap((id, i) => {
  const link = byId(`claim-${id}`) ? el("a", { href: `#claim-${id}` }, id) : el("span", {}, id);
  return i ? [" ", link] : [link];
});

const section = (id, title, ...children) => {
  byId("contents").append(el("li", {}, el("a", { href: `#${id}` }, title)));
  const made = el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), children);
  byId("content").append(made);
  return made;
};

// The contents list is open where it stands beside the page, and marks the section that is being read.
const watchContents = () => {
  const fold = byId("contents-fold");
  const wide = matchMedia("(min-width: 64rem)");
  const fit = () => { fold.open = wide.matches; };
  wide.addEventListener("change", fit);
  fit();
  const links = [...byId("contents").querySelectorAll("a")];
  for (const link of links) link.addEventListener("click", () => { if (!wide.matches) fold.open = false; });
  const mark = (id) => links.forEach((link) => {
    if (link.hash === `#${id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
  const seen = new IntersectionObserver((entries) => {
    const at = entries.filter((entry) => entry.isIntersecting);
    if (at.length) mark(at.at(-1).target.id);
  }, { rootMargin: "-15% 0px -75% 0px" });
  document.querySelectorAll("main > section").forEach((one) => seen.observe(one));
};

const unpack = async () => {
  const bytes = Uint8Array.from(atob(byId("data").textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};
