// `countersign health`: one request to the admin listener, for the HEALTHCHECK of a container.
import { isJsonObject } from '../core/json.ts';
import { adminListener, listenerUrl } from './admin-listener.ts';
import { CommandFailed, exitCode, type ExitCode } from './exit.ts';
import { ask } from './http.ts';
import { parsedJson } from './json-answer.ts';
import { printJson, shown } from './output.ts';
import type { Terminal } from './terminal.ts';

export interface HealthOptions {
  readonly config: string;
  readonly address?: string;
  readonly ready?: boolean;
  readonly json?: boolean;
}

/** Exit code 0 when the proxy is well, 1 when it says that it is not or does not answer. */
export async function health(options: HealthOptions, terminal: Terminal): Promise<ExitCode> {
  const url = new URL(
    options.ready ? '/readyz' : '/healthz',
    listenerUrl(options.address ?? adminListener(options.config, terminal).address),
  );
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
