// Who answers at an address of Countersign: asked for an endpoint that only Countersign has, with a method that it refuses.
import { isJsonObject, own } from '../core/json.ts';
import { CommandFailed } from './exit.ts';
import { ask, header, type Answer, type Call } from './http.ts';
import { parsedJson } from './json-answer.ts';
import { shown } from './output.ts';

export type Answerer =
  /** Countersign, with the id that it gave the request. */
  | { readonly kind: 'countersign'; readonly request: string }
  /** Countersign, which has no registry of this host or path. */
  | { readonly kind: 'other-host'; readonly says: string }
  /** Something else. */
  | { readonly kind: 'other'; readonly says: string }
  /** A server whose certificate is not trusted. */
  | { readonly kind: 'untrusted'; readonly says: string }
  /** Nothing. */
  | { readonly kind: 'silent'; readonly says: string };

/** Asks. `send` is how; without it directly. */
export async function whoAnswers(url: URL, send: (url: URL, call?: Call) => Promise<Answer> = ask): Promise<Answerer> {
  try {
    return read(url, await send(new URL('-/oidc/token', url)));
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return { kind: /certificate/.test(error.message) ? 'untrusted' : 'silent', says: error.message };
  }
}

function read(url: URL, answer: Answer): Answerer {
  const request = header(answer, 'x-request-id') ?? '';
  const said = parsedJson(answer.text);
  const code = isJsonObject(said) ? own(said, 'code') : undefined;
  const ours = /^[0-9a-f]{16}$/.test(request);
  if (ours && answer.status === 405 && code === 'request-method') return { kind: 'countersign', request };
  if (ours && (code === 'request-host' || code === 'request-not-found')) {
    const what = code === 'request-host' ? 'the host that it was asked for' : 'this path';
    return { kind: 'other-host', says: `${url.href} leads to Countersign, which has no registry of ${what}` };
  }
  const location = header(answer, 'location');
  if (answer.status >= 300 && answer.status < 400 && location !== undefined)
    return { kind: 'other', says: `${url.href} redirects to ${shown(location)}, which clients that hold a token do not follow` };
  return { kind: 'other', says: `${url.href} answered ${answer.status}, and not as Countersign does` };
}
