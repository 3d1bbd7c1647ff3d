// Making elements, and wording that every part of the page shares.

const el = (tag, attributes, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
};

const byId = (id) => document.getElementById(id);

// A value as Python prints it, as in the specification.
const show = (value) => (value === true ? "True" : value === false ? "False" : value === null ? "None" : String(value));

// A reason is a text, or an object that has one.
const inWords = (reason) => (typeof reason === "string" ? reason
  : `${reason.where ? `${reason.where}: ` : ""}${reason.text}`);

const showNamed = (names, values) => names.map((name, i) => `${name} = ${show(values[i])}`).join(", ");

const table = (caption, headers, rows, attributes) =>
  el("div", { class: "scroll" },
    el("table", attributes,
      caption ? el("caption", {}, caption) : null,
      el("thead", {}, el("tr", {}, headers.map((header) => el("th", { scope: "col" }, header)))),
      el("tbody", {}, rows)));

const select = (id, label, options, onchange) =>
  el("label", {}, label,
    el("select", { id, onchange }, options.map(([value, text]) => el("option", { value }, text))));

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

const unpack = async () => {
  const bytes = Uint8Array.from(atob(byId("data").textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};
