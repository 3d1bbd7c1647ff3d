// Graphs: laid out by dagre, drawn as SVG at a size at which they can be read, in a frame that scrolls.

const FONT = 13; // pixels, at a zoom of 1

const widthOf = (() => {
  const pen = document.createElement("canvas").getContext("2d");
  return (text, weight = "") => {
    pen.font = `${weight} ${FONT}px system-ui, sans-serif`;
    return pen.measureText(text).width;
  };
})();

// Lay out nodes {id, lines} and edges {id, source, target, label} from the top, or across. Edges that lead `back` have no
// say in it: else most of the picture would be the ways around the boxes.
const layOut = (nodes, edges, across) => {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: across ? "LR" : "TB", nodesep: 28, edgesep: 14, ranksep: across ? 40 : 34, marginx: 12, marginy: 12 });
  for (const { id, lines } of nodes) {
    graph.setNode(id, { width: 22 + Math.max(...lines.map((line, i) => widthOf(line, i ? "" : "600"))), height: 14 + 17 * lines.length });
  }
  for (const { id, source, target, label, back } of edges) {
    if (!back) graph.setEdge(source, target, { width: widthOf(label) + 8, height: 16, labelpos: "c" }, id);
  }
  dagre.layout(graph);
  return graph;
};

// A smooth line through the middles between points.
const curve = (points) => {
  const [first, ...others] = points.map(({ x, y }) => [x.toFixed(1), y.toFixed(1)]);
  const middle = (a, b) => `${((points[a].x + points[b].x) / 2).toFixed(1)},${((points[a].y + points[b].y) / 2).toFixed(1)}`;
  const bends = others.slice(0, -1).map((point, i) => `Q${point} ${middle(i + 1, i + 2)}`);
  return `M${first}${bends.length ? `L${middle(0, 1)}` : ""}${bends.join("")}L${others.at(-1)}`;
};

// Where a line from the middle of a box towards a point leaves the box.
const leaves = (box, towards) => {
  const [dx, dy] = [towards.x - box.x, towards.y - box.y];
  const scale = Math.min(box.width / 2 / (Math.abs(dx) || 1e-9), box.height / 2 / (Math.abs(dy) || 1e-9));
  return { x: box.x + dx * scale, y: box.y + dy * scale };
};

// An arc from one box to another, behind what is between; its label stands where no box hides it, if there is such a place.
const arc = (from, to, label, boxes) => {
  const bend = { x: (from.x + to.x) / 2 + (to.y - from.y) * 0.14, y: (from.y + to.y) / 2 - (to.x - from.x) * 0.14 };
  const points = [leaves(from, bend), bend, leaves(to, bend)];
  const on = (t, axis) => (1 - t) ** 2 * points[0][axis] + 2 * t * (1 - t) * bend[axis] + t ** 2 * points[2][axis];
  const half = widthOf(label) / 2 + 4;
  const isFree = (t) => boxes.every((box) =>
    Math.abs(box.x - on(t, "x")) > box.width / 2 + half || Math.abs(box.y - on(t, "y")) > box.height / 2 + 10);
  const place = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9].find(isFree) ?? 0.5;
  return { points, x: on(place, "x"), y: on(place, "y") };
};

const arcPath = ([a, b, c]) => `M${a.x.toFixed(1)},${a.y.toFixed(1)}Q${b.x.toFixed(1)},${b.y.toFixed(1)} ${c.x.toFixed(1)},${c.y.toFixed(1)}`;

let markers = 0;

// Draw into the frame; `onchoose` is told the id of a node that is clicked.
const draw = (frame, nodes, edges, { across = false, onchoose = null } = {}) => {
  const graph = layOut(nodes, edges, across);
  const { width, height } = graph.graph();
  // what the labels of arcs keep away from: nodes, and the labels that have a place of their own
  const boxes = [...nodes.map(({ id }) => graph.node(id)),
    ...edges.filter(({ back }) => !back).map(({ id, source, target }) => graph.edge(source, target, id))];
  const tip = `tip-${markers += 1}`;
  const parts = new Map();
  const part = (id, kind, made) => { parts.set(`${kind} ${id}`, made); return made; };
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    svg("defs", {}, svg("marker", { id: tip, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7,
      markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { d: "M0 0 8 4 0 8z" }))),
    [...edges].sort((a, b) => Boolean(b.back) - Boolean(a.back)).map(({ id, source, target, label, back }) => {
      const { points, x, y } = back ? arc(graph.node(source), graph.node(target), label, boxes) : graph.edge(source, target, id);
      return part(id, "edge", svg("g", { class: `edge${back ? " back" : ""}`, "data-ends": `${source} ${target}` },
        svg("path", { d: back ? arcPath(points) : curve(points), "marker-end": `url(#${tip})` }),
        svg("text", { x, y: y + 4 }, label)));
    }),
    nodes.map(({ id, lines }) => {
      const box = graph.node(id);
      const top = box.y - (17 * (lines.length - 1)) / 2 + 4.5;
      return part(id, "node", svg("g", { class: `node${onchoose ? " button" : ""}`, "data-id": id, onclick: () => onchoose?.(id) },
        svg("rect", { x: box.x - box.width / 2, y: box.y - box.height / 2, width: box.width, height: box.height, rx: 6 }),
        svg("text", {}, lines.map((line, i) => svg("tspan", { x: box.x, y: top + 17 * i }, line)))));
    }));
  let level = 1;
  // The frame scrolls sideways alone, and is as high as the picture: up and down belong to the page.
  const zoom = (wanted, about = { x: frame.clientWidth / 2, y: 0 }) => {
    const before = level;
    level = Math.min(3, Math.max(0.1, wanted));
    picture.setAttribute("width", width * level);
    picture.setAttribute("height", height * level);
    const factor = level / before;
    frame.scrollLeft = (frame.scrollLeft + about.x) * factor - about.x;
    if (about.y) scrollBy(0, about.y * (factor - 1));
  };
  frame.replaceChildren(picture);
  zoom(1);
  return {
    zoom,
    get level() { return level; },
    fit: () => zoom(Math.min(1, (frame.clientWidth - 4) / width, (0.8 * innerHeight) / height)),
    // Mark these nodes and edges, and the goal.
    mark: (onNodes, onEdges, goal) => {
      for (const one of parts.values()) {
        one.classList.remove("on", "goal", "near");
        if (one.dataset.ends?.split(" ").includes(String(goal))) one.classList.add("near");
      }
      onNodes.forEach((id) => parts.get(`node ${id}`).classList.add("on"));
      onEdges.forEach((id) => parts.get(`edge ${id}`)?.classList.add("on"));
      parts.get(`node ${goal}`).classList.add("goal");
    },
    // Scroll the frame, and not the page, to the node.
    reveal: (id) => { frame.scrollLeft = graph.node(id).x * level - frame.clientWidth / 2; },
  };
};
