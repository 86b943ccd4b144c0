// uv, pdm, maturin, twine, curl and what comes before twine, with devpi behind.
import { startDevpi } from '../../support/devpi.ts';
import { recordAll, type Side } from '../side.ts';
import { startStage } from '../stage.ts';
import { startPoorUpstream } from '../upstreams.ts';
import { pypiPages } from './pages.ts';
import { PYPI_CLIENTS, pypiScene } from './scene.ts';
import { scenarios, trustedOnly } from './scenarios.ts';

const refusing =
  'HTTP/1.1 422 Unprocessable Entity\r\ncontent-type: text/plain\r\ncontent-length: 31\r\n\r\nLicense-Expression is required.';

export async function openPypiSide(): Promise<Side> {
  const [devpi, mean] = await Promise.all([startDevpi(), startPoorUpstream(refusing)]);
  const packageOf = (id: string): string => `acme-${id}`;
  const options = { protocol: 'pypi', scenarios, upstream: devpi.dev, refusing: mean.url, packageOf, trustedOnly } as const;
  // maturin knows no authority but its own list, and takes http as it is: a stage of its own for it.
  const [stage, plain] = await Promise.all([startStage({ ...options, tls: true }), startStage({ ...options, tls: false })]);
  return {
    codes: scenarios.map(({ code }) => code),
    record: async (code) => {
      const scenario = scenarios.find((each) => each.code === code);
      if (scenario === undefined) return new Map();
      return recordAll(scenario, PYPI_CLIENTS, (client) => {
        const at = client === 'maturin' ? plain : stage;
        return { stage: at, scene: pypiScene(at, scenario, client) };
      });
    },
    pages: (recordings) => pypiPages((code, client) => recordings.get(`${code} ${client}`)),
    close: async () => void (await Promise.all([stage, plain, devpi, mean].map((each) => each.close()))),
  };
}
