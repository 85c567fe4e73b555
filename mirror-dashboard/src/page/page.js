// The page of mirror-dashboard. Everything that it shows goes through text nodes and attributes,
// so that no value can become markup.

const SVG = "http://www.w3.org/2000/svg";
const base = new URL(".", import.meta.url);
const { path, control, examples } = document.body.dataset;
const byId = (id) => document.getElementById(id);

// How long no news are no reason to worry: a stream ends every ten seconds and begins again.
const PATIENCE_MS = 4000;
// How often the details of an open mirror are asked for while they change, and while they do not.
const BUSY_MS = 2000;
const IDLE_MS = 10000;
// How often all is asked for when there is no place for one more stream.
const POLL_MS = 5000;
// Mirrors that are open when the page is opened, if there are no more.
const OPEN = 3;
// Rows that are made at once.
const ROWS = 40;

// --- A tree of elements, changed in place: what has the focus keeps it. ---

function h(tag, props, ...children) {
  const kept = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  return { tag, props: props ?? {}, children: kept };
}

function create(node, isSvg) {
  if (typeof node !== "object") return document.createTextNode(String(node));
  return isSvg || node.tag === "svg" ? document.createElementNS(SVG, node.tag) : document.createElement(node.tag);
}

function isLike(element, node) {
  if (typeof node !== "object") return element.nodeType === Node.TEXT_NODE;
  return element.nodeType === Node.ELEMENT_NODE && element.localName === node.tag && element.key === node.props.key;
}

function update(element, node) {
  if (typeof node !== "object") {
    const text = String(node);
    if (element.data !== text) element.data = text;
    return;
  }
  const before = element.attributesSet ?? {};
  const now = {};
  for (const [name, value] of Object.entries(node.props)) {
    if (name === "key") {
      element.key = value;
    } else if (name.startsWith("on")) {
      element[name] = value;
    } else if (value !== null && value !== undefined && value !== false) {
      now[name] = value === true ? "" : String(value);
      if (before[name] !== now[name]) element.setAttribute(name, now[name]);
    }
  }
  for (const name of Object.keys(before)) if (!(name in now)) element.removeAttribute(name);
  element.attributesSet = now;
  patch(element, node.children, element.namespaceURI === SVG);
}

function patch(parent, nodes, isSvg = false) {
  const keyed = new Map();
  for (const child of parent.childNodes) if (child.key !== undefined) keyed.set(child.key, child);
  let at = parent.firstChild;
  for (const node of nodes) {
    const key = typeof node === "object" ? node.props.key : undefined;
    let element = key === undefined ? at : keyed.get(key);
    if (!element || !isLike(element, node)) element = create(node, isSvg);
    if (element !== at) parent.insertBefore(element, at);
    update(element, node);
    at = element.nextSibling;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

// --- Words and numbers ---

const number = new Intl.NumberFormat("en");
const count = (value) => number.format(value);
const words = (text) => text.replaceAll("_", " ");

function time(micros) {
  if (micros === null || micros === undefined) return "–";
  if (micros < 1000) return `${micros} µs`;
  if (micros < 1e6) return `${(micros / 1000).toPrecision(3)} ms`;
  return `${(micros / 1e6).toPrecision(3)} s`;
}

function span(seconds) {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

const clock = (seconds) => new Date(seconds * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const share = (percentage) => (percentage === null ? "unknown share" : `${number.format(percentage)} %`);

const VERDICTS = {
  promote: ["✓", "promote"],
  not_enough_data: ["○", "not enough data"],
  hold: ["■", "hold"],
  regressed: ["✗", "regressed"],
};
// In seconds.
const WINDOWS = { "5m": 300, "1h": 3600 };
const DISTANCE = { regressed: 0, hold: 1, not_enough_data: 2, promote: 3 };

function badge(verdict) {
  const [mark, word] = VERDICTS[verdict] ?? ["–", "not compared"];
  return h("span", { class: `badge ${verdict ?? "none"}` }, h("span", { "aria-hidden": "true" }, mark), ` ${word}`);
}

// "timeout 3, connect 1"
function reasons(counts) {
  const told = Object.entries(counts ?? {}).filter(([, value]) => value > 0).sort((one, other) => other[1] - one[1]);
  return told.map(([word, value]) => `${words(word)} ${count(value)}`).join(", ");
}

function who({ source, actor, reason, since_unix_s, until_unix_s }) {
  const names = { code: "the code", env: "the environment", file: "a file", fleet: "the fleet", api: "this process’s API" };
  const parts = [`by ${actor ? `${actor} (${source})` : names[source] ?? source}`];
  if (since_unix_s) parts.push(`since ${clock(since_unix_s)}`);
  if (until_unix_s) parts.push(`until ${clock(until_unix_s)}`);
  return parts.join(", ") + (reason ? `: ${reason}` : "");
}

// --- The state ---

const state = {
  mirrors: new Map(),
  details: new Map(),
  open: new Set(),
  isKnown: false,
  rows: ROWS,
  heardAt: 0,
  chosen: new Map(),
};
const tools = Object.fromEntries(["filter", "which", "sort", "window", "quantile"].map((id) => [id, byId(id)]));

// --- What is shown of a mirror ---

const total = (mirror, of) => mirror.targets.reduce((sum, target) => sum + of(target), 0);
const rate = (mirror) => total(mirror, (target) => target.sent_per_s ?? 0);
const failures = (mirror) => total(mirror, (target) => target.stats.failed);

function isShown(mirror) {
  const filter = tools.filter.value.trim().toLowerCase();
  const names = [mirror.name, ...mirror.targets.map((target) => target.name)];
  if (filter && !names.some((name) => name.toLowerCase().includes(filter))) return false;
  const which = tools.which.value;
  if (which === "") return true;
  if (which === "off") return !mirror.control.is_enabled;
  if (which === "idle") return !mirror.has_traffic;
  if (which === "failing") return failures(mirror) > 0;
  return (mirror.verdict ?? "none") === which;
}

const ORDERS = {
  name: () => 0,
  verdict: (one, other) => (DISTANCE[one.verdict] ?? 4) - (DISTANCE[other.verdict] ?? 4),
  rate: (one, other) => rate(other) - rate(one),
  failed: (one, other) => failures(other) - failures(one),
};

function shown() {
  const order = ORDERS[tools.sort.value];
  const all = [...state.mirrors.values()].filter(isShown);
  return all.sort((one, other) => order(one, other) || (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
}

function summary(mirror) {
  const isOpen = state.open.has(mirror.name);
  const failed = failures(mirror);
  const facts = [
    mirror.control.is_enabled ? null : h("span", { class: "off" }, "✕ off"),
    h("span", {}, mirror.has_traffic ? `${number.format(Math.round(rate(mirror) * 10) / 10)} copies/s` : "no traffic yet"),
    failed > 0 && h("span", { class: "bad" }, `▲ ${count(failed)} failed`),
    mirror.targets.some((target) => target.is_circuit_open) && h("span", { class: "bad" }, "▲ circuit open"),
    mirror.fleet && h("span", {}, "all instances: ", badge(mirror.fleet.verdict)),
  ];
  return h("h2", {},
    h("button", { type: "button", class: "row", "aria-expanded": isOpen ? "true" : "false", onclick: () => toggle(mirror.name) },
      h("span", { class: "name" }, mirror.name),
      badge(mirror.verdict),
      h("span", { class: "facts" }, facts)));
}

function sentence(mirror) {
  const judged = mirror.targets.filter((target) => target.verdict);
  if (judged.length === 0) return h("p", { class: "verdict" }, badge(null), ` ${mirror.reason}.`);
  // Targets of which there is nothing else to say are in one sentence.
  const alike = Map.groupBy(judged, (target) => `${target.verdict} ${target.reason}`);
  return [...alike.values()].map((targets) => [targets.map(({ name }) => name).join(", "), targets[0]]).map(([names, target]) =>
    h("p", { class: "verdict", key: `verdict ${names}` }, badge(target.verdict), " ", h("b", {}, names), `: ${target.reason}.`,
      // The reason of one that is held says it already, unless something else is wrong as well.
      target.needed > 0 && target.verdict !== "regressed" && !target.reason.includes("more clean") && h("span", { class: "needs" }, ` It still needs about ${count(target.needed)} clean comparisons.`)));
}

function power(mirror) {
  const { control: held } = mirror;
  return h("div", { class: "switch" },
    h("p", {}, h("b", {}, held.is_enabled ? "● On" : "✕ Off"), ` ${who(held)}`),
    control && h("div", { class: "buttons" },
      button(held.is_enabled ? "Switch off…" : "Switch on…", () => ask({
        title: `${held.is_enabled ? "Switch off" : "Switch on"} ${mirror.name}?`,
        text: held.is_enabled ? "No more copies are made. Those under way run to their end." : "Copies are made again.",
        verb: held.is_enabled ? "Switch off" : "Switch on",
        mirror: mirror.name, change: { enabled: !held.is_enabled }, lasts: true, fleet: Boolean(mirror.fleet),
      })),
      button("Restart report…", () => ask({
        title: `Restart the report of ${mirror.name}?`, text: "What was compared so far counts for nothing.",
        verb: "Restart", mirror: mirror.name, change: { restart_report: true }, fleet: Boolean(mirror.fleet),
      })),
      button("Reset…", () => ask({
        title: `Reset ${mirror.name}?`, text: "What was set by this page or by code of this process is removed. The layers below decide again.",
        verb: "Reset", mirror: mirror.name, change: { reset: true }, fleet: Boolean(mirror.fleet),
      }))));
}

const button = (label, onclick, more) => h("button", { type: "button", onclick, ...more }, label);

// The counts of a target in the chosen window. Events have none, so that until the details are
// there those since the process began are shown.
function counts(target) {
  const window = target.windows?.find((window) => window.name === tools.window.value);
  return window ? { ...window, in_flight: target.stats.in_flight } : target.stats;
}

const term = (value, label) => h("span", { class: "term" }, h("b", {}, count(value)), ` ${label}`);
const sign = (text) => h("span", { class: "sign" }, ` ${text} `);

function equation(targets) {
  const sum = (name) => targets.reduce((all, target) => all + (counts(target)[name] ?? 0), 0);
  const [received, sent, skipped, shed, answered, failed] = ["received", "sent", "skipped", "shed", "answered", "failed"].map(sum);
  const inFlight = targets.reduce((all, target) => all + target.stats.in_flight, 0);
  return h("p", { class: "equation" },
    term(received, "received"), sign("="), term(sent, "sent"), sign("+"), term(skipped, "skipped"), sign("+"), term(shed, "shed"),
    h("br"), term(sent, "sent"), 
    // In a window, copies end that have left before it.
    sign(sent === answered + failed + inFlight ? "=" : "≈"), term(answered, "answered"), sign("+"), term(failed, "failed"), sign("+"), term(inFlight, "in flight"));
}

// --- A chart of two lines ---

const WIDTH = 240;
const HEIGHT = 64;

function line(points, top) {
  const step = WIDTH / Math.max(points.length - 1, 1);
  let isDown = false;
  const parts = points.map((value, index) => {
    if (value === null) {
      isDown = false;
      return "";
    }
    const command = isDown ? "L" : "M";
    isDown = true;
    const [x, y] = [index * step, HEIGHT - 2 - (value / top) * (HEIGHT - 6)].map((at) => at.toFixed(1));
    // A point alone is seen as well.
    return `${command}${x} ${y}h2`;
  });
  return parts.join("");
}

function chart(target, name) {
  const which = tools.window.value === "5m" ? "5m" : "1h";
  const series = target.series?.find((series) => series.name === which);
  const quantile = tools.quantile.value;
  const of = (points) => (points ?? []).map((point) => point[quantile]);
  const [shadow, primary] = [of(series?.target), of(series?.primary)];
  const known = [...shadow, ...primary].filter((value) => value !== null);
  const label = quantile.slice(0, 3);
  if (known.length === 0) return h("p", { class: "hint" }, "The chart begins with the first copies.");
  const top = Math.max(...known);
  const last = (points) => time(points.findLast((value) => value !== null));
  const said = `${label} of ${name}: ${last(shadow)} at last. Primary: ${last(primary)}. At most ${time(top)}.`;
  return h("figure", {},
    h("svg", { role: "img", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" },
      h("title", {}, said),
      h("path", { class: "line primary", d: line(primary, top) }),
      h("path", { class: "line shadow", d: line(shadow, top) })),
    h("figcaption", {},
      h("span", { class: "legend shadow" }, "target"), " ", h("span", { class: "legend primary" }, "primary"),
      ` ${label}, at most ${time(top)}, ${which === "5m" ? "5 minutes" : "1 hour"}`));
}

function latencies(target) {
  const window = target.windows?.find((window) => window.name === tools.window.value);
  const rows = [
    [target.is_baseline ? "baseline" : "target", window?.latency ?? target.stats.latency],
    ["primary", window?.primary_latency],
  ];
  return h("table", { class: "latency" },
    h("caption", { class: "unseen" }, `Latency of ${target.name} beside the primary’s`),
    h("thead", {}, h("tr", {}, ["latency", "p50", "p95", "p99"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.filter(([, latency]) => latency).map(([name, latency]) =>
      h("tr", {}, h("th", { scope: "row" }, name), [latency.p50_us, latency.p95_us, latency.p99_us].map((value) => h("td", {}, time(value)))))));
}

// --- A target ---

function fact(name, ...value) {
  return [h("dt", {}, name), h("dd", {}, ...value)];
}

function shareOf(mirror, target) {
  const { share: held } = target;
  const isOther = held.configured !== null && held.percentage !== held.configured;
  return [
    share(held.percentage),
    isOther && ` of ${share(held.configured)} in the code, ${who(held)}`,
    control && mirror.has_traffic && [" ", button("Change…", () => ask({
      title: `Share of ${target.name}`, text: "The share of the requests that is copied, from 0 to 100 %. 0 is off.",
      verb: "Set", mirror: mirror.name, share: held.percentage ?? 0, target: target.name, lasts: true, fleet: Boolean(mirror.fleet),
    }), { class: "small", "aria-label": `Change the share of ${target.name}` })],
  ];
}

function targetCard(mirror, target) {
  const seen = counts(target);
  const failed = reasons(seen.failed_by_kind);
  return h("section", { class: "target", key: target.name },
    h("h3", {}, h("span", { class: "name" }, target.name), " ", target.is_baseline ? h("span", { class: "badge none" }, "baseline") : badge(target.verdict)),
    h("dl", {},
      fact("share", shareOf(mirror, target)),
      fact("rate", target.sent_per_s === null ? "–" : `${number.format(target.sent_per_s)} copies/s`),
      fact("answered", count(seen.answered)),
      fact("failed", seen.failed > 0 ? h("span", { class: "bad" }, `▲ ${count(seen.failed)}${failed ? `: ${failed}` : ""}`) : "0"),
      fact("circuit", target.is_circuit_open === null ? "–" : target.is_circuit_open ? h("span", { class: "bad" }, "▲ open: copies are shed") : "closed")),
    mirror.targets.length > 1 && equation([target]),
    h("div", { class: "times" }, chart(target, target.name), latencies(target)),
    target.report && differences(mirror, target));
}

// --- Differences ---

const cell = (name, ...value) => h("td", { role: "cell", "data-name": name }, ...value);
const place = (group) => (group.pointer !== "" ? group.pointer : ["status", "not_modified"].includes(group.kind) ? "status" : "(body)");

function differences(mirror, target) {
  const { report } = target;
  const id = `${mirror.name} ${target.name}`;
  const rate = report.match_rate ? `, ${(report.match_rate.rate * 100).toFixed(2)} % match` : "";
  const since = report.since_unix_s ? ` since ${clock(report.since_unix_s)}` : "";
  const version = report.version ? ` of version ${report.version}` : "";
  const uncompared = reasons(report.not_compared_by_reason);
  const summed = h("p", {}, `${count(report.compared)} compared${since}${version}${rate}. ${count(report.mismatched + report.schema_mismatch)} differ, ${count(report.noise)} differ in noise, ${count(report.not_compared)} not compared${uncompared ? ` (${uncompared})` : ""}.`);
  if (report.differences.length === 0) {
    return h("div", {}, h("h4", {}, "Differences"), summed, h("p", { class: "hint" }, report.compared > 0 ? "None so far." : "Nothing was compared yet."));
  }
  const chosen = chosenOf(id, report.differences);
  const columns = ["place", "kind", "responses", "option to paste"];
  if (examples === "true") columns.push("example");
  return h("div", {},
    h("h4", {}, "Differences"), summed,
    h("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": `Differences of ${target.name}` },
      // With their roles, because on a narrow screen a row is shown as a block.
      h("table", { class: "differences", role: "table" },
        h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((name) => h("th", { role: "columnheader", scope: "col" }, name)))),
        h("tbody", { role: "rowgroup" }, report.differences.map((group) => h("tr", { key: `${group.kind} ${group.pointer}`, role: "row", class: group.noise ? "noise" : null },
          h("th", { role: "rowheader", scope: "row", class: "pointer" }, place(group)),
          cell("kind", words(group.kind), group.noise && " (noise)"),
          cell("responses", count(group.comparisons)),
          cell("option to paste", group.option ? pasted(group.option) : h("span", { class: "hint" }, "none")),
          examples === "true" && cell("example", group.examples?.length > 0
            ? button(group === chosen ? "Shown" : "Show", () => choose(id, group), { class: "small", "aria-pressed": group === chosen ? "true" : "false", "aria-label": `Example of ${place(group)}` })
            : "–")))))),
    report.other_differences > 0 && h("p", { class: "hint" }, `And ${count(report.other_differences)} at other places.`),
    chosen && example(chosen),
    recorded(target));
}

function pasted(option) {
  return h("span", { class: "paste" }, h("code", {}, option), " ",
    button("Copy", (event) => copy(event.currentTarget, option), { class: "small", "aria-label": `Copy ${option}` }));
}

async function copy(pressed, text) {
  const code = pressed.parentElement.querySelector("code");
  getSelection().selectAllChildren(code);
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied: ${text}`);
  } catch {
    // Without TLS a page may not write there. The text is selected.
    say("Selected: copy it with the keyboard");
  }
}

function chosenOf(id, groups) {
  const key = state.chosen.get(id);
  const having = groups.filter((group) => group.examples?.length > 0);
  return having.find((group) => `${group.kind} ${group.pointer}` === key) ?? having[0];
}

function choose(id, group) {
  state.chosen.set(id, `${group.kind} ${group.pointer}`);
  render();
}

function example(group) {
  const [first] = group.examples;
  const query = first.query ? `?${first.query}` : "";
  return h("div", { class: "example" },
    h("h4", {}, `Example: ${first.pointer || place(group)}`),
    h("p", { class: "request" }, h("code", {}, `${first.method} ${first.path}${query}`)),
    h("div", { class: "sides" }, [["primary", first.primary], ["target", first.shadow]].map(([name, value]) =>
      h("figure", {}, h("figcaption", {}, name), h("pre", { tabindex: "0" }, value ?? "(nothing there)")))));
}

function recorded(target) {
  const outcomes = reasons(target.stats.fixtures_by_outcome);
  return h("div", {}, h("h4", {}, "Recorded"), h("p", { class: outcomes ? null : "hint" }, outcomes ? `Mismatches: ${outcomes}.` : "No mismatch was recorded."));
}

// --- The fleet ---

const STATES = { running: "●", finished: "○", replaced: "○", missing: "▲" };

function setting({ is_for_all, target, is_enabled, percentage, actor, reason, until_unix_s }) {
  const told = [target ? `${target} ${share(percentage)}` : is_enabled ? "on" : "off"];
  if (actor) told.push(`by ${actor}`);
  if (until_unix_s) told.push(`until ${clock(until_unix_s)}`);
  return `${is_for_all ? "All mirrors: " : ""}${told.join(", ")}${reason ? `: ${reason}` : ""}`;
}

function ofFleet(mirror) {
  const { fleet } = mirror;
  if (!fleet) return null;
  const those = (state) => fleet.instances.filter((instance) => instance.state === state);
  const [running, missing, finished, replaced] = ["running", "missing", "finished", "replaced"].map(those);
  const settings = fleet.settings ?? [];
  const told = `${count(running.length)} running${finished.length ? `, ${count(finished.length)} finished` : ""}${replaced.length ? `, ${count(replaced.length)} replaced` : ""}`;
  return h("section", { class: "fleet", key: "fleet" },
    h("h3", {}, "All instances", h("span", { class: "hint" }, `, epoch ${count(fleet.epoch)}${fleet.read_unix_ms ? `, at ${clock(Math.floor(fleet.read_unix_ms / 1000))}` : ""}`)),
    fleet.error && h("p", { class: "bad" }, `▲ Not up to date: ${fleet.error}`),
    h("p", {}, told, missing.length > 0 && [", ", h("span", { class: "bad" }, `▲ ${count(missing.length)} missing: ${missing.map((instance) => `${instance.name} (since ${clock(instance.heard_unix_s)})`).join(", ")}`)], "."),
    h("p", { class: "settings" }, settings.length > 0 ? `Set for all instances: ${settings.map(setting).join("; ")}.` : "Nothing is set for all instances."),
    fleet.targets.length > 0 && h("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": `${mirror.name} in all instances` },
      h("table", { class: "instances" },
        h("thead", {}, h("tr", {}, ["target", "verdict", "sent", "failed", "compared", "differ", "p95"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, fleet.targets.map((target) => h("tr", { key: target.name },
          h("th", { scope: "row" }, target.name),
          h("td", {}, target.is_baseline ? "baseline" : badge(target.verdict)),
          h("td", {}, count(target.stats.sent)),
          h("td", {}, target.stats.failed > 0 ? h("span", { class: "bad" }, count(target.stats.failed)) : "0"),
          h("td", {}, count(target.report?.compared ?? 0)),
          h("td", {}, count((target.report?.mismatched ?? 0) + (target.report?.schema_mismatch ?? 0))),
          h("td", {}, time(target.stats.latency.p95_us))))))),
    fleet.targets.filter((target) => target.verdict).map((target) =>
      h("p", { class: "verdict", key: `verdict ${target.name}` }, badge(target.verdict), " ", h("b", {}, target.name), `: ${target.reason}.`,
        target.open_circuits > 0 && h("span", { class: "bad" }, ` ▲ Its circuit is open in ${count(target.open_circuits)} ${target.open_circuits === 1 ? "instance" : "instances"}.`))),
    h("details", {}, h("summary", {}, `${count(fleet.instances.length)} ${fleet.instances.length === 1 ? "instance" : "instances"}`),
      h("ul", { class: "options" }, fleet.instances.map((instance) =>
        h("li", { class: instance.state === "missing" ? "bad" : null }, `${STATES[instance.state] ?? "–"} ${instance.name}: ${instance.state}${instance.is_this ? ", this process" : ""}, heard at ${clock(instance.heard_unix_s)}`)))));
}

// --- A mirror ---

function body(mirror) {
  const origin = [mirror.module, mirror.file && `${mirror.file}${mirror.line ? `:${mirror.line}` : ""}`].filter(Boolean).join(", ");
  return h("div", { class: "body" },
    mirror.fleet && h("h3", {}, "This process"),
    sentence(mirror),
    power(mirror),
    mirror.has_traffic ? h("div", {}, h("h3", {}, mirror.targets.length > 1 ? "Requests, for all targets" : "Requests", h("span", { class: "hint" }, covered(mirror))), equation(mirror.targets)) : idle(mirror),
    ofFleet(mirror),
    h("div", { class: "targets" }, mirror.targets.map((target) => targetCard(mirror, target))),
    origin && h("p", { class: "hint" }, origin),
    mirror.options?.length > 0 && h("details", {}, h("summary", {}, "Options"),
      h("ul", { class: "options" }, mirror.options.map((option) => h("li", {}, h("code", {}, `${option.name} = ${option.value ?? "…"}`))))));
}

function covered(mirror) {
  const window = mirror.targets[0]?.windows?.find((window) => window.name === tools.window.value);
  if (!window) return ", since the process began";
  if (window.name === "reset") return `, since the report began, ${span(window.seconds)} ago`;
  const whole = WINDOWS[window.name];
  if (window.seconds >= whole) return `, the last ${span(whole)}`;
  return `, since ${clock(Math.floor(mirror.taken_unix_ms / 1000) - window.seconds)}, when counting began, ${span(window.seconds)} ago`;
}

function idle(mirror) {
  return h("div", { class: "empty" },
    h("p", {}, h("b", {}, "No traffic yet. "), "Send a request to its handler, and this mirror comes to life."),
    mirror.file && h("p", {}, "It is declared in ", h("code", {}, `${mirror.file}${mirror.line ? `:${mirror.line}` : ""}`), "."));
}

function nothing() {
  return h("div", { class: "empty" },
    h("h2", {}, "No mirrors yet"),
    h("p", {}, "Put the attribute on a handler of this program, and start it again:"),
    h("pre", { tabindex: "0" }, '#[mirror(targets = ["https://staging.example.com"], percentage = 10, compare = "json")]\nasync fn list_users() -> Json<Vec<User>> { .. }'),
    h("p", {}, "A mirror that a builder makes is listed once it is built."));
}

function render() {
  const all = shown();
  const rows = all.slice(0, state.rows);
  const more = all.length - rows.length;
  byId("tools").hidden = state.mirrors.size === 0;
  const articles = rows.map((mirror) => {
    const isOpen = state.open.has(mirror.name);
    const known = state.details.get(mirror.name) ?? mirror;
    return h("article", { key: mirror.name, class: isOpen ? "open" : null }, summary(mirror), isOpen && body({ ...known, control: mirror.control, verdict: mirror.verdict, reason: mirror.reason, has_traffic: mirror.has_traffic }));
  });
  const rest = more > 0
    ? h("p", { key: "more", class: "more" }, button(`Show more of ${count(all.length)} mirrors`, () => { state.rows += ROWS * 5; render(); }, { id: "more" }))
    : null;
  const empty = state.isKnown && all.length === 0
    ? state.mirrors.size === 0 ? nothing() : h("p", { class: "empty" }, "No mirror fits the filter.")
    : null;
  patch(byId("mirrors"), [...articles, rest, empty].filter(Boolean));
  patch(byId("all"), state.mirrors.size > 0 ? totals(all.length) : []);
}

function totals(fitting) {
  const all = [...state.mirrors.values()];
  const off = all.filter((mirror) => !mirror.control.is_enabled).length;
  const told = `${count(all.length)} ${all.length === 1 ? "mirror" : "mirrors"}${off ? `, ${count(off)} off` : ""}${fitting < all.length ? `, ${count(fitting)} shown` : ""}`;
  return [
    h("span", {}, told),
    control && h("span", { class: "buttons" },
      button("Switch all off…", () => ask({ title: "Switch all mirrors off?", text: "No more copies are made in this process, by mirrors that are made later as well.", verb: "Switch all off", change: { enabled: false }, lasts: true }), { class: "small" }),
      button("Reset all…", () => ask({ title: "Reset all mirrors?", text: "What was set by this page or by code of this process is removed.", verb: "Reset all", change: { reset: true } }), { class: "small" })),
  ].filter(Boolean);
}

function toggle(name) {
  if (!state.open.delete(name)) {
    state.open.add(name);
    look(name);
  } else {
    state.details.delete(name);
  }
  render();
}

// --- Changing something ---

const prefix = base.pathname.endsWith(`${path}/`) ? base.pathname.slice(0, -path.length - 1) : "";

function say(text) {
  byId("live").textContent = text;
}

function ask(question) {
  const dialog = byId("ask");
  const confirm = async () => {
    const change = { ...question.change };
    if (question.target !== undefined) {
      const value = byId("ask-share").valueAsNumber;
      if (!(value >= 0 && value <= 100)) {
        byId("ask-share").focus();
        return;
      }
      change.percentage = { [question.target]: value };
    }
    const lasts = Number(byId("ask-lasts")?.value ?? 0);
    if (lasts > 0) change.for_seconds = lasts;
    if (byId("ask-fleet")?.checked) change.fleet = true;
    dialog.close();
    await send(question.mirror, change);
  };
  patch(dialog, [h("div", { key: `${question.title} ${Date.now()}`, onkeydown: (event) => { if (event.key === "Enter" && event.target.localName === "input") confirm(); } },
    h("h2", { id: "ask-title" }, question.title),
    h("p", {}, question.text),
    question.target !== undefined && h("p", {}, h("label", {}, "Share in % ", h("input", { id: "ask-share", type: "number", min: "0", max: "100", step: "any", value: question.share }))),
    question.lasts && h("p", {}, h("label", {}, "For ", h("select", { id: "ask-lasts" },
      [[0, "as long as nobody changes it"], [900, "15 minutes"], [3600, "1 hour"], [86400, "1 day"]].map(([seconds, label]) => h("option", { value: seconds }, label))))),
    question.fleet && h("p", {}, h("label", {}, h("input", { id: "ask-fleet", type: "checkbox" }), " In all instances of the fleet")),
    h("p", { class: "buttons" }, button("Cancel", () => dialog.close(), { autofocus: true }), button(question.verb, confirm, { class: "sure", id: "sure" })))]);
  dialog.showModal();
}

async function send(name, change) {
  const which = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  let told = "";
  try {
    const response = await fetch(`${prefix}${control}/mirrors${which}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(change),
    });
    if (!response.ok) {
      const refused = await response.json().catch(() => null);
      told = `Nothing was changed: ${refused?.error ?? `status ${response.status}`}`;
    }
  } catch (error) {
    told = `Nothing was changed: ${error.message}`;
  }
  byId("told").textContent = told;
  if (!told) say("Changed.");
  await poll();
}

// --- Hearing of news ---

function status(word, text) {
  const shown = byId("status");
  if (shown.dataset.state !== word || shown.textContent !== text) {
    shown.dataset.state = word;
    shown.textContent = text;
  }
}

function take(snapshot, isWhole) {
  state.heardAt = Date.now();
  if (isWhole) state.mirrors.clear();
  for (const mirror of snapshot.mirrors) {
    const before = state.mirrors.get(mirror.name);
    if (before && state.isKnown && before.verdict !== mirror.verdict) {
      say(`${mirror.name}: ${words(mirror.verdict ?? "not compared")}: ${mirror.reason}`);
    }
    state.mirrors.set(mirror.name, mirror);
    if (state.open.has(mirror.name)) look(mirror.name);
  }
  if (!state.isKnown) {
    // Few are open at once. Those of libraries and tests mostly see no traffic.
    const all = [...state.mirrors.values()];
    const busy = all.filter((mirror) => mirror.has_traffic);
    const opened = busy.length > 0 ? busy : all;
    if (opened.length <= OPEN) for (const { name } of opened) toggle(name);
  }
  state.isKnown = true;
  status("live", "Live");
  render();
}

async function poll() {
  const response = await fetch(new URL("snapshot.json?summary=true", base), { cache: "no-store" });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const snapshot = await response.json();
  for (const mirror of snapshot.mirrors) if (state.open.has(mirror.name)) looked.delete(mirror.name);
  take(snapshot, true);
}

// When the details of an open mirror were asked for last.
const looked = new Map();

async function look(name, isIdle = false) {
  const now = Date.now();
  if (now - (looked.get(name) ?? 0) < (isIdle ? IDLE_MS : BUSY_MS)) return;
  looked.set(name, now);
  const url = new URL("snapshot.json", base);
  url.searchParams.set("mirror", name);
  url.searchParams.set("series", "true");
  if (examples === "true") url.searchParams.set("examples", "true");
  try {
    const response = await fetch(url, { cache: "no-store" });
    if (!response.ok) return;
    const { mirrors: [mirror], taken_unix_ms } = await response.json();
    if (state.open.has(name)) {
      state.details.set(name, { ...mirror, taken_unix_ms });
      render();
    }
  } catch {
    // The status says whether there is a connection.
  }
}

let events = null;

function listen() {
  if (events || document.hidden) return;
  events = new EventSource(new URL("events", base));
  events.onmessage = ({ data }) => {
    const news = JSON.parse(data);
    take(news, news.is_whole);
    // A mirror that is gone is in no event.
    if (news.count !== state.mirrors.size) silence();
  };
  events.onerror = () => {
    // The browser connects again by itself, unless it was refused.
    if (events?.readyState === EventSource.CLOSED) silence();
  };
}

function silence() {
  events?.close();
  events = null;
}

let polledAt = 0;

async function watch() {
  if (document.hidden) return;
  const now = Date.now();
  for (const name of state.open) look(name, true);
  if (events === null && now - polledAt >= POLL_MS) {
    polledAt = now;
    await poll().catch(() => {});
    listen();
  }
  if (now - state.heardAt > PATIENCE_MS + (events === null ? POLL_MS : 0)) {
    status("lost", state.isKnown ? "Not connected: these numbers are old" : "Not connected");
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    silence();
    status("paused", "Paused");
  } else {
    state.heardAt = Date.now();
    listen();
  }
});
addEventListener("pagehide", silence);

for (const tool of Object.values(tools)) tool.addEventListener("input", () => { state.rows = ROWS; render(); });
byId("tools").addEventListener("submit", (event) => event.preventDefault());
// Further rows are made when the last one comes into view.
addEventListener("scroll", () => {
  const more = byId("more");
  if (more && more.getBoundingClientRect().top < innerHeight + 400) {
    state.rows += ROWS;
    render();
  }
}, { passive: true });

state.heardAt = Date.now();
listen();
setInterval(watch, 1000);
