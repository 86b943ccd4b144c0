// start: from the command to the first good answer of /readyz, and the memory of a process that has nothing to do.
import { startReading } from './pass-through.ts';
import { memory } from '../lab/cpu.ts';
import { inTurn, median } from '../lab/rounds.ts';
import { startPeer, startUpstream } from '../lab/start.ts';
import { atMost, type Figure } from '../report/goals.ts';
import { withClosers, type Run } from './run.ts';

export async function start(run: Run): Promise<Figure[]> {
  return withClosers(async (closing) => {
    const upstream = closing(await startUpstream());
    const resting: number[] = [];
    const begin = async (): Promise<number> => {
      const began = performance.now();
      const subject = await startReading(run.build, upstream);
      const took = performance.now() - began;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      resting.push(memory(subject.pid));
      await subject.close();
      return took;
    };
    const bare = async (): Promise<number> => {
      const began = performance.now();
      const peer = await startPeer('upstream', [], { ready: 'b1' });
      const took = performance.now() - began;
      await peer.close();
      return took;
    };
    await begin();
    const series = await inTurn(
      [
        { name: 'countersign', measure: async () => ({ value: await begin() }) },
        { name: 'a bare node:http server', measure: async () => ({ value: await bare() }) },
      ],
      run.rounds,
    );
    const rss = resting.map((value) => ({ value }));
    return [
      {
        name: 'start',
        what: 'cold start to ready',
        unit: 'ms',
        series,
        goals: [atMost('start to ready, ms', median(series[0]?.rounds.map(({ value }) => value) ?? []), 500)],
      },
      {
        name: 'start',
        what: 'resident set at rest',
        unit: 'MiB',
        series: [{ name: 'countersign', rounds: rss }],
        goals: [atMost('resident set at rest, MiB', median(resting), 110)],
      },
    ];
  });
}
