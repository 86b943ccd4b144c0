// The admin listener as the policy file has it, for commands that ask it.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { expand } from '../config/variables.ts';
import { isJsonObject, own } from '../core/json.ts';
import { CommandFailed, exitCode } from './exit.ts';
import { shown } from './output.ts';
import type { Terminal } from './terminal.ts';

const defaultAddress = '127.0.0.1:9090';

export interface AdminListener {
  readonly address: string;
  /** What it wants to be shown, where that is known here. */
  readonly token?: string;
}

/**
 * `server.admin` as the file has it, without validation: a proxy that keeps running on its old policy is healthy while
 * the file on disk is broken, and asking it must not need the secrets that the policy needs.
 */
export function adminListener(file: string, { env }: Terminal): AdminListener {
  try {
    const document: unknown = parse(readFileSync(file, 'utf8'));
    const server = isJsonObject(document) ? own(document, 'server') : undefined;
    const admin = isJsonObject(server) ? own(server, 'admin') : undefined;
    if (!isJsonObject(admin)) return { address: text(admin, env) ?? defaultAddress };
    const tokenFile = text(own(admin, 'token_file'), env);
    const token = tokenFile === undefined ? text(own(admin, 'token'), env) : readToken(resolve(dirname(file), tokenFile));
    return { address: text(own(admin, 'listen'), env) ?? defaultAddress, ...(token === undefined ? {} : { token }) };
  } catch {
    return { address: defaultAddress };
  }
}

function text(value: unknown, env: NodeJS.ProcessEnv): string | undefined {
  return typeof value === 'string' ? expand(value, env) : undefined;
}

function readToken(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Where a listener bound to every address is asked: on this machine. @throws CommandFailed for what is no address */
export function listenerUrl(address: string): string {
  const local = address.replace(/^(0\.0\.0\.0|\*)?:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');
  const url = /^https?:\/\//.test(address) ? address : `http://${local}`;
  if (URL.canParse(url)) return url;
  throw new CommandFailed(exitCode.usage, `${shown(address)} is not a URL nor an address of the form host:port.`);
}

/** A listener that is asked for records, and the token that it is shown. */
export interface AdminAccess {
  readonly base: string;
  readonly token: string | undefined;
}

/** The listener that is named, else that of the policy file. The token of the policy file is for the latter alone. */
export function adminAccess({ config, admin }: { readonly config: string; readonly admin?: string }, terminal: Terminal): AdminAccess {
  const { COUNTERSIGN_ADMIN_TOKEN: fromEnvironment } = terminal.env;
  if (admin !== undefined) return { base: listenerUrl(admin), token: fromEnvironment || undefined };
  const { address, token } = adminListener(config, terminal);
  return { base: listenerUrl(address), token: fromEnvironment || token };
}
