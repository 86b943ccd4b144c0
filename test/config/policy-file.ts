// Writes policy files into a folder of their own and loads them, for the tests of this room.
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Configuration } from '../../src/config/configuration.ts';
import type { Diagnostic } from '../../src/config/diagnostic.ts';
import { loadConfiguration, type Loaded } from '../../src/config/load.ts';

/** A policy without problems and without warnings. */
export const base = `issuers:
  github: {}
registries:
  npm:
    protocol: npm
    url: https://npm.acme.example/
    upstream: http://verdaccio:4873/
    credential: none
  pypi:
    protocol: pypi
    url: https://pypi.acme.example/acme/prod/
    upstream: http://devpi:3141/acme/prod/
    credential: none
publishers:
  - name: ui-release
    from:
      issuer: github
      repository: acme/ui
      repository_owner_id: 12
      workflow: release.yml
      environment: production
      ref: refs/tags/v*
      repository_id: 4711
    publish:
      npm: ["@acme/ui", "@acme/ui-*"]
`;

/** The same with its repository pinned by name alone, which is warned of. */
export const unpinned = base.replace('      repository_id: 4711\n', '');

/** A folder that is gone when the test is over. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'policy-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes files (by path relative to the folder; `policy.yaml` is the policy). */
export function write(into: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(into, name)), { recursive: true });
    writeFileSync(join(into, name), content);
  }
}

/** Loads a policy text, or several files of which `policy.yaml` is the policy. */
export async function load(
  files: string | Uint8Array | Readonly<Record<string, string | Uint8Array>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Loaded> {
  const into = folder();
  write(into, typeof files === 'string' || files instanceof Uint8Array ? { 'policy.yaml': files } : files);
  return loadConfiguration(join(into, 'policy.yaml'), env);
}

/** The diagnostics of a load, each as `line:column severity message`, with the file in front where it is not the policy. */
export function said(loaded: Loaded): string[] {
  return diagnosticsOf(loaded).map(({ place, severity, message }) => {
    const file = place.file.endsWith('policy.yaml') ? '' : `${place.file}:`;
    return `${file}${place.line}:${place.column} ${severity} ${message}`;
  });
}

export function diagnosticsOf(loaded: Loaded): readonly Diagnostic[] {
  return loaded.ok ? loaded.configuration.warnings : loaded.diagnostics;
}

/** The configuration of a policy that has to load. */
export async function loaded(files: Parameters<typeof load>[0], env: Readonly<Record<string, string>> = {}): Promise<Configuration> {
  const result = await load(files, env);
  if (!result.ok) throw new Error(`does not load: ${said(result).join('; ')}`);
  return result.configuration;
}

/** The base with one line replaced by others (or by none). Fails when the line is not there. */
export function basePolicy(line: string, ...instead: readonly string[]): string {
  return changed(base, line, instead);
}

/** `basePolicy` of `unpinned`. */
export function unpinnedPolicy(line: string, ...instead: readonly string[]): string {
  return changed(unpinned, line, instead);
}

function changed(policy: string, line: string, instead: readonly string[]): string {
  const lines = policy.split('\n');
  const at = lines.findIndex((candidate) => candidate.trim() === line.trim());
  if (at === -1) throw new Error(`the base has no line ${line}`);
  const indent = /^ */.exec(lines[at] ?? '')?.[0] ?? '';
  lines.splice(at, 1, ...instead.map((text) => `${indent}${text}`));
  return lines.join('\n');
}
