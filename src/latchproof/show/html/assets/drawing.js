// Graphs: laid out by dagre, drawn as SVG at a size at which they can be read, in a frame that scrolls.

const FONT = 13; // pixels, at a zoom of 1

const widthOf = (() => {
  const pen = document.createElement("canvas").getContext("2d");
  return (text, weight = "") => {
    pen.font = `${weight} ${FONT}px system-ui, sans-serif`;
    return pen.measureText(text).width;
  };
})();

// Lay out nodes {id, lines} and edges {id, source, target, label} from the top, or across.
const layOut = (nodes, edges, across) => {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: across ? "LR" : "TB", nodesep: 28, edgesep: 14, ranksep: across ? 40 : 34, marginx: 12, marginy: 12 });
  for (const { id, lines } of nodes) {
    graph.setNode(id, { width: 22 + Math.max(...lines.map((line, i) => widthOf(line, i ? "" : "600"))), height: 14 + 17 * lines.length });
  }
  for (const { id, source, target, label } of edges) {
    graph.setEdge(source, target, { width: widthOf(label) + 8, height: 16, labelpos: "c" }, id);
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

let markers = 0;

// Draw into the frame; `onchoose` is told the id of a node that is clicked.
const draw = (frame, nodes, edges, { across = false, onchoose = null } = {}) => {
  const graph = layOut(nodes, edges, across);
  const { width, height } = graph.graph();
  const tip = `tip-${markers += 1}`;
  const parts = new Map();
  const part = (id, kind, made) => { parts.set(`${kind} ${id}`, made); return made; };
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    svg("defs", {}, svg("marker", { id: tip, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7,
      markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { d: "M0 0 8 4 0 8z" }))),
    edges.map(({ id, source, target, label }) => {
      const { points, x, y } = graph.edge(source, target, id);
      return part(id, "edge", svg("g", { class: "edge" }, svg("path", { d: curve(points), "marker-end": `url(#${tip})` }),
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
  const zoom = (wanted, about = { x: frame.clientWidth / 2, y: frame.clientHeight / 2 }) => {
    const before = level;
    level = Math.min(3, Math.max(0.1, wanted));
    picture.setAttribute("width", width * level);
    picture.setAttribute("height", height * level);
    const factor = level / before;
    frame.scrollTo((frame.scrollLeft + about.x) * factor - about.x, (frame.scrollTop + about.y) * factor - about.y);
  };
  frame.replaceChildren(picture);
  zoom(1);
  return {
    zoom,
    get level() { return level; },
    fit: () => zoom(Math.min(1, (frame.clientWidth - 4) / width, 572 / height)),
    size: nodes.length,
    // Mark these nodes and edges, and the goal.
    mark: (onNodes, onEdges, goal) => {
      for (const one of parts.values()) one.classList.remove("on", "goal");
      onNodes.forEach((id) => parts.get(`node ${id}`).classList.add("on"));
      onEdges.forEach((id) => parts.get(`edge ${id}`)?.classList.add("on"));
      parts.get(`node ${goal}`).classList.add("goal");
    },
    // Scroll the frame, and not the page, so that a node can be seen.
    reveal: (id) => {
      const box = graph.node(id);
      frame.scrollTo(box.x * level - frame.clientWidth / 2, box.y * level - Math.min(frame.clientHeight / 2, 60 + box.height));
    },
  };
};
