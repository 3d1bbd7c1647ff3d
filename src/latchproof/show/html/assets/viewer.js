// A trace: what the implementation did, event by event, beside what the specification allows there.

const viewerSection = (data) => {
  const made = section("traces", "Counterexamples, side by side");
  if (data.traces.length === 0) {
    made.append(el("p", {}, "There is no counterexample to show."));
    return;
  }
  const body = el("div", {});
  const titles = data.traces.map((trace, i) => [i, trace.exhibit ? `the museum: ${trace.exhibit}`
    : `${trace.made} on ${trace.host}, ${trace.judged_by}: `
      + `${data.claims.some((one) => one.id === trace.claim) ? "breaks" : "shows"} ${trace.claim}`]);
  if (data.traces.some((trace) => trace.exhibit)) {
    made.append(el("p", {}, "The museum is the part of the documentation that lists faults in released software, each with "
      + "its command, its reproduction and what can be said in its defence. Here are their shortest runs."));
  }
  made.append(el("div", { class: "controls" },
    select("trace", "counterexample", titles, (event) => showTrace(data, body, Number(event.target.value)))), body);
  showTrace(data, body, 0);
};

const showTrace = (data, body, number) => {
  const trace = data.traces[number];
  const first = trace.steps.findIndex((step) => !step.allowed);
  const calls = trace.steps.filter((step) => step.kind === "begin").map((step) => step.call);
  const did = el("div", { id: "trace-did" });
  const allows = el("div", { id: "trace-allows" });
  const slider = el("input", { type: "range", id: "trace-at", min: 1, max: trace.steps.length, value: trace.steps.length,
    oninput: () => at(Number(slider.value)) });
  const button = (id, text, move) => el("button", { type: "button", id, onclick: () => at(move()) }, text);
  const rows = trace.steps.map((step, i) => el("tr", { id: `trace-step-${i + 1}` },
    el("th", { scope: "row" }, el("button", { type: "button", onclick: () => at(i + 1) }, String(i + 1))),
    calls.map((call) => el("td", {}, step.call === call ? step.words : "")),
    el("td", {}, step.call === null || step.call === undefined ? step.words : ""),
    el("td", {}, step.allowed ? "" : el("b", { class: "fails" }, "not allowed: "),
      (step.allowed ? states(step) : step.calls[step.call]?.join(" or ") ?? states(step))),
    el("td", {}, ruleLinks(step.rules))));

  const at = (position) => {
    const here = Math.min(Math.max(position, 1), trace.steps.length);
    const step = trace.steps[here - 1];
    slider.value = here;
    slider.setAttribute("aria-valuetext", `event ${here} of ${trace.steps.length}: ${step.words}`);
    rows.forEach((row, i) => {
      row.className = [i === here - 1 ? "chosen" : "", trace.steps[i].allowed ? "" : "difference"].join(" ").trim();
      if (i === here - 1) row.setAttribute("aria-current", "step");
      else row.removeAttribute("aria-current");
    });
    did.replaceChildren(el("h3", {}, "The implementation"), el("p", { id: "trace-event" },
      `${step.call ? `call ${step.call}: ` : ""}${step.words}`),
      step.kind === "host-fault" ? el("p", {}, "No claim is blamed for a fault of the host's own loop.") : "",
      step.allowed ? "" : el("p", { class: "fails" }, `The ${here - 1 === first ? "first" : "next"} difference: ${step.seen}`));
    allows.replaceChildren(el("h3", {}, "The specification"),
      step.allowed ? "" : el("p", { class: "fails" },
        `allowed: ${step.instead.join(" or ") || "no such event"}`),
      el("p", {}, "state: ", el("output", { id: "trace-states" }, states(step))),
      el("ul", { id: "trace-calls" },
        Object.entries(step.calls).map(([call, fates]) => el("li", {}, `call ${call}: ${fates.join(" or ")}`))),
      step.rules.length ? el("p", { id: "trace-rules" }, "by rule ", ruleLinks(step.rules)) : "");
  };

  body.replaceChildren(
    trace.exhibit ? el("p", { id: "trace-exhibit" }, el("b", {}, trace.exhibit), ` (${trace.release})`) : "",
    el("p", {}, `${trace.made} on ${trace.host}, Python ${trace.python}, ${trace.judged_by}`
      + (trace.strict ? ", strict form" : ""),
      trace.sentence ? [", breaks ", claimLinks([trace.claim]), `: ${trace.sentence}`] : `: ${trace.seen}`),
    trace.agrees ? "" : el("p", { class: "fails" },
      "This specification judges the trace differently from the one that found it: see the rows."),
    el("div", { class: "controls" },
      button("trace-first", "First", () => 1), button("trace-back", "Back", () => Number(slider.value) - 1),
      button("trace-next", "Next", () => Number(slider.value) + 1),
      button("trace-last", "The difference", () => trace.steps.length), el("label", {}, "event", slider)),
    el("div", { class: "beside", "aria-live": "polite" }, did, allows),
    table("All events in order. Every row that is not red is allowed.", ["event", ...calls.map((call) => `call ${call}`),
      "observed", "the specification allows", "rules"], rows, { id: "trace-table" }));
  at(trace.steps.length);
};

const states = (step) =>
  step.states.map((state) => showNamed(Object.keys(state), Object.values(state))).join(" or ") || "nothing";
