// `countersign health`: one request to the admin listener, for the HEALTHCHECK of a container.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { expand } from '../config/variables.ts';
import { isJsonObject, own } from '../core/json.ts';
import { CommandFailed, exitCode, type ExitCode } from './exit.ts';
import { ask } from './http.ts';
import { parsedJson } from './json-answer.ts';
import { printJson, shown } from './output.ts';
import type { Terminal } from './terminal.ts';

const defaultAddress = '127.0.0.1:9090';

export interface HealthOptions {
  readonly config: string;
  readonly address?: string;
  readonly ready?: boolean;
  readonly json?: boolean;
}

/** Exit code 0 when the proxy is well, 1 when it says that it is not or does not answer. */
export async function health(options: HealthOptions, terminal: Terminal): Promise<ExitCode> {
  const url = new URL(options.ready ? '/readyz' : '/healthz', listener(options.address ?? adminAddress(options.config, terminal)));
  const { well, text } = await answerOf(url);
  const said = parsedJson(text);
  if (options.json) printJson(terminal, { well, url: url.href, ...(isJsonObject(said) ? { answer: said } : {}) });
  else terminal.out(`${well ? 'ok' : 'not well'}: ${shown(text.trim(), 600)}\n`);
  return well ? exitCode.ok : exitCode.problem;
}

async function answerOf(url: URL): Promise<{ well: boolean; text: string }> {
  try {
    const answer = await ask(url);
    return { well: answer.status === 200, text: answer.text };
  } catch (error) {
    if (error instanceof CommandFailed) return { well: false, text: error.message };
    throw error;
  }
}

/**
 * `server.admin` as the file has it, without validation: a proxy that keeps running on its old policy is healthy while
 * the file on disk is broken, and the check must not need the secrets that the policy needs.
 */
function adminAddress(file: string, { env }: Terminal): string {
  try {
    const document: unknown = parse(readFileSync(file, 'utf8'));
    const server = isJsonObject(document) ? own(document, 'server') : undefined;
    const written = isJsonObject(server) ? own(server, 'admin') : undefined;
    const admin = isJsonObject(written) ? own(written, 'listen') : written;
    return (typeof admin === 'string' ? expand(admin, env) : undefined) ?? defaultAddress;
  } catch {
    return defaultAddress;
  }
}

/** Where a listener bound to every address is asked: on this machine. */
function listener(address: string): string {
  const local = address.replace(/^(0\.0\.0\.0|\*)?:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');
  const url = `http://${local}`;
  if (URL.canParse(url)) return url;
  throw new CommandFailed(exitCode.usage, `${shown(address)} is not an address of the form host:port.`);
}
