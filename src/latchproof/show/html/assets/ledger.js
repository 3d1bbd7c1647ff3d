// The report's introduction, and the ledger: a row for each claim, a column for each kind of evidence.

// The singular of a plural: one policy, one obligation.
const one = (units) => (units.endsWith("ies") ? `${units.slice(0, -3)}y` : units.replace(/s$/, ""));

// What a cell says. A claim that cannot be seen from outside is not testable by running classes.
const statusOf = (cell, claim) => (cell.status !== "not_run" ? cell.status
  : claim?.unobservable && cell.detail === claim.unobservable ? "not testable" : "not run");
const countOf = (cell, claim) => {
  if (cell.status !== "not_run") return `${number(cell.count)} ${cell.count === 1 ? cell.unit.replace(/^\w+/, one) : cell.unit}`;
  return statusOf(cell, claim) === "not testable" ? "from outside" : "";
};

// The first clauses of a bound: enough to know what was tried.
const brief = (bound) => bound.split("; ").reduce((said, clause) =>
  (said.length >= 40 ? said : said ? `${said}; ${clause}` : clause), "");

// What one cell does, and what several do.
const SAID = { holds: ["holds", "hold"], fails: ["fails", "fail"], inconclusive: ["is inconclusive", "are inconclusive"],
  "not run": ["was not run", "were not run"], "not testable": ["is not testable from outside", "are not testable from outside"] };

// What does not hold, each with its reason.
const troubles = (ledger) => [
  ...ledger.claims.flatMap((claim) => claim.evidence.filter((cell) => ["fails", "inconclusive"].includes(cell.status))
    .map((cell) => [el("a", { href: `#evidence-${claim.id}-${cell.kind}` }, `${claim.id} ${cell.kind}`), " ",
      el("b", { class: cell.status }, cell.status), `: ${[cell.detail, ...(cell.reasons ?? []).map(inWords)].filter(Boolean).join("; ")}`])),
  ...(ledger.exports ?? []).filter((one) => one.status === "fails").map((one) => `${one.name} fails: ${one.detail}`),
  ...(ledger.no_mutants ? [`No faults were planted: ${ledger.no_mutants}`] : []),
];

const reportIntroduction = (data) => {
  const { ledger } = data;
  const claims = Object.fromEntries(data.claims.map((claim) => [claim.id, claim]));
  const cells = ledger.claims.flatMap((claim) => claim.evidence.map((cell) => [cell, claims[claim.id]]));
  const tally = {};
  for (const [cell, claim] of cells) tally[statusOf(cell, claim)] = (tally[statusOf(cell, claim)] ?? 0) + 1;
  const kinds = [...new Set(cells.map(([cell]) => cell.kind))];
  const bounds = kinds.map((kind) => [kind, brief(cells.find(([cell]) => cell.kind === kind && cell.bound)?.[0].bound ?? "not run")]);
  const status = { 0: "holds", 1: "fails", 3: "inconclusive" }[ledger.exit_code];
  byId("top").append(el("p", { class: "lead" }, "What latchproof claims of its ", el("code", {}, "CountdownLatch"), " and ",
    el("code", {}, "Barrier"), " for async Python, and the evidence for each claim. Every number on this page was computed "
    + "when the evidence was gathered; nothing is claimed beyond the bounds."));
  byId("content").append(
    el("div", { class: `card said ${status}`, id: "meaning" },
      el("p", { class: "verdict" }, { 0: `All ${ledger.claims.length} claims hold, within these bounds.`, 1: "A claim, an export or the gate of the planted faults fails.",
        3: "The ledger is inconclusive." }[ledger.exit_code]),
      el("p", {}, `${cells.length} cells: `, Object.entries(tally).map(([said, count]) => `${count} ${SAID[said]?.[count === 1 ? 0 : 1] ?? said}`).join(", "), "."),
      list(troubles(ledger))),
    el("div", { id: "ledger-facts" }, facts([
      ["Version", `latchproof ${data.release}, ${data.python}`],
      ["Gathered", `${ledger.gathered || "before this page was written"}, in ${ledger.seconds.toFixed(0)} s`],
      ["Extent", ledger.quick === undefined ? "" : ledger.quick ? "quick: to smaller bounds than the full ledger (latchproof verify)" : "full"],
      ["Bounds", el("dl", { class: "facts small", id: "bounds" }, bounds.map(([kind, bound]) => [el("dt", {}, kind), el("dd", {}, bound)]))],
    ])));
};

const ledgerSection = (data) => {
  const { ledger } = data;
  const kinds = ledger.claims[0].evidence.map((cell) => cell.kind);
  const rows = ledger.claims.map((claim) => {
    const about = data.claims.find((one) => one.id === claim.id);
    return el("tr", { id: `claim-${claim.id}` }, el("th", { scope: "row" }, claim.id), el("td", { class: "words" }, claim.sentence),
      claim.evidence.map((cell) => el("td", {}, el("a", { href: `#evidence-${claim.id}-${cell.kind}` },
        el("span", { class: `status ${cell.status}` }, statusOf(cell, about)), " ",
        el("span", { class: "count" }, countOf(cell, about))))));
  });
  section("ledger", "The claims and their evidence",
    el("p", { id: "ledger-keys" }, "Each cell leads to its full bound, and to the command that gathers it again. With the "
      + "keyboard, the arrow keys move between cells."),
    table(null, ["claim", "in words", ...kinds], rows, { role: "grid", "aria-describedby": "ledger-keys", "aria-label": "The ledger" }));
};

const evidenceSection = (data) => section("evidence", "The evidence, claim by claim",
  el("div", { class: "cards" }, data.ledger.claims.map((claim) => {
    const about = data.claims.find((one) => one.id === claim.id);
    return el("article", { class: "card", "aria-labelledby": `about-${claim.id}` },
      el("h3", { id: `about-${claim.id}` }, el("b", {}, claim.id), claim.sentence),
      statements(claim),
      claim.evidence.map((cell) => evidence(data, claim, cell, about)));
  })));

// How the claim is stated in Coq, of each machine that it is about.
const statements = (claim) => {
  if (!claim.statements?.length) return null;
  return el("details", { class: "statements" }, el("summary", {}, "as it is stated in Coq"),
    claim.statements.map(({ machine, remark, text }) => [
      el("p", {}, `Of the ${machine}. ${remark}`), el("pre", {}, text)]));
};

// What the fields of a cell are called on the page; one that is not known here is shown by its own name.
const FIELDS = { bound: "bound", detail: "note", seconds: "time taken", reproduce: "gather it again",
  killed_mutants: "planted faults that break it so" };

const evidence = (data, claim, cell, about) => {
  const fields = Object.entries(cell).filter(([name, value]) =>
    !["kind", "status", "reasons", "count", "unit"].includes(name) && value !== "" && value !== null
    && !(cell.status === "not_run" && value === 0));
  return el("details", { id: `evidence-${claim.id}-${cell.kind}`, class: "evidence" },
    el("summary", {}, `${cell.kind}: `, el("b", { class: cell.status }, statusOf(cell, about)), ` ${countOf(cell, about)}`),
    (cell.reasons ?? []).map((reason) => el("p", {}, el("b", { class: "inconclusive" }, "Inconclusive because: "),
      inWords(reason))),
    facts(fields.map(([name, value]) => [FIELDS[name] ?? name.replaceAll("_", " "),
      name === "reproduce" ? el("code", {}, value) : name === "seconds" ? `${value.toFixed(1)} s`
        : typeof value === "object" ? el("pre", {}, JSON.stringify(value, null, 1)) : show(value)])),
    obligations(data, claim, cell));
};

const obligations = (data, claim, cell) => {
  if (cell.unit !== "obligations") return null;
  const about = data.obligations.filter((one) => one.claims.includes(claim.id));
  const made = el("details", { class: "obligations" }, el("summary", {}, `${about.length} obligations, as SMT-LIB`));
  // thousands of lines, made only when the element is opened
  made.addEventListener("toggle", () => {
    if (made.childElementCount > 1) return;
    made.append(el("p", { class: "soft" }, "Proved means that the solvers found no model of the negation, which is the "
      + "text below; any SMT-LIB solver can check it."));
    made.append(...about.map((one) => el("details", {},
      el("summary", {}, el("span", { class: one.status === "proved" ? "holds" : "fails" }, one.status),
        ` ${one.where}: ${one.name}`),
      one.verdicts.length ? el("p", {}, one.verdicts.map(([solver, said]) => `${solver}: ${said}`).join(", ")) : "",
      one.counterexample ? el("p", { class: "fails" }, one.counterexample) : "",
      el("pre", {}, data.smtlib[one.smtlib]))));
  });
  return made;
};

const ruleEvidenceSection = ({ ledger }) => {
  if (!ledger.rules?.length) return;
  section("rule-evidence", "The rules and their evidence",
    el("p", {}, "Not run are rules of constructors, rules that no whole number fires, and those of policies other than our "
      + "own. The ledger fails unless each planted fault is found, or proved to change nothing under the policies that it "
      + "was judged under."),
    table(null, ["rule", ...ledger.rules[0].evidence.map((one) => one.kind), "planted faults"], ledger.rules.map((rule) =>
      el("tr", {}, el("th", { scope: "row" }, ruleLink(rule.id)),
        rule.evidence.map((cell) => el("td", { title: cell.where?.length ? String(cell.where) : null },
          el("b", { class: cell.status }, statusOf(cell)), ` ${countOf(cell)}`)),
        el("td", {}, faultsInWords(ledger, rule))))));
};

// What became of the faults that were planted in a rule; a quick ledger plants a sample.
const faultsInWords = (ledger, { id, machine }) => {
  const mutants = ledger.mutants?.mutants ?? [];
  const about = mutants.filter((one) => one.id.startsWith(machine) && new RegExp(`\\b${id}\\b`).test(one.id));
  return faultCounts(about).join(", ") || notPlanted(ledger);
};

const notPlanted = (ledger) => (ledger?.mutants ? "not sampled" : "none planted");

const faultCounts = (faults) => {
  const became = { killed: ["breaks a claim", "break a claim"], equivalent: ["proved to change nothing", "proved to change nothing"],
    "breaks down": ["raises an error", "raise an error"] };
  const statuses = [...new Set([...Object.keys(became), ...faults.map((one) => one.status)])]
    .filter((status) => faults.some((one) => one.status === status));
  return statuses.map((status) => {
    const count = faults.filter((one) => one.status === status).length;
    return `${count} ${became[status]?.[count === 1 ? 0 : 1] ?? status}`;
  });
};

const exportsSection = (ledger) => {
  if (!ledger.exports?.length && !ledger.no_mutants) return;
  section("exports", "Are the committed documents up to date?",
    (ledger.exports ?? []).map((one) => el("p", {}, el("b", {}, one.name), " ",
      el("span", { class: one.status }, one.status.replace("_", " ")), `: ${one.bound}${one.detail ? `; ${one.detail}` : ""}. Again: `,
      el("code", {}, one.reproduce))),
    ledger.no_mutants ? el("p", { class: "fails" }, `Mutants: ${ledger.no_mutants}`) : "");
};
