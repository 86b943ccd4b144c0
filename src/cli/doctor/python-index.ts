// Whether an address is that of a Python index on Countersign. Neither clients nor files tell: GitHub's machines have npm on the path
// in every job, and a job that publishes wheels of another job has no checkout.
import { isJsonObject, own } from '../../core/json.ts';
import { CommandFailed } from '../exit.ts';
import type { Surroundings } from '../identity/source.ts';
import { parsedJson } from '../json-answer.ts';

const accept = 'application/vnd.pypi.pytp.v1+json';

/** Asks for discovery of exactly this upload URL (PEP 807, draft). False, too, when nobody answers: `reach` says that. */
export async function isPythonIndex(url: URL, ask: Surroundings['ask']): Promise<boolean> {
  try {
    const answer = await ask(new URL(`/.well-known/pytp?discover=${encodeURIComponent(url.pathname)}`, url), { headers: { accept } });
    const said = parsedJson(answer.text);
    return answer.status === 200 && isJsonObject(said) && typeof own(said, 'token-mint-endpoint') === 'string';
  } catch (error) {
    if (error instanceof CommandFailed) return false;
    throw error;
  }
}
