// Every state within a small bound, with a shortest run to a chosen one.

const graphSection = (data) => {
  const canvas = el("div", { class: "canvas", id: "graph-canvas", role: "region", tabindex: 0,
    "aria-label": "All states and the rules between them; choose a state in the list to read a shortest run to it" });
  const goal = el("select", { id: "graph-goal", onchange: () => showPath(Number(goal.value), true) });
  const path = el("div", { id: "graph-path", role: "status" });
  const choice = new Choice(data, "graph", () => redraw(), 2);
  const button = (id, text, label, onclick) => el("button", { type: "button", id, "aria-label": label, onclick }, text);
  const percent = el("output", { id: "graph-zoom" });
  let drawing = null;

  const zoom = (level, about) => {
    drawing.zoom(level, about);
    percent.textContent = `${Math.round(drawing.level * 100)} %`;
  };
  // a plain wheel scrolls the page; with Ctrl, as in a map, it zooms
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const frame = canvas.getBoundingClientRect();
    zoom(drawing.level * Math.exp(-event.deltaY / 400), { x: event.clientX - frame.left, y: event.clientY - frame.top });
  }, { passive: false });

  const redraw = () => {
    const { graph } = choice;
    const arrows = new Map();
    const distance = distances(graph);
    graph.moves.forEach((moves, source) => {
      for (const [, action, rule, target] of moves) {
        if (source === target) continue; // what changes nothing is left out of the drawing
        const key = `${source}-${target}`;
        if (!arrows.has(key)) arrows.set(key, { id: key, source: String(source), target: String(target),
            back: distance[target] <= distance[source], labels: new Set() });
        arrows.get(key).labels.add(rule ?? graph.actions[action].label);
      }
    });
    drawing = draw(canvas, graph.states.map((one, id) => ({ id: String(id), lines: [one.words, ...tasksInWords(one.tasks)] })),
      [...arrows.values()].map((arrow) => ({ ...arrow, label: [...arrow.labels].join(", ") })),
      { onchoose: (id) => { goal.value = id; showPath(Number(id)); } });
    goal.replaceChildren(...graph.states.map((one, id) =>
      el("option", { value: id }, `${id}: ${wordsOf(one)}`)));
    byId("graph-size").textContent = `${graph.states.length} states up to renaming of tasks, `
      + `${graph.moves.reduce((sum, moves) => sum + moves.length, 0)} transitions`;
    zoom(1);
    showPath(0, true);
  };

  const showPath = (which, reveal = false) => {
    const walk = new Walk(choice.graph);
    const nodes = [0];
    for (const move of shortest(choice.graph, which)) {
      walk.take(walk.slots.indexOf(move[0]), choice.graph.actions[move[1]].label);
      nodes.push(walk.node);
    }
    drawing.mark(nodes, nodes.slice(1).map((node, i) => `${nodes[i]}-${node}`), which);
    if (reveal) drawing.reveal(String(which));
    const state = choice.graph.states[which];
    path.replaceChildren(
      el("p", {}, `A shortest run to state ${which} (${wordsOf(state)}) has `,
        el("b", { id: "graph-distance" }, String(walk.steps.length)), walk.steps.length === 1 ? " step. " : " steps. ",
        el("a", { href: choice.link(walk.steps), id: "graph-link" }, "Step through it")),
      el("ol", {}, walk.steps.map((step) => el("li", {}, `task ${step.task + 1}: ${cell(step, step.task)} `,
        step.rule ? ruleLink(step.rule) : ""))));
  };

  section("graph", "Every state, within a small bound",
    el("p", {}, "A box is a state: the machine's own, in bold, then what tasks do that do not wait. An arrow is a step, with "
      + "the rule that makes it; the pale arrows lead back, and have labels at the chosen state. Click a state, or choose it "
      + "in the list, for a shortest run to it. Ctrl and the wheel zoom."),
    choice.element,
    el("div", { class: "controls" }, el("label", {}, "state", goal),
      button("graph-in", "+", "Zoom in", () => zoom(drawing.level * 1.25)),
      button("graph-out", "−", "Zoom out", () => zoom(drawing.level / 1.25)),
      button("graph-fit", "Fit", "Fit all states into the frame", () => { drawing.fit(); zoom(drawing.level); }), percent),
    el("p", { id: "graph-size", class: "soft" }),
    canvas, path);
  redraw();
};

// What the tasks do that do not wait, each line once; how many wait is part of the machine's state.
const tasksInWords = (tasks) => {
  const idle = tasks.filter(([kind]) => kind === "idle").length;
  const released = tasks.filter(([kind]) => kind === "released").map(([, detail]) => detail);
  const lines = [...new Set(released)].map((detail) => {
    const times = released.filter((one) => one === detail).length;
    return times > 1 ? `${detail} (${times} tasks)` : detail;
  });
  return [...(idle ? [`${idle} idle`] : []), ...(lines.length ? [`${released.length} released:`, ...lines] : [])];
};

const wordsOf = (state) => [state.words, ...tasksInWords(state.tasks)].join("; ").replaceAll(":;", ":");

// How many steps each state is away from the first.
const distances = (graph) => {
  const found = [0];
  const waiting = [0];
  for (const here of waiting) {
    for (const [, , , after] of graph.moves[here]) {
      if (found[after] !== undefined) continue;
      found[after] = found[here] + 1;
      waiting.push(after);
    }
  }
  return found;
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
