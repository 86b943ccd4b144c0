// `countersign mint`: inside a CI job, the job's identity token becomes an upload token on stdout. stdout has nothing else,
// so that `TWINE_PASSWORD=$(countersign mint …)` is right; whatever there is to say goes to stderr.
import { execFile } from 'node:child_process';
import { exitCode, type ExitCode } from './exit.ts';
import { exchangeToken } from './exchange-call.ts';
import { ask, throughProxy, type Call } from './http.ts';
import { identityToken } from './identity/index.ts';
import type { Surroundings } from './identity/source.ts';
import { renderToken, type TokenFormat } from './token-format.ts';
import { proxyUrl } from './proxy-url.ts';
import type { Terminal } from './terminal.ts';

export interface MintOptions {
  readonly url?: string;
  /** `<registry>:<package>`; without it the token is for all that the job may publish. */
  readonly package?: string;
  readonly audience?: string;
  readonly idTokenFile?: string;
  readonly idTokenVariable?: string;
  readonly format: TokenFormat;
  readonly allowHttp?: boolean;
}

/** Runs it. Throws `CommandFailed` for everything that keeps a token from being minted. */
export async function mint(options: MintOptions, terminal: Terminal): Promise<ExitCode> {
  const url = proxyUrl(options.url ?? terminal.env['COUNTERSIGN_URL'], options.allowHttp === true);
  const surroundings = surroundingsOf(terminal);
  const token = await identityToken(
    {
      // Never what a server asks for: one that was taken over could ask for a token that opens a cloud account.
      audience: options.audience ?? url.origin,
      file: options.idTokenFile,
      variable: options.idTokenVariable,
      stdin: terminal.stdin,
    },
    surroundings,
  );
  hide(token, terminal);
  const minted = await exchangeToken(url, { token, package: options.package }, surroundings.ask);
  hide(minted.token, terminal);
  terminal.out(renderToken(options.format, minted, url, terminal.now()));
  return exitCode.ok;
}

/** Network and programs as the job's environment has them. */
export function surroundingsOf(terminal: Terminal): Surroundings {
  const dispatcher = throughProxy(terminal.env);
  return {
    env: terminal.env,
    ask: (url: URL, call: Call = {}) => ask(url, { ...call, dispatcher }),
    execute: (program, args) => execute(program, args, terminal.env),
    note: (line) => terminal.err(`${line}\n`),
  };
}

/** Has GitHub blank the secret out of the job's log (SEC-19). On stderr, which it reads for commands just as stdout. */
function hide(secret: string, { env, err }: Terminal): void {
  if (env['GITHUB_ACTIONS'] === 'true') err(`::add-mask::${secret}\n`);
}

function execute(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, [...args], { env, timeout: 10_000, maxBuffer: 64 * 1024 }, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });
}
