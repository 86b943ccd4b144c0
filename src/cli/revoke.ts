// `countersign mint --revoke`: gives an upload token back before it expires, for the last step of a job.
import { parseToken } from '../core/upload-token.ts';
import { CommandFailed, exitCode, type ExitCode } from './exit.ts';
import { revokeToken } from './exchange-call.ts';
import { surroundingsOf } from './mint.ts';
import { proxyUrl } from './proxy-url.ts';
import type { Terminal } from './terminal.ts';

/** Where the token is when stdin has none. */
const variable = 'COUNTERSIGN_TOKEN';

/**
 * Revokes the token in `COUNTERSIGN_TOKEN`, else on stdin. Never from the command line, which every process of the
 * machine can read (SEC-08, SEC-19).
 */
export async function revoke(options: { readonly url?: string; readonly allowHttp?: boolean }, terminal: Terminal): Promise<ExitCode> {
  const url = proxyUrl(options.url ?? terminal.env['COUNTERSIGN_URL'], options.allowHttp === true);
  const text = (terminal.env[variable] ?? (await terminal.stdin()) ?? '').trim();
  if (text === '') throw new CommandFailed(exitCode.usage, `Put the upload token into ${variable} or pipe it into stdin.`);
  const parsed = parseToken(text);
  if (parsed.kind !== 'token') {
    throw new CommandFailed(
      exitCode.usage,
      parsed.kind === 'damaged' ? 'That upload token is cut short or mistyped.' : 'That is no upload token.',
    );
  }
  await revokeToken(url, text, surroundingsOf(terminal).ask);
  terminal.err('Upload token revoked.\n');
  return exitCode.ok;
}
