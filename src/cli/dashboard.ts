// What the dashboard shows of what commands can do: `explain` and `snippet`, without a terminal.
import type { Snippet, Tools, Trial } from '../admin/scene.ts';
import { isJsonObject } from '../core/json.ts';
import type { Considered } from '../core/match.ts';
import { lists } from '../core/publisher.ts';
import { isRefusal, toPrintable } from '../core/refusal.ts';
import { readUnverified } from '../oidc/unverified.ts';
import { explanationFor, type Explanation } from './explain.ts';
import type { Subject } from './explain-input.ts';
import { nearestFirst, told } from './explain-text.ts';
import { CommandFailed } from './exit.ts';
import { parsedJson } from './json-answer.ts';
import { snippetFor } from './snippet.ts';

/** @param now milliseconds since 1970 */
export function dashboardTools(now: () => number = Date.now): Omit<Tools, 'overlap'> {
  return {
    explain: async (configuration, text, target) => {
      const subject = subjectOf(text);
      if ('problem' in subject) return subject;
      return orProblem(async () =>
        trialOf(await explanationFor(configuration, target, subject, { issuer: undefined, verify: false, now })),
      );
    },
    snippets: (configuration, publisher) =>
      [...publisher.publish.keys()].flatMap((name): (Snippet | { readonly problem: string })[] => {
        const registry = configuration.registries.get(name);
        if (registry === undefined) return [];
        try {
          return [snippetFor(configuration, publisher, registry)];
        } catch (error) {
          return [problemOf(error)];
        }
      }),
  };
}

/** Claims as JSON, else an identity token. */
function subjectOf(text: string): Subject | { readonly problem: string } {
  if (text.startsWith('{')) {
    const claims = parsedJson(text);
    return isJsonObject(claims) ? { claims } : { problem: 'That is no JSON object of claims.' };
  }
  const read = readUnverified(text);
  return isRefusal(read) ? { problem: read.message } : { claims: read.claims.unverified, token: text };
}

async function orProblem<T>(work: () => Promise<T>): Promise<T | { readonly problem: string }> {
  try {
    return await work();
  } catch (error) {
    return problemOf(error);
  }
}

/** What a command would have ended with. */
function problemOf(error: unknown): { readonly problem: string } {
  if (error instanceof CommandFailed) return { problem: error.message };
  throw error;
}

function trialOf(found: Explanation): Trial {
  const { registry, asked, issuer, anchor, token, decision, granted } = found;
  const what = asked.package === undefined ? `Registry ${registry.name}` : `${registry.name}:${asked.package}`;
  const sentence = told(found);
  const signature =
    token.length === 0
      ? 'Bare claims: nothing about them was verified.'
      : 'Its signature was not looked at: countersign explain --verify does that.';
  return {
    granted,
    headline: `${what} would be ${granted ? 'granted' : 'refused'}`,
    ...(sentence === undefined ? {} : { told: sentence }),
    token: token.map(({ what: part, status, says }) => ({ what: part, status, says: toPrintable(says, 600) })),
    trust: `Issuer ${issuer.name} (${issuer.provider.title}), for ${toPrintable(anchor)}. ${signature}`,
    publishers: nearestFirst(decision.considered, found).map((one) => triedPublisher(one, found)),
  };
}

function triedPublisher({ publisher, checks }: Considered, { asked }: Explanation): Trial['publishers'][number] {
  return {
    name: publisher.name,
    listed: lists(publisher, asked.registries, asked.package),
    matches: checks.every((check) => check.ok),
    checks: checks.map(({ field, expected, actual, ok }) => ({
      field,
      expected,
      actual: actual === undefined ? null : toPrintable(actual),
      ok,
    })),
  };
}
