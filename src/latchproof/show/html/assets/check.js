// The page of a check: what was found, then (after the counterexamples) what was checked, and the verdict as data.

const checkIntroduction = ({ verdict, checked_as, meaning, ...data }) => {
  byId("top").append(el("p", { class: "soft" }, `Checked as ${checked_as} on ${verdict.host} by latchproof ${data.release}, `
    + `${data.python}, ${data.written}.`));
  const status = { conforms: "holds", counterexample: "fails", inconclusive: "inconclusive" }[verdict.status];
  byId("content").append(el("div", { class: `card said ${status}`, id: "meaning" },
    el("p", { class: "verdict" }, breakable(meaning)),
    verdict.reasons.map((reason) => el("p", {}, el("b", {},
      `${verdict.status === "counterexample" ? "Incomplete" : "Inconclusive"} because: `), inWords(reason))),
    el("p", { class: "soft" }, `${counted(verdict.schedules, "schedule")} run, in ${verdict.seconds.toFixed(1)} s. Nothing is `
      + "concluded beyond the ", el("a", { href: "#verdict" }, "bounds"), ".")));
};

const checkedSection = ({ verdict, judged_by, orders }) => section("verdict", "What was checked",
  facts([
    ["Target", el("code", {}, breakable(verdict.target))],
    ["Judged by", `${judged_by}${verdict.strict ? ", in the strict form" : ""}${verdict.claim ? `; only ${verdict.claim}` : ""}`],
    ["Bounds", list(verdict.bounds)],
    ["Run", `${counted(verdict.schedules, "schedule")}, ${counted(verdict.steps, "step")} of the event loop, `
      + `${verdict.seconds.toFixed(1)} s`],
    ["Covered", verdict.scheduler === "exhaustive" ? `at least ${counted(verdict.covered, "schedule")}; `
      + `${counted(verdict.pruned, "run")} stopped early at a state or order already explored`
      : `sampled at random (${verdict.scheduler}); other schedules were not tried`],
    ["Not tried", verdict.not_tried.join("; ")],
    ["Not driven", verdict.not_driven.join(", ")],
    ["Absent", verdict.absent.join(", ")],
    ["Ignored, as asked", verdict.ignored.join(", ")],
    ["Names", Object.entries(verdict.renamed).map(([own, name]) => `${own} is shown as ${name}`).join(", ")],
    ["Lines", verdict.lines ? verdict.lines.summary : ""],
    ["Order", orders.join("; ")],
    ["Notes", list(verdict.notes)],
  ]),
  table("Policy by policy", ["policy", "verdict", "rules fired"], verdict.policies.map((one) =>
    el("tr", {}, el("th", { scope: "row" }, one.name), el("td", {}, one.standing), el("td", {}, ruleLinks(one.rules_fired))))));

const dataSection = ({ verdict }) => section("data-of-it", "The verdict as data",
  el("details", { class: "fold" }, el("summary", {}, "JSON, as --json writes it, without the runs"),
    el("pre", {}, JSON.stringify(verdict, null, 2))));
