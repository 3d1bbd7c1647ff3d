// Graphs, laid out and drawn by the libraries; in the page's colours, light or dark.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const graphStyle = () => [
  { selector: "node", style: {
    label: "data(label)", shape: "round-rectangle", width: "data(width)", height: "data(height)", "text-wrap": "wrap",
    "text-valign": "center", "font-size": 12, "background-color": colour("--node"), color: colour("--ink"),
    "border-width": 1, "border-color": colour("--soft") } },
  { selector: "edge", style: {
    label: "data(label)", "curve-style": "bezier", "target-arrow-shape": "triangle", width: 1.5, "font-size": 10,
    "line-color": colour("--line"), "target-arrow-color": colour("--soft"), color: colour("--soft"),
    "text-background-color": colour("--ground"), "text-background-opacity": 0.8, "text-background-padding": 2,
    "control-point-step-size": 40 } },
  { selector: "edge.path", style: { "line-color": colour("--link"), "target-arrow-color": colour("--link"), width: 4,
    "z-index": 9 } },
  { selector: "node.path", style: { "border-color": colour("--link"), "border-width": 4 } },
  { selector: ".goal", style: { "background-color": colour("--mark") } },
];

const drawings = [];

const draw = (container, nodes, edges, { across = false, onchoose = null } = {}) => {
  const measured = nodes.map((node) => {
    const lines = node.label.split("\n");
    return { ...node, width: 16 + 7 * Math.max(...lines.map((line) => line.length)), height: 12 + 15 * lines.length };
  });
  const drawing = cytoscape({
    container,
    elements: { nodes: measured.map((data) => ({ data })), edges: edges.map((data) => ({ data })) },
    style: graphStyle(),
    layout: { name: "dagre", rankDir: across ? "LR" : "TB", nodeSep: 30, rankSep: across ? 160 : 60 },
    minZoom: 0.05,
    maxZoom: 4,
    autoungrabify: false,
  });
  if (onchoose) drawing.on("tap", "node", (event) => onchoose(event.target.id()));
  drawings.push(drawing);
  return drawing;
};

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const drawing of drawings) if (!drawing.destroyed()) drawing.style(graphStyle());
});
