// GitHub Actions and what copies it (GitHub Enterprise Server, Forgejo): a fresh token per request, from the run service.
import { isJsonObject, own } from '../../core/json.ts';
import { CommandFailed, exitCode } from '../exit.ts';
import { address } from '../http.ts';
import { parsedJson } from '../json-answer.ts';
import type { IdentitySource } from './source.ts';

export const github: IdentitySource = {
  title: 'GitHub Actions',
  here: (env) => env['GITHUB_ACTIONS'] === 'true' || env['ACTIONS_ID_TOKEN_REQUEST_URL'] !== undefined,
  fetch: async (audience, { env, ask }) => {
    const requestUrl = env['ACTIONS_ID_TOKEN_REQUEST_URL'];
    const bearer = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
    if (!requestUrl || !bearer || !URL.canParse(requestUrl)) {
      return { missing: 'The job may not ask for identity tokens. Add `permissions: id-token: write` to it.' };
    }
    const url = new URL(requestUrl);
    url.searchParams.set('audience', audience);
    const answer = await ask(url, { headers: { authorization: `Bearer ${bearer}` } });
    const body = parsedJson(answer.text);
    const token = isJsonObject(body) ? own(body, 'value') : undefined;
    if (answer.status === 200 && typeof token === 'string') return { token };
    throw new CommandFailed(exitCode.outage, `${address(new URL(url.origin))} answered ${answer.status} when asked for an identity token.`);
  },
};
