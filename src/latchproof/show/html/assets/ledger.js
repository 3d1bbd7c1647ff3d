// The ledger: a row for each claim, a column for each kind of evidence, each cell a link to its details.

const ledgerSection = (data) => {
  const { ledger } = data;
  const kinds = ledger.claims[0].evidence.map((cell) => cell.kind);
  const words = (cell) => (cell.status === "not_run" ? "not run" : `${cell.status} ${cell.count.toLocaleString("en")}`);
  const rows = ledger.claims.map((claim) =>
    el("tr", { id: `claim-${claim.id}` }, el("th", { scope: "row" }, claim.id), el("td", { class: "words" }, claim.sentence),
      claim.evidence.map((cell) =>
        el("td", {}, el("a", { class: cell.status, href: `#evidence-${claim.id}-${cell.kind}` }, words(cell))))));
  const tally = {};
  for (const cell of ledger.claims.flatMap((claim) => claim.evidence)) tally[cell.status] = (tally[cell.status] ?? 0) + 1;
  const verdict = { 0: "Every cell that was run holds.", 1: "A claim fails.", 3: "The ledger is inconclusive." };
  section("ledger", "The claims and their evidence",
    el("p", {}, `${verdict[ledger.exit_code]} `
      + Object.entries(tally).map(([status, count]) => `${count} cells: ${status.replace("_", " ")}`).join(", ")
      + `; gathered in ${ledger.seconds.toFixed(0)} s. Each cell opens to its bound, what was counted, and the command `
      + "that gathers it again. A cell that was not run says why; it is not evidence."),
    table(null, ["claim", "in words", ...kinds], rows));
  section("evidence", "The evidence, cell by cell",
    ledger.claims.map((claim) => [
      el("h3", {}, `${claim.id} `, el("span", { class: "soft" }, claim.sentence)),
      claim.evidence.map((cell) => evidence(data, claim, cell, words)),
    ]));
  if (ledger.rules?.length) ruleEvidence(ledger, words);
  if (ledger.exports?.length || ledger.no_mutants) exportsSection(ledger);
};

const ruleEvidence = (ledger, words) => {
  const kinds = ledger.rules[0].evidence;
  section("rule-evidence", "The rules and their evidence",
    el("p", {}, `The numbers: ${kinds.map((one) => `${one.kind} ${one.unit}`).join(", ")}. Not run are rules of `
      + "constructors, rules that no whole number fires, and those of policies other than our own. The ledger fails "
      + "unless each planted fault is found, or proved to change nothing under the policies that it was judged under."),
    table(null, ["rule", ...kinds.map((one) => one.kind), "planted faults that break a claim"], ledger.rules.map((rule) =>
      el("tr", {}, el("th", { scope: "row" }, ruleLink(rule.id)),
        rule.evidence.map((cell) => el("td", { title: cell.where || null }, el("span", { class: cell.status }, words(cell)))),
        el("td", {}, rule.mutants ? `${rule.killed_mutants} of ${rule.mutants}` : "none judged")))));
};

const exportsSection = (ledger) =>
  section("exports", "Are the committed documents up to date?",
    (ledger.exports ?? []).map((one) => el("p", {}, el("b", {}, one.name), " ",
      el("span", { class: one.status }, one.status.replace("_", " ")), `: ${one.bound}${one.detail ? `; ${one.detail}` : ""}. Again: `,
      el("code", {}, one.reproduce))),
    ledger.no_mutants ? el("p", { class: "fails" }, `Mutants: ${ledger.no_mutants}`) : null);

const evidence = (data, claim, cell, words) => {
  const fields = Object.entries(cell).filter(([name, value]) =>
    !["kind", "status", "reasons"].includes(name) && value !== "" && value !== null);
  return el("details", { id: `evidence-${claim.id}-${cell.kind}`, class: "evidence" },
    el("summary", {}, `${claim.id} ${cell.kind}: `, el("span", { class: cell.status }, words(cell)),
      cell.unit && cell.status !== "not_run" ? ` ${cell.unit}` : ""),
    (cell.reasons ?? []).map((reason) => el("p", {}, el("b", { class: "inconclusive" }, "Inconclusive because: "),
      inWords(reason))),
    el("dl", {}, fields.map(([name, value]) => [
      el("dt", {}, name),
      el("dd", {}, name === "reproduce" ? el("code", {}, value) : name === "seconds" ? value.toFixed(1)
        : typeof value === "object" ? el("pre", {}, JSON.stringify(value, null, 1)) : show(value))])),
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
      one.verdicts.length ? el("p", {}, one.verdicts.map(([solver, said]) => `${solver}: ${said}`).join(", ")) : null,
      one.counterexample ? el("p", { class: "fails" }, one.counterexample) : null,
      el("pre", {}, data.smtlib[one.smtlib]))));
  });
  return made;
};
