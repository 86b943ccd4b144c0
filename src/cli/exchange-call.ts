// What `mint` says to a Countersign and understands of its answers: token exchange (RFC 8693), revocation (RFC 7009).
import { isJsonObject, own, type JsonObject } from '../core/json.ts';
import { parseToken } from '../core/upload-token.ts';
import { CommandFailed, exitCode } from './exit.ts';
import { address, header, type Answer } from './http.ts';
import { parsedJson } from './json-answer.ts';
import type { Surroundings } from './identity/source.ts';
import { shown } from './output.ts';

type Ask = Surroundings['ask'];

const form = { 'content-type': 'application/x-www-form-urlencoded' };

/** An upload token as the proxy answered it. */
export interface MintedToken {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number | undefined;
  readonly scope: string | undefined;
}

/**
 * Exchanges an identity token (RFC 8693 2.1).
 * @throws CommandFailed with the proxy's own sentence when it refuses
 */
export async function exchangeToken(url: URL, wanted: { token: string; package: string | undefined }, ask: Ask): Promise<MintedToken> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: wanted.token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  });
  if (wanted.package !== undefined) body.set('scope', `publish:${wanted.package}`);
  const answer = await ask(new URL('-/oidc/token', url), { method: 'POST', headers: form, body: body.toString() });
  if (answer.status !== 200) throw refusalOf(answer, url);
  const fields = fieldsOf(answer);
  const token = textField(fields, 'access_token');
  // Only what has the checksum of an upload token is printed: the shell that reads stdout must get nothing else.
  if (token === undefined || parseToken(token).kind !== 'token') {
    throw new CommandFailed(exitCode.outage, `${url.host} answered 200, but with no upload token. Is that the address of Countersign?`);
  }
  const expires = own(fields, 'expires_in');
  return { token, expiresIn: typeof expires === 'number' ? expires : undefined, scope: textField(fields, 'scope') };
}

/** Revokes an upload token (RFC 7009 2.1); an unknown one is revoked already. */
export async function revokeToken(url: URL, token: string, ask: Ask): Promise<void> {
  const body = new URLSearchParams({ token }).toString();
  const answer = await ask(new URL('-/oidc/revoke', url), { method: 'POST', headers: form, body });
  if (answer.status !== 200) throw refusalOf(answer, url);
}

/** The failure that an answer stands for: refused, or no answer that counts. */
function refusalOf(answer: Answer, url: URL): CommandFailed {
  const { status } = answer;
  const fields = fieldsOf(answer);
  const said = textField(fields, 'error_description') ?? textField(fields, 'detail') ?? textField(fields, 'message');
  const id = header(answer, 'x-request-id');
  const tail = id === undefined || said?.includes(id) ? '' : ` (request ${shown(id, 64)})`;
  const hint = textField(fields, 'code') === 'audience' ? ' Pass the one that it expects with --audience.' : '';
  if (said !== undefined)
    return new CommandFailed(status >= 500 || status === 429 ? exitCode.outage : exitCode.problem, `${shown(said, 600)}${tail}${hint}`);
  const location = header(answer, 'location');
  if (status >= 300 && status < 400 && location !== undefined) {
    return new CommandFailed(
      exitCode.usage,
      `${address(url)} redirects to ${shown(location)}; a token does not follow. Use the address that answers.`,
    );
  }
  const question = status === 404 ? ' Is that the address of Countersign?' : '';
  return new CommandFailed(exitCode.outage, `${address(url)} answered ${status}.${question}${tail}`);
}

function fieldsOf(answer: Answer): JsonObject {
  const body = parsedJson(answer.text);
  return isJsonObject(body) ? body : {};
}

function textField(fields: JsonObject, name: string): string | undefined {
  const value = own(fields, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
