// The item in the status bar: what the server does, and the way to the menu.
import * as vscode from "vscode";
import type { Status } from "./protocol";

const LOOKS: Record<Status["state"], string> = {
  loading: "$(sync~spin)",
  ready: "$(sparkle)",
  thinking: "$(loading~spin)",
  paused: "$(debug-pause)",
  error: "$(error)",
};

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("rigpilot", vscode.StatusBarAlignment.Right, 100);
  private status: Status = { state: "loading", message: "Starting", model: "" };

  constructor() {
    this.item.name = "Rigpilot";
    this.item.command = "rigpilot.menu";
    this.draw();
    this.item.show();
  }

  get current(): Status {
    return this.status;
  }

  show(status: Status): void {
    this.status = status;
    void vscode.commands.executeCommand("setContext", "rigpilot.ready", status.state === "ready");
    this.draw();
  }

  // Also when another editor becomes active: its language may be off.
  draw(): void {
    const { state, percent } = this.status;
    const off = state !== "error" && languageIsOff();
    this.item.text = off ? "$(circle-slash) Rigpilot" : `${LOOKS[state]} Rigpilot${state === "loading" && percent !== undefined ? ` ${percent} %` : ""}`;
    this.item.backgroundColor = state === "error" ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
    const language = vscode.window.activeTextEditor?.document.languageId ?? "";
    const lines = [off ? `Off for ${language}` : sentence(this.status), ...(this.status.model ? [`Model: ${this.status.model}`] : [])];
    this.item.tooltip = lines.join("\n");
    this.item.accessibilityInformation = { label: `Rigpilot: ${lines.join(", ")}`, role: "button" };
  }

  dispose(): void {
    this.item.dispose();
  }
}

export function sentence(status: Status): string {
  switch (status.state) {
    case "loading":
      return status.message || "Loading the model";
    case "ready":
      return "Ready";
    case "thinking":
      return "Making a suggestion";
    case "paused":
      return "Paused";
    case "error":
      return status.message;
  }
}

// As the settings of the active document's folder and language have it.
export function languageIsOff(document = vscode.window.activeTextEditor?.document): boolean {
  if (!document) return false;
  const settings = vscode.workspace.getConfiguration("rigpilot", document);
  const languages = settings.get<Record<string, boolean>>("completion.languages", {});
  return !settings.get<boolean>("completion.enabled", true) || !(languages[document.languageId] ?? languages["*"] ?? true);
}
