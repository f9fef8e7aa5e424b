// Settings of the server in package.json, made from the server's own declaration.
//   node scripts/settings.mjs RIGPILOT            writes them
//   node scripts/settings.mjs RIGPILOT --check    exit code 1 where package.json says something else
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const [program, mode] = process.argv.slice(2);
if (!program) {
  console.error("usage: node scripts/settings.mjs RIGPILOT [--check]");
  process.exit(2);
}
const declared = JSON.parse(execFileSync(program, ["settings", "--schema"], { encoding: "utf8" })).properties;
const file = new URL("../package.json", import.meta.url);
const manifest = JSON.parse(readFileSync(file, "utf8"));
const present = manifest.contributes.configuration.properties;

const own = Object.fromEntries(Object.entries(present).filter(([name]) => !name.startsWith("rigpilot.completion.") && !name.startsWith("rigpilot.index.") && !name.startsWith("rigpilot.model.")));
const wanted = { ...own };
for (const [name, setting] of Object.entries(declared)) wanted[name] = { scope: "language-overridable", ...setting };
for (const name of Object.keys(wanted)) if (wanted[name].type === "object" || name.startsWith("rigpilot.model.")) wanted[name].scope = "resource";

if (mode === "--check") {
  const sorted = (value) => JSON.stringify(Object.entries(value).sort());
  const differs = [...new Set([...Object.keys(wanted), ...Object.keys(present)])].filter(
    (name) => sorted(wanted[name] ?? {}) !== sorted(present[name] ?? {}),
  );
  if (differs.length) console.error(`package.json and the server differ in: ${differs.join(", ")}; run npm run settings -- RIGPILOT`);
  process.exit(differs.length ? 1 : 0);
}
manifest.contributes.configuration.properties = wanted;
writeFileSync(file, JSON.stringify(manifest, null, 2) + "\n");
