// Pages: a panel flips, it never scrolls (stop-display/src/board/pages.rs).

export interface Page {
  from: number;
  to: number;
  lang: string;
}

/** Every run of `perPage` rows in each language; at least one page per language. */
export function pages(rows: number, perPage: number, langs: string[]): Page[] {
  const all: Page[] = [];
  for (let from = 0; from < Math.max(1, rows); from += Math.max(1, perPage)) {
    for (const lang of langs) all.push({ from, to: Math.min(rows, from + Math.max(1, perPage)), lang });
  }
  return all;
}
