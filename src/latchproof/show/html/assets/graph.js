// Every state within a small bound, zoomable, with a shortest run to a chosen one.

const graphSection = (data) => {
  const canvas = el("div", { class: "canvas", id: "graph-canvas", role: "img",
    "aria-label": "All states and the rules between them; choose a state in the list to read a shortest run to it" });
  const goal = el("select", { id: "graph-goal", onchange: () => showPath(Number(goal.value)) });
  const path = el("div", { id: "graph-path", role: "status" });
  const choice = new Choice(data, "graph", () => redraw());
  const zoom = (factor) => () =>
    drawing.zoom({ level: drawing.zoom() * factor, renderedPosition: { x: canvas.clientWidth / 2, y: canvas.clientHeight / 2 } });
  const button = (id, text, label, onclick) => el("button", { type: "button", id, "aria-label": label, onclick }, text);
  let drawing = null;

  const words = ({ state, tasks }) => [showNamed(choice.machine.state, state), tasks.map(describeLocal).join(" | ")];

  const redraw = () => {
    const { graph } = choice;
    drawing?.destroy();
    const arrows = new Map();
    graph.moves.forEach((moves, source) => {
      for (const [, action, rule, target] of moves) {
        if (source === target) continue; // what changes nothing is left out of the drawing
        const key = `${source}-${target}`;
        if (!arrows.has(key)) arrows.set(key, { id: key, source, target, labels: new Set() });
        arrows.get(key).labels.add(rule ?? graph.actions[action].label);
      }
    });
    const short = ({ state, tasks }) => `${state.map(show).join(", ")}\n${tasks.map(([kind, detail]) =>
      kind === "idle" ? "–" : kind === "parked" ? `p${detail}` : `→${detail.replace(/^\w+ ?/, "")}`).join(" ")}`;
    drawing = draw(canvas, graph.states.map((one, number) => ({ id: String(number), label: short(one) })),
      [...arrows.values()].map((arrow) => ({ ...arrow, source: String(arrow.source), target: String(arrow.target),
        label: [...arrow.labels].join(" ") })),
      { onchoose: (id) => { goal.value = id; showPath(Number(id)); } });
    goal.replaceChildren(...graph.states.map((one, number) =>
      el("option", { value: number }, `${number}: ${words(one).join("; ")}`)));
    byId("graph-size").textContent = `${graph.states.length} states up to renaming of tasks, `
      + `${graph.moves.reduce((sum, moves) => sum + moves.length, 0)} transitions`;
    showPath(0);
  };

  const showPath = (number) => {
    const steps = shortest(choice.graph, number);
    const walk = new Walk(choice.graph);
    const nodes = [0];
    for (const move of steps) {
      walk.take(walk.slots.indexOf(move[0]), choice.graph.actions[move[1]].label);
      nodes.push(walk.node);
    }
    drawing.elements().removeClass("path goal");
    nodes.forEach((node, i) => {
      drawing.$id(String(node)).addClass("path");
      if (i) drawing.$id(`${nodes[i - 1]}-${node}`).addClass("path");
    });
    drawing.$id(String(number)).addClass("goal");
    path.replaceChildren(
      el("p", {}, `A shortest run to state ${number} (${words(choice.graph.states[number]).join("; ")}) has `,
        el("b", { id: "graph-distance" }, String(steps.length)), ` steps. `,
        el("a", { href: choice.link(walk.steps), id: "graph-link" }, "Step through it")),
      el("ol", {}, walk.steps.map((step) => el("li", {}, `task ${step.task + 1}: ${cell(step, step.task)} `,
        step.rule ? ruleLink(step.rule) : ""))));
  };

  section("graph", "Every state, within a small bound",
    el("p", {}, "A box is a state: the machine's numbers, then each task (– idle, p0 parked first in line, → released "
      + "and with what). Arrows are labelled with rules. Drag to move, scroll to zoom; click a state, or choose it in the "
      + "list, for a shortest run to it."),
    choice.element,
    el("div", { class: "controls" }, el("label", {}, "state", goal),
      button("graph-in", "+", "Zoom in", zoom(1.4)), button("graph-out", "−", "Zoom out", zoom(1 / 1.4)),
      button("graph-fit", "Fit", "Show all", () => drawing.fit(undefined, 20)), el("output", { id: "graph-size" })),
    canvas, path);
  redraw();
};

// The moves of a shortest run from the first state, breadth first.
const shortest = (graph, goal) => {
  const came = new Map([[0, null]]);
  const waiting = [0];
  for (const here of waiting) {
    if (here === goal) break;
    for (const move of graph.moves[here]) {
      if (!came.has(move[3])) {
        came.set(move[3], [here, move]);
        waiting.push(move[3]);
      }
    }
  }
  const moves = [];
  for (let at = came.get(goal); at; at = came.get(at[0])) moves.unshift(at[1]);
  return moves;
};
