// Unpacks the data, makes the sections that it has data for, and follows links into runs and evidence.

const checkPage = (data) => {
  checkIntroduction(data);
  viewerSection(data);
  checkedSection(data);
  for (const machine of data.machines) machineSection(data, machine);
  for (const model of data.models) modelSection(model);
  dataSection(data);
  return () => false;
};

// What is looked at most stands first, and what has hundreds of links last: few presses of Tab lead to the stepper.
const reportPage = (data) => {
  reportIntroduction(data);
  ledgerSection(data);
  const load = stepperSection(data);
  graphSection(data);
  viewerSection(data);
  for (const machine of data.machines) machineSection(data, machine);
  ruleEvidenceSection(data);
  evidenceSection(data);
  exportsSection(data.ledger);
  return load;
};

const start = async () => {
  const data = await unpack();
  byId("loading").remove();
  const title = byId("top").firstElementChild;
  title.replaceChildren(...breakable(title.textContent));
  const load = data.kind === "report" ? reportPage(data) : checkPage(data);
  watchContents();
  byId("made").append(el("p", {}, `Made by latchproof ${data.release}, ${data.written}: `, el("code", {}, data.command),
    ". Graphs are laid out by dagre (MIT licence), which this file contains."));

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
    if (target?.tagName === "DETAILS") target.firstElementChild.focus({ preventScroll: true });
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
