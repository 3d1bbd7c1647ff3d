// A run through a tabulated machine. What can happen, and its effect, is looked up; nothing is decided here.

class Walk {
  constructor(graph) {
    this.graph = graph;
    this.node = 0;
    // the slot that each task is in; tasks in the same state may change slots
    this.slots = graph.states[0].tasks.map((_, slot) => slot);
    this.steps = [];
  }

  get here() { return this.graph.states[this.node]; }

  local(task) { return this.here.tasks[this.slots[task]]; }

  // The slot whose moves are listed for tasks in the state of this one.
  representative(task) {
    const same = JSON.stringify(this.local(task));
    return this.here.tasks.findIndex((local) => JSON.stringify(local) === same);
  }

  enabled(task) {
    const slot = this.representative(task);
    return this.graph.moves[this.node].filter((move) => move[0] === slot).map((move) => this.graph.actions[move[1]].label);
  }

  // Take the action; false if it is not enabled.
  take(task, label) {
    const slot = this.representative(task);
    const move = this.graph.moves[this.node].find(
      (one) => one[0] === slot && this.graph.actions[one[1]].label === label);
    if (!move) return false;
    const other = this.slots.indexOf(slot);
    [this.slots[other], this.slots[task]] = [this.slots[task], slot];
    const [, , rule, after, endings, slotsAfter, broken] = move;
    const before = this.slots.map((_, one) => this.local(one));
    const resumed = endings.map(([which, ending]) => [this.slots.indexOf(which), ending]);
    this.slots = this.slots.map((one) => slotsAfter[one]);
    this.node = after;
    this.steps.push({ task, label, rule, resumed, broken: [...broken, ...this.here.broken], before, words: this.here.words,
      after: this.slots.map((_, one) => this.local(one)) });
    return true;
  }
}

const describeLocal = ([kind, detail]) =>
  kind === "parked" ? `waits, number ${detail + 1} in line` : kind === "released" ? `released: ${detail}` : kind;

// Machine, policy and graph by the values of three choices; the same for the stepper and the state graph.
class Choice {
  constructor(data, prefix, onchange, size = 3) {
    this.data = data;
    this.prefix = prefix;
    this.onchange = onchange;
    this.element = el("div", { class: "controls" });
    this.machine = data.machines[data.machines.length - 1];
    this.policy = this.machine.policies[0];
    this.argument = size;
    this.tasks = size;
    this.fill();
  }

  fill() {
    const { machine } = this;
    const values = (name) => [...new Set(this.policy.graphs.map((graph) => graph[name]))].map((n) => [n, String(n)]);
    const add = (name, label, options, change) => {
      this.element.append(select(`${this.prefix}-${name}`, label, options, (event) => {
        change(event.target.value);
        this.fill();
        byId(`${this.prefix}-${name}`).focus();
        this.onchange();
      }));
    };
    this.element.replaceChildren();
    add("machine", "machine", this.data.machines.map((one) => [one.name, one.name]), (value) => this.set({ machine: value }));
    add("policy", "policy", machine.policies.map((one) => [one.names[0], one.names.join(", ")]),
      (value) => this.set({ policy: value }));
    add("argument", machine.parameter, values("argument"), (value) => { this.argument = Number(value); });
    add("tasks", "tasks", values("tasks"), (value) => { this.tasks = Number(value); });
    const chosen = { machine: machine.name, policy: this.policy.names[0], argument: this.argument, tasks: this.tasks };
    for (const [name, value] of Object.entries(chosen)) this.element.querySelector(`#${this.prefix}-${name}`).value = value;
  }

  // False, and nothing is changed, if there is no such machine, policy or graph.
  set({ machine = this.machine.name, policy = null, argument = this.argument, tasks = this.tasks }) {
    const one = this.data.machines.find((other) => other.name === machine);
    const named = one && (policy === null ? one.policies[0] : one.policies.find((other) => other.names.includes(policy)));
    if (!named || !named.graphs.some((graph) => graph.argument === argument && graph.tasks === tasks)) return false;
    Object.assign(this, { machine: one, policy: named, argument, tasks });
    this.fill();
    return true;
  }

  get graph() {
    return this.policy.graphs.find((graph) => graph.argument === this.argument && graph.tasks === this.tasks);
  }

  // The whole run as a link.
  link(steps) {
    const run = steps.map(({ task, label }) => `${task + 1}.${label}`).join(";");
    const parts = [this.machine.name, this.policy.names[0], this.argument, this.tasks, run];
    return `#run=${parts.map(encodeURIComponent).join("/")}`;
  }
}
