// The machines: their rules, and how these lead from one phase to another.

const machineSection = (data, machine) => {
  const claims = data.claims.filter((claim) => claim.machines.includes(machine.name));
  const [own] = machine.policies;
  const anchored = new Set();
  const anchor = (id) => (anchored.has(id) ? null : (anchored.add(id), `rule-${id}`));
  const about = (rule) => claimLinks(claims.filter((claim) => claim.rules.includes(rule)).map((claim) => claim.id));
  const faults = (data.ledger?.mutants?.mutants ?? []).filter((one) => one.id.startsWith(machine.name));
  // what rows have depends on how they were found: guards come from a solver, examples from running the functions
  const columns = [["when", "when"], ["change", "state"], ["example", "for example"], ["parked", "parked"],
    ["caller", "caller"]].filter(([field]) => own.rules.some((one) => one[field] !== undefined));
  const blamed = new Set(data.kind === "check" ? data.traces.flatMap((trace) => trace.rules) : []);
  const row = (policy) => (one) =>
    el("tr", { id: anchor(one.rule) },
      policy === null ? null : el("td", {}, policy.names.join(", ")),
      el("th", { scope: "row" }, one.rule, el("code", { class: "at" }, breakable(one.call)),
        blamed.has(one.rule) ? el("b", { class: "at fails" }, "at the difference") : ""),
      el("td", { class: "words" }, one.sentence),
      columns.map(([field]) => el("td", {}, el("span", { class: field }, one[field].replace("→", "\n→")))),
      el("td", {}, about(one.rule)), faults.length || data.ledger ? el("td", {}, faultsOf(data.ledger, faults, one.rule, machine)) : null);
  const headers = ["rule", "in words", ...columns.map(([, header]) => header), "claims it exercises",
    ...(faults.length || data.ledger ? ["faults planted in it"] : [])];
  const ids = new Set(own.rules.map((one) => one.rule));
  const others = machine.policies.slice(1).flatMap((policy) =>
    policy.rules.filter((one) => !ids.has(one.rule)).map(row(policy)));
  const isCheck = data.kind === "check";
  const made = section(machine.name, isCheck ? `The rules of the policy ${own.names[0]}` : `The rules of the ${machine.name}`,
    el("p", {}, `State: ${machine.state.join(", ")}. ${machine.how} The claims that a rule exercises are those that a `
      + "run by that rule can break."),
    table(`Rules of the ${machine.name} under the policy ${own.names.join(", ")}, `
      + `${isCheck ? "which judged the class" : "which our own classes follow"}`, headers, own.rules.map(row(null))),
    machine.unreached.map((rule) => el("p", { id: anchor(rule.id) }, el("b", {}, rule.id),
      ` ${rule.operation}: ${rule.sentence} It raises ${rule.errors[0]}.`)),
    el("details", { class: "fold", open: !isCheck }, el("summary", {}, "Rules of other policies"),
      table(null, ["policies", ...headers], others)),
    faults.length ? faultTable(data, faults, machine) : "",
    el("h3", {}, "State diagram"),
    el("div", { class: "canvas", id: `${machine.name}-diagram`, role: "region", tabindex: 0,
      "aria-label": `State diagram of the ${machine.name}; the table below has the same content` }),
    table(`Which rules lead from one phase to another, policy ${own.names.join(", ")}`, ["from", "to", "rules"],
      own.arrows.map(([source, goal, rules]) =>
        el("tr", {}, el("td", {}, source), el("td", {}, goal), el("td", {}, ruleLinks(rules))))));
  const staying = (phase) => own.arrows.filter(([source, goal]) => source === phase && goal === phase)
    .flatMap(([, , rules]) => [`stays by ${rules.join(", ")}`]);
  draw(byId(`${machine.name}-diagram`), machine.phases.map((phase) => ({ id: phase, lines: [phase, ...staying(phase)] })),
    own.arrows.filter(([source, goal]) => source !== goal).map(([source, target, rules]) => ({ id: `${source}-${target}`, source, target, label: rules.join(", ") })), { across: true });
  return made;
};

// A mutant of the specification is about the rules that its ID or sentence names.
const isAbout = (fault, rule) => new RegExp(`\\b${rule}\\b`).test(`${fault.id} ${fault.sentence}`);
const broken = (fault) => [...new Set(Object.values(fault.broken).flat())];

const faultsOf = (ledger, faults, rule, machine) => {
  const mine = faults.filter((fault) => isAbout(fault, rule));
  if (mine.length === 0) return notPlanted(ledger);
  return el("a", { href: `#faults-${machine.name}` }, faultCounts(mine).join(", "));
};

const faultTable = (data, faults, machine) =>
  el("details", { id: `faults-${machine.name}` },
    el("summary", {}, `${faults.length} faults planted in this machine, and what they break`),
    el("p", { class: "soft" }, `Planted: ${data.ledger.mutants.chosen}. Equivalent means proved to change nothing.`),
    table(null, ["fault", "in words", "verdict", "breaks", "for example in"], faults.map((fault) =>
      el("tr", {}, el("th", { scope: "row" }, fault.id), el("td", {}, fault.sentence), el("td", {}, fault.status),
        el("td", {}, claimLinks(broken(fault))), el("td", {}, fault.witness)))));
