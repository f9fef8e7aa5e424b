// Where the server is: a rig's address, or a program to start on this machine.
// findServer() reads the settings and looks at the disk; it starts nothing. What is missing is said in one sentence.
import { accessSync, constants, statSync } from "node:fs";
import { connect } from "node:net";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { WorkspaceConfiguration } from "vscode";
import type { Executable, StreamInfo } from "vscode-languageclient/node";

export type Server = { kind: "program"; executable: Executable } | { kind: "rig"; address: string; open: () => Promise<StreamInfo> };
export class NotFound extends Error {}

const PROGRAM = process.platform === "win32" ? "rigpilot.exe" : "rigpilot";

export function findServer(settings: WorkspaceConfiguration, extensionFolder: string): Server {
  const address = settings.get<string>("connect", "").trim();
  return address ? rig(address) : program(settings, extensionFolder);
}

function rig(address: string): Server {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, "$1");
  const port = Number(address.slice(at + 1));
  if (at < 1 || !Number.isInteger(port) || port < 1 || port > 65535)
    throw new NotFound(`Setting rigpilot.connect is '${address}': expected HOST:PORT.`);
  const open = () =>
    new Promise<StreamInfo>((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true }, () => {
        socket.off("error", failed);
        resolve({ reader: socket, writer: socket });
      });
      const failed = (error: Error) => {
        reject(new NotFound(`The rig at ${address} does not answer: ${error.message}.`));
      };
      socket.once("error", failed);
    });
  return { kind: "rig", address, open };
}

function program(settings: WorkspaceConfiguration, extensionFolder: string): Server {
  const model = settings.get<string>("server.model", "").trim();
  const args = ["lsp", ...(model ? ["--model", fromHome(model)] : []), ...settings.get<string[]>("server.arguments", [])];
  return { kind: "program", executable: { command: findProgram(settings, extensionFolder), args } };
}

function findProgram(settings: WorkspaceConfiguration, extensionFolder: string): string {
  const given = fromHome(settings.get<string>("server.path", "").trim());
  if (given) {
    if (isProgram(given)) return given;
    throw new NotFound(`Setting rigpilot.server.path is '${given}': there is no such program.`);
  }
  const folders = [...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean), join(homedir(), ".local", "bin"), join(extensionFolder, "bin")];
  for (const folder of folders) {
    const candidate = join(folder, PROGRAM);
    if (isProgram(candidate)) return candidate;
  }
  throw new NotFound("The program 'rigpilot' is not on PATH: build it with scripts/setup, or set rigpilot.server.path.");
}

function fromHome(path: string): string {
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
