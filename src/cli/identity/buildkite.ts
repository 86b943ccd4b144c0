// Buildkite: the agent makes a fresh token per request.
import type { IdentitySource } from './source.ts';

export const buildkite: IdentitySource = {
  title: 'Buildkite',
  here: (env) => env['BUILDKITE'] === 'true',
  fetch: async (audience, { execute }) => {
    const made = await execute('buildkite-agent', ['oidc', 'request-token', '--audience', audience]);
    if (made !== undefined && made.trim() !== '') return { token: made.trim() };
    return {
      missing:
        '`buildkite-agent oidc request-token` failed. Is buildkite-agent on the PATH of this step (plug-ins and containers hide it)?',
    };
  },
};
