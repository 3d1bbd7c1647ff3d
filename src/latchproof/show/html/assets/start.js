// Unpacks the data, makes the sections that it has data for, and follows links into runs and evidence.

// What the numbers of a verdict count.
const UNITS = { schedules: "schedules run", covered: "schedules covered, at least", pruned: "runs pruned",
  steps: "steps of the event loop", seconds: "seconds taken" };

const verdictSection = ({ verdict, checked_as, judged_by, orders }) => section("verdict", "The verdict",
  el("p", {}, el("b", { class: { conforms: "holds", counterexample: "fails", inconclusive: "inconclusive" }[verdict.status] },
    verdict.status), ` for ${verdict.target}, ${checked_as}, judged by ${judged_by}`
    + `${verdict.strict ? ", in the strict form" : ""}. Nothing is concluded beyond these bounds:`),
  el("ul", {}, verdict.bounds.map((bound) => el("li", {}, bound))),
  Object.entries(verdict.renamed).map(([own, name]) => el("p", {}, `${own} is shown as ${name}.`)),
  el("dl", {}, Object.entries(verdict).filter(([, value]) => typeof value !== "object").map(([name, value]) =>
    [el("dt", {}, UNITS[name] ?? name.replaceAll("_", " ")), el("dd", {}, name === "seconds" ? value.toFixed(1) : show(value))])),
  verdict.reasons.map((reason) => el("p", {}, el("b", { class: "inconclusive" },
    `${verdict.status === "counterexample" ? "Incomplete" : "Inconclusive"} because: `), inWords(reason))),
  verdict.not_tried.length ? el("p", {}, `Not tried: ${verdict.not_tried.join("; ")}`) : "",
  verdict.ignored.length ? el("p", {}, `Ignored, as asked: ${verdict.ignored.join(", ")}`) : "",
  verdict.not_driven.length ? el("p", {}, `Not driven: ${verdict.not_driven.join(", ")}`) : "",
  verdict.lines ? el("p", {}, `Lines: ${verdict.lines.summary}`) : "",
  orders.map((order) => el("p", {}, order)),
  verdict.notes.map((note) => el("p", {}, `Note: ${note}`)),
  table("Policy by policy", ["policy", "verdict", "rules fired"], verdict.policies.map((one) =>
    el("tr", {}, el("th", { scope: "row" }, one.name), el("td", {}, one.standing), el("td", {}, ruleLinks(one.rules_fired))))));

const start = async () => {
  const data = await unpack();
  byId("loading").remove();
  if (data.verdict) verdictSection(data);
  if (data.ledger) ledgerSection(data);
  for (const machine of data.machines) machineSection(data, machine);
  for (const model of data.models ?? []) modelSection(model);
  let load = () => false;
  if (data.kind === "report") {
    load = stepperSection(data);
    graphSection(data);
  }
  viewerSection(data);
  byId("made").append(el("p", {}, `Made by latchproof ${data.release}: `, el("code", {}, data.command),
    ". The drawings are made by Cytoscape.js and dagre (MIT licence), which this file contains."));

  const follow = () => {
    if (location.hash.startsWith("#run=")) {
      const [machine, policy, argument, tasks, run] = location.hash.slice(5).split("/").map(decodeURIComponent);
      const steps = (run ?? "").split(";").filter(Boolean).map((step) => {
        const dot = step.indexOf(".");
        return { task: Number(step.slice(0, dot)) - 1, label: step.slice(dot + 1) };
      });
      const known = load({ machine, policy, argument: Number(argument), tasks: Number(tasks), steps });
      if (!known) byId("stepper-said").textContent = "This page has no machine, policy or size as the link names it.";
      byId("stepper").scrollIntoView();
      return;
    }
    const target = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target?.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => document.querySelectorAll("details.evidence").forEach((one) => { one.open = true; }));
  follow();
  document.documentElement.dataset.ready = "true";
};

start().catch((error) => {
  byId("content").prepend(el("p", { role: "alert", class: "fails" }, `This page could not be drawn: ${error.message}`));
  throw error;
});
