// A trace: what the implementation did, row by row, beside what the specification allows there.

const viewerSection = (data) => {
  const isCheck = data.kind === "check";
  if (isCheck && data.traces.length === 0) return;
  const made = section("traces", isCheck ? (data.traces.length > 1 ? "The counterexamples" : "The counterexample")
    : "Counterexamples");
  if (data.traces.length === 0) {
    made.append(el("p", {}, "There is no counterexample to show."));
    return;
  }
  const body = el("div", {});
  const titles = data.traces.map((trace, i) => [i, trace.exhibit ? `the museum: ${trace.exhibit}`
    : isCheck ? `${trace.claim}: ${trace.seen}` : `${trace.made} on ${trace.host}, ${trace.judged_by}: `
      + `${data.claims.some((one) => one.id === trace.claim) ? "breaks" : "shows"} ${trace.claim}`]);
  if (data.traces.some((trace) => trace.exhibit)) {
    made.append(el("p", {}, "The museum is the part of the documentation that lists faults in released software, each with "
      + "its command, its reproduction and what can be said in its defence. Here are their shortest runs."));
  }
  if (data.traces.length > 1) {
    made.append(el("div", { class: "controls" },
      select("trace", "counterexample", titles, (event) => showTrace(data, body, Number(event.target.value)))));
  }
  made.append(body);
  showTrace(data, body, 0);
};

const allowedHere = (step) => step.instead.map((one) => one.replace(/^to /, "")).join(", or ") || "no such event";

const showTrace = (data, body, which) => {
  const trace = data.traces[which];
  const calls = trace.steps.filter((step) => step.kind === "begin").map((step) => step.call);
  const stepOf = (row) => trace.steps[row.last - 1];
  const reads = trace.rows.some((row) => row.reads);
  const first = trace.rows.findIndex((row) => !stepOf(row).allowed);
  const did = el("div", { id: "trace-did", class: "card" });
  const allows = el("div", { id: "trace-allows", class: "card" });
  const slider = el("input", { type: "range", id: "trace-at", min: 1, max: trace.rows.length, value: trace.rows.length,
    oninput: () => at(Number(slider.value)) });
  const button = (id, text, move) => el("button", { type: "button", id, onclick: () => at(move()) }, text);
  const happens = (row) => [row.words, row.at ? el("span", { class: "at" }, `at ${row.at}`) : "",
    row.waits ? el("span", { class: "at" }, `waits at ${row.waits}`) : ""];
  const rulesOf = (row) => [...new Set(trace.steps.slice(row.first - 1, row.last).flatMap((step) => step.rules))];
  const rows = trace.rows.map((row, i) => {
    const step = stepOf(row);
    return el("tr", { id: `trace-row-${i + 1}`, "data-first": row.first, "data-last": row.last, onclick: () => at(i + 1) },
      el("th", { scope: "row" }, el("button", { type: "button", "aria-label": `Row ${i + 1}` }, String(i + 1))),
      row.call === null || row.call === undefined ? el("td", { colspan: Math.max(calls.length, 1) }, happens(row))
        : calls.map((call) => el("td", { "data-label": `call ${call}` }, row.call === call ? happens(row) : "")),
      reads ? el("td", { "data-label": "read" }, row.reads) : null,
      el("td", { "data-label": "state" }, step.allowed ? step.state || "nothing is possible"
        : [el("b", { class: "fails" }, "not allowed."), ` Allowed: ${allowedHere(step)}`]),
      el("td", { "data-label": "rule" }, ruleLinks(rulesOf(row))));
  });

  const at = (position) => {
    const here = Math.min(Math.max(position, 1), trace.rows.length);
    const row = trace.rows[here - 1];
    const step = stepOf(row);
    const words = row.words || `reads ${row.reads}`;
    slider.value = here;
    slider.setAttribute("aria-valuetext", `row ${here} of ${trace.rows.length}: ${words}`);
    rows.forEach((one, i) => {
      one.className = [i === here - 1 ? "chosen" : "", stepOf(trace.rows[i]).allowed ? "" : "difference"].join(" ").trim();
      if (i === here - 1) one.setAttribute("aria-current", "step");
      else one.removeAttribute("aria-current");
    });
    did.replaceChildren(el("h3", {}, "What the class did"),
      el("p", { id: "trace-event" }, `${row.call ? `call ${row.call}: ` : ""}${words}${row.at ? ` at ${row.at}` : ""}`,
        row.waits ? `, waits at ${row.waits}` : "", row.reads && row.words ? `; reads ${row.reads}` : ""),
      step.kind === "host-fault" ? el("p", {}, "No claim is blamed for a fault of the host's own loop.") : "",
      step.allowed ? "" : el("p", { class: "fails", id: "trace-difference" },
        `The ${here - 1 === first ? "first" : "next"} difference: ${step.seen}`));
    allows.replaceChildren(el("h3", {}, "What the specification allows"),
      step.allowed ? "" : el("p", { class: "fails", id: "trace-instead" }, `Allowed here: ${allowedHere(step)}`),
      el("p", {}, `State${step.allowed ? "" : " before"}: ${step.state || "none is possible"}. `,
        el("output", { id: "trace-states", class: "soft" }, states(step))),
      el("ul", { id: "trace-calls" },
        Object.entries(step.calls).map(([call, fates]) => el("li", {}, `call ${call}: ${fates.join(" or ")}`))),
      step.rules.length ? el("p", { id: "trace-rules" }, "by rule ", ruleLinks(step.rules)) : "");
  };

  const last = trace.steps.at(-1);
  const isOfHost = last.kind === "host-fault";
  body.replaceChildren(
    trace.exhibit ? el("p", { id: "trace-exhibit" }, el("b", {}, trace.exhibit), ` (${trace.release})`) : "",
    el("div", { class: isOfHost ? "card said" : "card said fails" },
      el("p", { class: "verdict" }, isOfHost ? trace.seen : trace.is_of_a_model ? `Finding: ${trace.claim}`
        : [claimLinks([trace.claim]), " is broken"]),
      trace.sentence ? el("p", {}, trace.sentence) : "",
      isOfHost ? el("p", {}, "No claim is blamed for a fault of the host's own loop.")
        : el("dl", { class: "seen" }, el("dt", {}, "Seen"), el("dd", { id: "trace-seen" }, `${trace.seen}, not allowed here.`),
          el("dt", {}, "Allowed"), el("dd", { id: "trace-allowed" }, allowedHere({ instead: trace.allowed }))),
      el("p", { class: "soft small" }, breakable(trace.made),
        ` on ${trace.host}, Python ${trace.python}, ${trace.judged_by}${trace.strict ? ", strict form" : ""}`,
        Object.entries(trace.renamed).map(([own, name]) => `; ${own} is shown as ${name}`),
        trace.seen_once ? ". This run did not happen again under the same schedule." : "")),
    trace.agrees ? "" : el("p", { class: "fails" },
      "This specification judges the trace differently from the one that found it: see the rows."),
    ...table(`The run, in order.${isOfHost ? "" : " Everything above the red row is allowed."}`, ["row", ...calls.map((call) => `call ${call}`),
      ...(reads ? ["read afterwards"] : []), "state by the specification", "rule"], rows, { id: "trace-table", class: "run" }),
    el("div", { class: "controls" },
      button("trace-first", "First", () => 1), button("trace-back", "Back", () => Number(slider.value) - 1),
      button("trace-next", "Next", () => Number(slider.value) + 1),
      button("trace-last", "The difference", () => trace.rows.length), el("label", {}, "row", slider)),
    el("div", { class: "beside", "aria-live": "polite" }, did, allows),
    el("details", { class: "fold" }, el("summary", {}, "Run it again"),
      trace.again ? el("pre", {}, trace.again) : "", el("p", { class: "soft" }, `Schedule: ${trace.schedule.join("; ")}`)));
  at(trace.rows.length);
};

const states = (step) =>
  step.states.map((state) => showNamed(Object.keys(state), Object.values(state))).join(" or ") || "nothing";
