// The figures as text: one table, every series with its rounds' median and spread, then the goals.
import { median, ratios, spread } from '../lab/rounds.ts';
import type { Environment } from '../lab/machine.ts';
import type { Figure, Goal } from './goals.ts';

/** A value with as many digits as its size deserves. */
export function digits(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const percent = (share: number): string => (Number.isNaN(share) ? '–' : `±${(share * 100).toFixed(0)} %`);

function rows(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  return table
    .map((row) =>
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
    )
    .join('\n');
}

/** All figures. The ratio is to the first series of each figure, taken round by round. */
export function figuresTable(figures: readonly Figure[]): string {
  return figures
    .map(({ name, what, unit, series }) => {
      const [own] = series;
      const lines = series.map((one) => {
        const cpu = one.rounds.flatMap((sample) => sample.cpu ?? []);
        const p99 = one.rounds.flatMap((sample) => sample.p99 ?? []);
        const values = one.rounds.map(({ value }) => value);
        const share = own === undefined || own === one ? '' : digits(median(ratios(own, one)));
        return [
          `  ${one.name}`,
          digits(median(values)),
          percent(spread(values)),
          share,
          digits(cpu.length > 0 ? median(cpu) : undefined),
          digits(p99.length > 0 ? median(p99) : undefined),
        ];
      });
      const head = [`  ${unit}`, 'median', 'spread', 'first ÷ it', 'CPU µs', 'p99 ms'];
      return `${name}: ${what}\n${rows([head, ...lines])}`;
    })
    .join('\n\n');
}

export function goalsTable(goals: readonly Goal[]): string {
  const mark = ({ met }: Goal): string => (met === undefined ? 'not measured' : met ? 'met' : 'NOT MET');
  const lines = goals.map((goal) => [goal.name, digits(goal.value), goal.goal, mark(goal)]);
  return rows([['goal', 'value', 'bound', ''], ...lines]);
}

export function environmentText(environment: Environment, busy: number, again: readonly string[]): string {
  const { date, commit, cpu, cores, memoryGiB, node, kernel } = environment;
  const machine = `${date.slice(0, 10)}, commit ${commit}, ${cores} × ${cpu}, ${memoryGiB} GiB, ${kernel}, Node ${node}`;
  const noise = `Others used ${(busy * 100).toFixed(0)} % of the machine just before. Measured again: ${again.length} times.`;
  return `${machine}\n${noise}`;
}
