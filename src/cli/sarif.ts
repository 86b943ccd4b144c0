// The diagnostics of a policy as SARIF 2.1.0 (OASIS), for the code scanning of a CI.
import { relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Diagnostic } from '../config/diagnostic.ts';
import { rules } from '../config/rules.ts';
import { policyPath } from './policy-path.ts';

export interface Around {
  /** The folder that addresses of files are relative to: in a CI, the checkout. */
  readonly folder: string;
  /** The policy file; files that it includes are named relative to its folder. */
  readonly config: string;
  readonly version: string;
}

/** One run with one result per diagnostic. */
export function sarif(diagnostics: readonly Diagnostic[], around: Around): object {
  const codes = Object.keys(rules);
  const driver = {
    name: 'Countersign',
    version: around.version,
    rules: Object.entries(rules).map(([id, { severity, title, help }]) => ({
      id,
      shortDescription: { text: title },
      help: { text: help },
      defaultConfiguration: { level: severity },
    })),
  };
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { ROOT: { uri: `${pathToFileURL(around.folder).href}/` } },
        results: diagnostics.map((diagnostic) => result(diagnostic, codes.indexOf(diagnostic.code), around)),
      },
    ],
  };
}

function result({ severity, code, place, message, hint, length }: Diagnostic, ruleIndex: number, around: Around): object {
  const file = policyPath(place.file, { config: around.config, cwd: around.folder });
  const region = { startLine: place.line, startColumn: place.column, endColumn: place.column + length };
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: hint === undefined ? message : `${message}\n${hint}` },
    locations: [{ physicalLocation: { artifactLocation: artifact(file, around.folder), region } }],
    // The same finding on another line is the same finding: code scanning follows it by this.
    partialFingerprints: { 'countersign/v1': `${code}:${message}` },
  };
}

function artifact(file: string, folder: string): object {
  const below = relative(folder, file);
  if (below.startsWith('..') || below === '') return { uri: pathToFileURL(file).href };
  return { uri: below.split(sep).map(encodeURIComponent).join('/'), uriBaseId: 'ROOT' };
}
