// Long names shrink in three steps before anything is cut: a cut Thai word is not a word.

const STEPS = ["", "fit1", "fit2", "fit3"];

export function fit(node: HTMLElement): void {
  const key = node.textContent + "|" + node.clientWidth;
  if (node.getAttribute("data-fit") === key) return;
  for (const step of STEPS) {
    node.classList.remove("fit1", "fit2", "fit3");
    if (step) node.classList.add(step);
    if (node.scrollWidth <= node.clientWidth) break;
  }
  node.setAttribute("data-fit", key);
}
