// Texts of the server that are read in an editor: why a suggestion is what it is, and the statistics. Read-only documents.
import * as vscode from "vscode";
import type { Statistics } from "./protocol";

const SCHEME = "rigpilot-report";

export class Reports implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.path) ?? "";
  }

  async show(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: name });
    this.texts.set(uri.path, text);
    this.changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true, viewColumn: vscode.ViewColumn.Beside, preserveFocus: true });
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}

export function statisticsText(s: Statistics): string {
  const share = (part: number, whole: number) => (whole ? ` (${Math.round((100 * part) / whole)} %)` : "");
  return [
    "Rigpilot since the server started",
    "",
    `requests              ${s.requests}`,
    `suggestions           ${s.offered}${share(s.offered, s.requests)}`,
    `  without the model   ${s.fromReady}`,
    `shown                 ${s.shown}`,
    `accepted              ${s.accepted}${share(s.accepted, s.shown)}`,
    `  in part             ${s.partlyAccepted}`,
    `characters accepted   ${s.acceptedCharacters}`,
    `dismissed             ${s.dismissed}`,
    `time to a suggestion  ${Math.round(s.latencyMs.p50)} ms in the middle, ${Math.round(s.latencyMs.p95)} ms for the slowest twentieth`,
    "",
    "Counted on this machine, for you; nothing is sent anywhere.",
    "",
  ].join("\n");
}
