// What `explain` is asked about: a token from a file or stdin, or bare claims; and which issuer they are from.
import { readFile } from 'node:fs/promises';
import type { Issuer } from '../config/configuration.ts';
import { isJsonObject, own, type JsonObject } from '../core/json.ts';
import { isRefusal } from '../core/refusal.ts';
import { readUnverified } from '../oidc/unverified.ts';
import { CommandFailed, exitCode } from './exit.ts';
import { parsedJson } from './json-answer.ts';
import { shown } from './output.ts';
import type { Terminal } from './terminal.ts';

export interface Subject {
  readonly claims: JsonObject;
  /** Absent when bare claims were given. */
  readonly token?: string;
}

/** Reads `--token-file` or `--claims`; exactly one has to be there. */
export async function readSubject(
  options: { readonly tokenFile?: string; readonly claims?: string },
  terminal: Terminal,
): Promise<Subject> {
  if (options.tokenFile !== undefined) {
    const token = (await content(options.tokenFile, terminal)).trim();
    const read = readUnverified(token);
    if (isRefusal(read)) throw new CommandFailed(exitCode.usage, read.message);
    return { claims: read.claims.unverified, token };
  }
  if (options.claims === undefined)
    throw new CommandFailed(exitCode.usage, 'Give --token-file with an identity token, or --claims with its claims as JSON.');
  const claims = parsedJson(await content(options.claims, terminal));
  if (isJsonObject(claims)) return { claims };
  throw new CommandFailed(exitCode.usage, `${options.claims} is not a JSON object of claims.`);
}

async function content(path: string, terminal: Terminal): Promise<string> {
  if (path === '-') return (await terminal.stdin()) ?? '';
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) throw new CommandFailed(exitCode.usage, `${path} cannot be read.`);
  return text;
}

/** The configured issuer that the claims are from: by `iss` exactly, or by name where bare claims have no `iss`. */
export function issuerOf(issuers: ReadonlyMap<string, Issuer>, claims: JsonObject, name: string | undefined): Issuer {
  const iss = own(claims, 'iss');
  const known = [...issuers.values()].map((issuer) => `${issuer.name} (${issuer.url})`).join(', ');
  const found = name === undefined ? [...issuers.values()].find((issuer) => issuer.url === iss) : issuers.get(name);
  if (found === undefined) {
    const asked = name ?? (typeof iss === 'string' ? shown(iss) : 'the token, which has no `iss`,');
    throw new CommandFailed(exitCode.problem, `Issuer ${asked} is not configured. There are: ${known}.`);
  }
  if (iss !== undefined && iss !== found.url) {
    throw new CommandFailed(
      exitCode.problem,
      `The claims are from ${typeof iss === 'string' ? shown(iss) : 'something else'}, not from issuer ${found.name} (${found.url}).`,
    );
  }
  return found;
}
