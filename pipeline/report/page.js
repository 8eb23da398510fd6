// The page says all it has to say without this script. It copies, opens a linked step, lights up a step's edges and
// shows the values under the pointer. It reads the page and writes text, never markup; the page's content policy
// allows this script by its hash and no other.
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const FARTHEST_PIXELS = 40;
  const MOST_ROWS = 12;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  function svg(name, attributes) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  function copyOnClick(button) {
    const said = button.textContent;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = "copied";
      } catch {
        button.textContent = "not allowed here: select it";
      }
      setTimeout(() => { button.textContent = said; }, 1500);
    });
  }

  function openLinked() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  }

  function lightUpEdges(graph) {
    const nodes = all("[data-node]", graph);
    const edges = all(".edge", graph);
    const light = (id) => {
      const near = new Set([id]);
      for (const edge of edges) {
        const own = id !== "" && (edge.dataset.from === id || edge.dataset.to === id);
        edge.classList.toggle("lit", own);
        if (!own) continue;
        near.add(edge.dataset.from).add(edge.dataset.to);
        edge.parentNode.insertBefore(edge, nodes[0]);  // above the other edges
      }
      for (const node of nodes) node.classList.toggle("near", near.has(node.dataset.node));
      graph.classList.toggle("lit-any", id !== "");
    };
    for (const node of nodes) {
      for (const begin of ["pointerenter", "focus"]) node.addEventListener(begin, () => light(node.dataset.node));
      for (const end of ["pointerleave", "blur"]) node.addEventListener(end, () => light(""));
    }
  }

  function figures(value) {
    const size = Math.abs(value);
    if (size > 0 && (size < 1e-4 || size >= 1e15)) return value.toExponential(2);
    const digits = size >= 1e4 ? Math.ceil(Math.log10(size)) : 5;
    return value.toLocaleString("en-US", {maximumSignificantDigits: digits});
  }

  function showValues(figure) {
    const data = JSON.parse(figure.dataset.values);
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    figure.append(tip);
    for (const chart of all("svg[data-plot]", figure)) {
      const [x0, x1, xLow, xHigh, isLog, y0, y1, yLow, yHigh] = JSON.parse(chart.dataset.plot);
      const f = isLog ? Math.log : (value) => value;
      const toX = (x) => x0 + (f(x) - f(xLow)) / (f(xHigh) - f(xLow)) * (x1 - x0);
      const toY = (y) => y0 + (y - yLow) / (yHigh - yLow) * (y1 - y0);
      const layer = svg("g", {"pointer-events": "none"});
      chart.append(layer);
      const hide = () => {
        tip.hidden = true;
        layer.replaceChildren();
      };
      chart.addEventListener("pointerleave", hide);
      chart.addEventListener("pointermove", (event) => {
        const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
        const x = nearest(data.series, toX, at.x);
        if (x === null) return hide();
        layer.replaceChildren(svg("line", {x1: toX(x), x2: toX(x), y1: y0, y2: y1, class: "cursor"}));
        tip.replaceChildren(row("", `${data.x}: ${figures(x)}`));
        for (const series of data.series) {
          const index = series.x.findIndex((other) => Math.abs(toX(other) - toX(x)) < 2);
          if (index < 0 || tip.childElementCount > MOST_ROWS) continue;
          const [cx, cy] = [toX(series.x[index]), toY(series.y[index])];
          layer.append(svg("circle", {cx, cy, r: 3.4, class: `dot ${series.c}`}));
          tip.append(row(series.c, `${series.n}  ${figures(series.y[index])}`));
        }
        tip.hidden = false;
        const frame = figure.getBoundingClientRect();
        const right = event.clientX - frame.left + 14;
        const left = right + tip.offsetWidth > frame.width - 6 ? right - tip.offsetWidth - 28 : right;
        tip.style.left = `${Math.max(4, left)}px`;
        tip.style.top = `${event.clientY - frame.top + 14}px`;
      });
    }
  }

  function nearest(seriesList, toX, pixel) {
    let best = null;
    let least = FARTHEST_PIXELS;
    for (const series of seriesList) {
      for (const x of series.x) {
        const distance = Math.abs(toX(x) - pixel);
        if (distance < least) [best, least] = [x, distance];
      }
    }
    return best;
  }

  function row(colour, text) {
    const element = document.createElement("div");
    if (colour) {
      const key = document.createElement("i");
      key.className = colour;
      element.append(key);
    }
    element.append(text);
    return element;
  }

  document.documentElement.classList.add("js");
  all("button[data-copy]").forEach(copyOnClick);
  all("svg.graph").forEach(lightUpEdges);
  all("figure[data-values]").forEach(showValues);
  all('a[href^="#"]').forEach((link) => link.addEventListener("click", () => setTimeout(openLinked)));
  addEventListener("hashchange", openLinked);
  addEventListener("beforeprint", () => all("details:not(.values)").forEach((one) => { one.open = true; }));
  openLinked();
})();
