// What the address says: /panel/{stop}, optionally ?panel=ID#token, ?lang=en, ?theme=night.

export interface Settings {
  stop: string;
  panel?: string;
  token?: string;
  langs?: string[];
  theme?: string;
  socketUrl: string;
  /** Decides the reconnect slot: the panel, or a number drawn once per browser. */
  id: string;
}

export function settings(where: Location): Settings {
  const stop = decodeURIComponent(where.pathname.replace(/\/+$/, "").split("/").pop() || "");
  const query = new URLSearchParams(where.search);
  const panel = query.get("panel") || undefined;
  const langs = query.get("lang");
  return {
    stop,
    panel,
    token: panel && where.hash.slice(1) ? where.hash.slice(1) : undefined,
    langs: langs ? langs.split(",") : undefined,
    theme: query.get("theme") || undefined,
    socketUrl: (where.protocol === "https:" ? "wss://" : "ws://") + where.host + "/v1/panel",
    id: panel || "r" + Math.random(),
  };
}
