// What Rigpilot's server says besides LSP: docs/protocol.md.

export interface Status {
  state: "loading" | "ready" | "thinking" | "paused" | "error";
  message: string;
  model: string;
  percent?: number;
  languagesOff?: string[];
  wayOut?: { title: string; command: string };
}

export interface ModelChoice {
  name: string;
  detail: string;
  loaded: boolean;
}

export interface Statistics {
  requests: number;
  offered: number;
  fromReady: number;
  shown: number;
  accepted: number;
  partlyAccepted: number;
  acceptedCharacters: number;
  dismissed: number;
  latencyMs: { p50: number; p95: number };
}

export interface ServerCommands {
  "rigpilot.server.status": Status;
  "rigpilot.server.pause": Status;
  "rigpilot.server.resume": Status;
  "rigpilot.server.models": ModelChoice[];
  "rigpilot.server.loadModel": Status;
  "rigpilot.server.explain": string;
  "rigpilot.server.statistics": Statistics;
}
