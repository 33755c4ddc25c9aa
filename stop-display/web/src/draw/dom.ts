// The few helpers a page without a framework needs. Texts from the server only ever become text nodes.

export function el(tag: string, className: string, ...children: Node[]): HTMLElement {
  const node = document.createElement(tag);
  node.className = className;
  for (const child of children) node.appendChild(child);
  return node;
}

/** Sets a text, touching the page only when it changed; an empty element takes no room. */
export function put(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
  show(node, text !== "");
}

export function show(node: Element, visible: boolean): void {
  if (visible) node.removeAttribute("hidden");
  else node.setAttribute("hidden", "");
}

export function setClass(node: Element, className: string): void {
  if (node.getAttribute("class") !== className) node.setAttribute("class", className);
}

/** Makes `parent` hold exactly these children, in this order, moving as few as possible. */
export function arrange(parent: Node, children: Node[]): void {
  children.forEach((child, i) => {
    if (parent.childNodes[i] !== child) parent.insertBefore(child, parent.childNodes[i] || null);
  });
  while (parent.childNodes.length > children.length) parent.removeChild(parent.lastChild!);
}
