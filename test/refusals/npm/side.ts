// npm, pnpm and Yarn, with Verdaccio behind.
import { NPM_CLIENTS } from '../../support/clients.ts';
import { startVerdaccio } from '../../support/verdaccio.ts';
import { recordAll, type Side } from '../side.ts';
import { startStage } from '../stage.ts';
import { npmPages } from './pages.ts';
import { npmScene } from './scene.ts';
import { scenarios, trustedOnly } from './scenarios.ts';

export async function openNpmSide(): Promise<Side> {
  const [verdaccio, mean] = await Promise.all([startVerdaccio({ jwt: true }), startVerdaccio({ jwt: true, maxBodySize: '8kb' })]);
  const packageOf = (id: string): string => `@acme/${id}`;
  const upstreams = { upstream: verdaccio.url, refusing: mean.url };
  const stage = await startStage({ protocol: 'npm', scenarios, ...upstreams, tls: false, packageOf, trustedOnly });
  return {
    codes: scenarios.map(({ code }) => code),
    record: async (code) => {
      const scenario = scenarios.find((each) => each.code === code);
      if (scenario === undefined) return new Map();
      return recordAll(scenario, NPM_CLIENTS, (client) => ({ stage, scene: npmScene(stage, scenario, client) }));
    },
    pages: (recordings) => npmPages((code, client) => recordings.get(`${code} ${client}`)),
    close: async () => void (await Promise.all([stage, verdaccio, mean].map((each) => each.close()))),
  };
}
