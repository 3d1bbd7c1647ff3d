// The models: what a class is held against, as it is written.

const modelSection = (model) => section(model.name, `The model ${model.name}`,
  el("p", {}, "An ordinary class is what the target is held against: each call takes effect at one instant, by running its "
    + "method. A call waits where a condition of when() is false."),
  model.policies.length > 1 ? el("p", {}, `Policies: ${model.policies.join(", ")}`) : "",
  model.classes.length === 0 ? el("p", {}, "The source of this model is not available.") : "",
  model.classes.map((one) => [el("h3", {}, one.name, " ", el("span", { class: "soft" }, one.where)),
    el("pre", {}, el("code", {}, one.source))]));
