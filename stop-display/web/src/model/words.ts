// The words a panel shows: one JSON file per language in stop-display/words, shared with the Rust model.

import en from "../../../words/en.json";
import th from "../../../words/th.json";

export type Words = typeof en;

/** The words of a language, English when there are none. */
export function words(lang: string): Words {
  return lang === "th" ? th : en;
}

/** `template` with `{key}` replaced by `value`. */
export function fill(template: string, key: string, value: string | number): string {
  return template.split(`{${key}}`).join(String(value));
}
