// The stepper: choose what each task does, and see what the specification makes of it.

const stepperSection = (data) => {
  const choice = new Choice(data, "stepper", () => restart());
  let walk = new Walk(choice.graph);
  const state = el("output", { id: "stepper-state" });
  const said = el("p", { id: "stepper-said", role: "status" });
  const tasks = el("div", { class: "tasks", id: "stepper-people" });
  const undo = el("button", { type: "button", id: "stepper-undo", onclick: () => replay(walk.steps.slice(0, -1)) }, "Undo");
  const reset = el("button", { type: "button", id: "stepper-reset", onclick: () => restart() }, "Start again");
  const link = el("a", { id: "stepper-link" }, "Link to this run");
  const lanes = el("div", { id: "stepper-lanes" });
  const claims = el("div", { id: "stepper-claims" });

  const restart = () => replay([]);
  const replay = (steps) => {
    walk = new Walk(choice.graph);
    const taken = steps.every(({ task, label }) => task < choice.tasks && walk.take(task, label));
    render();
    if (!taken) said.textContent = `This run cannot continue after step ${walk.steps.length}: its next step is not possible there.`;
  };
  const act = (task, label) => {
    walk.take(task, label);
    render();
    // the buttons are new; keep the focus where it was, or on the same task
    const again = [...tasks.querySelectorAll(`[data-task="${task + 1}"]`)];
    (again.find((button) => button.textContent === label) ?? again[0])?.focus();
  };

  const render = () => {
    const { machine } = choice;
    state.textContent = walk.here.words;
    undo.disabled = walk.steps.length === 0;
    link.href = choice.link(walk.steps);
    tasks.replaceChildren(...walk.slots.map((_, task) =>
      el("fieldset", { id: `stepper-task-${task + 1}` }, el("legend", {}, `task ${task + 1}`),
        el("p", {}, describeLocal(walk.local(task))),
        el("div", {}, walk.enabled(task).map((label) =>
          el("button", { type: "button", "data-task": task + 1, onclick: () => act(task, label) }, label))))));
    if (walk.steps.length === 0) lanes.replaceChildren(el("p", { class: "soft" }, "No step was taken yet."));
    else lanes.replaceChildren(...table("The run so far", ["step", ...walk.slots.map((_, task) => `task ${task + 1}`), "rule", "state"],
      walk.steps.map((step, number) => el("tr", {}, el("th", { scope: "row" }, String(number + 1)),
        walk.slots.map((_, task) => el("td", {}, cell(step, task))),
        el("td", {}, step.rule ? ruleLink(step.rule) : ""), el("td", {}, step.words)))));
    claims.replaceChildren(...claimTable(data, machine, walk));
    const last = walk.steps.at(-1);
    said.textContent = last ? `Task ${last.task + 1}: ${cell(last, last.task)}${sentence(choice.policy, last.rule)}` : "";
  };

  const controls = el("div", { class: "controls" }, undo, reset, link);
  section("stepper", "Step through it",
    el("p", {}, "Click what a task does next. Every step was computed by the specification's own functions, for "
      + `${sizes(data)}, and arguments up to ${data.highest_count}; this page looks it up.`),
    choice.element, el("div", { class: "card" }, el("p", { class: "lead" }, "State: ", state), said), tasks, controls, lanes, claims);
  restart();
  return (run) => {
    if (!choice.set(run)) return false;
    replay(run.steps);
    return true;
  };
};

// The bounds within which steps were computed, as the data has them.
const sizes = (data) => data.machines.map((machine) => {
  const { graphs } = machine.policies[0];
  const most = (name) => Math.max(...graphs.map((graph) => graph[name]));
  return `${machine.parameter} up to ${most("argument")} and up to ${most("tasks")} tasks`;
}).join(", ");

const cell = (step, task) => {
  const ending = step.resumed.find(([which]) => which === task);
  if (task !== step.task) return ending ? `is released: ${ending[1]}` : "";
  if (step.rule === null) return ending[1]; // a released task continues
  if (step.label === "cancel") return "cancel: ends cancelled";
  return `${step.label}: ${ending ? ending[1] : describeLocal(step.after[task])}`;
};

const sentence = (policy, rule) => {
  const row = policy.rules.find((one) => one.rule === rule);
  return row ? `. ${rule}: ${row.sentence}` : "";
};

// The claims that were judged on this run, and the names of the others.
const claimTable = (data, machine, walk) => {
  const bySteps = walk.steps.filter((step) => step.rule !== null);
  const notJudged = [];
  const rows = data.claims.filter((claim) => claim.machines.includes(machine.name)).map((claim) => {
    const properties = machine.properties.filter((one) => one.claims.includes(claim.id));
    const judged = properties.reduce(
      (sum, one) => sum + (one.shape === "invariant" ? walk.steps.length + 1 : bySteps.length), 0);
    if (!judged) {
      notJudged.push(claim.id);
      return null;
    }
    const names = properties.map((one) => one.name);
    const broken = walk.steps.findIndex((step) => step.broken.some((name) => names.includes(name)));
    const tried = bySteps.filter((step) => claim.rules.includes(step.rule)).length;
    return el("tr", {}, el("th", { scope: "row" }, claim.id), el("td", { class: "words" }, claim.sentence),
      el("td", {}, counted(judged, "time")), el("td", {}, counted(tried, "step")),
      el("td", { class: broken >= 0 ? "fails" : "holds" }, broken >= 0 ? `broken by step ${broken + 1}` : "holds so far"));
  });
  return [...table("The claims on this run", ["claim", "in words", "judged", "exercised by", "verdict"], rows.filter(Boolean)),
    notJudged.length ? el("p", { class: "soft small", id: "stepper-not-judged" }, `Not judged on this run so far: ${notJudged.join(", ")}.`) : ""];
};
