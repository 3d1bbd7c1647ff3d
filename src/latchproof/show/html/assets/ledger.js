// The ledger: claims down, kinds of evidence across, each cell a link to what it rests on.

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
  const verdict = { 0: "Every cell that was run holds.", 1: "A claim fails.", 3: "Something is inconclusive." };
  section("ledger", "The claims and their evidence",
    el("p", {}, `${verdict[ledger.exit_code]} `
      + Object.entries(tally).map(([status, count]) => `${count} cells: ${status.replace("_", " ")}`).join(", ")
      + `; gathered in ${ledger.seconds.toFixed(0)} s. Each cell opens to its bound, what was counted, and the command `
      + "that gathers it again. What was not run says why: it is no evidence."),
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
    el("p", {}, `The numbers: ${kinds.map((one) => `${one.kind} ${one.unit}`).join(", ")}. What is not run is a `
      + "constructor's rule, one that no whole number fires, or one of other policies than our own. A planted "
      + "fault that nothing finds is proved to change nothing under the policies that it was judged under, or the ledger fails."),
    table(null, ["rule", ...kinds.map((one) => one.kind), "faults in it that are found"], ledger.rules.map((rule) =>
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
    !["kind", "status"].includes(name) && value !== "" && value !== null && !(Array.isArray(value) && !value.length));
  return el("details", { id: `evidence-${claim.id}-${cell.kind}`, class: "evidence" },
    el("summary", {}, `${claim.id} ${cell.kind}: `, el("span", { class: cell.status }, words(cell)),
      cell.unit && cell.status !== "not_run" ? ` ${cell.unit}` : ""),
    el("dl", {}, fields.map(([name, value]) => [
      el("dt", {}, name === "reasons" ? "inconclusive because" : name),
      el("dd", {}, name === "reproduce" ? el("code", {}, value) : name === "seconds" ? value.toFixed(1)
        : name === "reasons" ? value.map((one) => one.text).join("; ") : typeof value === "object" ? el("pre", {}, JSON.stringify(value, null, 1)) : show(value))])),
    cell.kind === "proved" ? obligations(data, claim) : null);
};

const obligations = (data, claim) => {
  const about = data.obligations.filter((one) => one.claims.includes(claim.id));
  const made = el("details", { class: "obligations" }, el("summary", {}, `${about.length} obligations, as SMT-LIB`));
  // thousands of lines, made when they are asked for
  made.addEventListener("toggle", () => {
    if (made.childElementCount > 1) return;
    made.append(el("p", { class: "soft" }, "Proved means that the solver found no model of the negation, which is what "
      + "is written here; any SMT-LIB solver can be asked the same."));
    made.append(...about.map((one) => el("details", {},
      el("summary", {}, el("span", { class: one.status === "proved" ? "holds" : "fails" }, one.status),
        ` ${one.where}: ${one.name}`),
      one.verdicts.length ? el("p", {}, one.verdicts.map(([solver, said]) => `${solver}: ${said}`).join(", ")) : null,
      one.counterexample ? el("p", { class: "fails" }, one.counterexample) : null,
      el("pre", {}, data.smtlib[one.smtlib]))));
  });
  return made;
};
