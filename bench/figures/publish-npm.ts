// publish-npm: documents to a real Verdaccio, through Countersign and directly with the same kind of credential.
import { startVerdaccio } from '../../test/support/verdaccio.ts';
import { forgetPeak, memory, peakMemory } from '../lab/cpu.ts';
import { documentOf, publish } from '../lab/npm-document.ts';
import { npmName, startPublishing } from '../lab/publishing.ts';
import { inTurn, median, ratios, type Contender, type Series } from '../lab/rounds.ts';
import { startUpstream } from '../lab/start.ts';
import { atMost, type Figure } from '../report/goals.ts';
import { withClosers, type Run } from './run.ts';

const mega = 1_000_000;
let version = 0;

function publishing(name: string, url: string, bytes: number, token: string): Contender {
  return {
    name,
    measure: async () => {
      version += 1;
      return { value: await publish(url, npmName, documentOf(npmName, `1.0.${version}`, bytes), token) };
    },
  };
}

export async function publishNpm(run: Run): Promise<Figure[]> {
  return withClosers(async (closing) => {
    const verdaccio = closing(await startVerdaccio({ jwt: true, maxBodySize: '400mb' }));
    const jwt = await verdaccio.login();
    const proxy = closing(
      await startPublishing({ build: run.build, npm: verdaccio.url, pypi: verdaccio.url, npmCredential: { bearer: jwt } }),
    );
    const token = await proxy.npm.token();
    const figures: Figure[] = [];
    for (const [title, bytes, rounds] of [
      ['1 KB', 1000, 4 * run.rounds],
      ['10 MB', 10 * mega, run.rounds],
      ['100 MB', 100 * mega * run.size, run.rounds],
    ] as const) {
      const contenders = [publishing('countersign', proxy.npm.url, bytes, token), publishing('direct', verdaccio.url, bytes, jwt)];
      for (const { measure } of contenders) await measure();
      const series = await inTurn(contenders, rounds);
      const [own, direct] = series as [Series, Series];
      const more = 1000 * (median(own.rounds.map(({ value }) => value)) - median(direct.rounds.map(({ value }) => value)));
      const goals =
        bytes === 1000
          ? [atMost('publish-npm 1 KB to Verdaccio, ms more than direct', more, 10)]
          : [atMost(`publish-npm ${title} to Verdaccio, wall ÷ direct`, median(ratios(own, direct)), 1.1)];
      figures.push({ name: 'publish-npm', what: `PUT of a ${title} document to Verdaccio`, unit: 's', series, goals });
    }
    return figures;
  });
}

export async function npmMemory(run: Run): Promise<Figure[]> {
  return withClosers(async (closing) => {
    const upstream = closing(await startUpstream());
    const { subject, npm } = closing(await startPublishing({ build: run.build, npm: upstream.url, pypi: upstream.url }));
    const token = await npm.token();
    const size = 100 * run.size;
    const document = documentOf(npmName, '9.9.9', size * mega);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const idle = memory(subject.pid);
    forgetPeak(subject.pid);
    await publish(npm.url, npmName, document, token);
    const times = ((peakMemory(subject.pid) - idle) * 2 ** 20) / document.length;
    const series = [{ name: `a document of ${size} MB`, rounds: [{ value: times }] }];
    const goals = [atMost(`memory above idle ÷ document, npm ${size} MB`, times, 2.5)];
    return [{ name: 'memory', what: 'peak of the resident set above idle ÷ the npm document', unit: '×', series, goals }];
  });
}
