// Switches of Node that would let secrets out, told at the start (SEC-07, SUP-12).
import { describe, expect, test } from 'vitest';
import { openMemory } from '../../src/cli/open-memory.ts';

describe('switches of Node', () => {
  test.each([
    [['--inspect'], ''],
    [['--inspect=0.0.0.0:9229'], ''],
    [['--inspect-brk'], ''],
    [['--inspect_wait'], ''],
    [['--inspect-publish-uid=http'], ''],
    [['--heapsnapshot-signal=SIGUSR2'], ''],
    [['--heapsnapshot-near-heap-limit=1'], ''],
    [['--heap-prof'], ''],
    [['--report-on-signal'], ''],
    [['--report-uncaught-exception'], ''],
    [['--abort_on_uncaught_exception'], ''],
    [[], '--max-old-space-size=96 --inspect'],
    [[], '--report-on-fatalerror'],
  ])('beside SEC-07: %j with NODE_OPTIONS=%s is told', (nodeArguments, options) => {
    expect(openMemory({ nodeArguments, env: { NODE_OPTIONS: options } })).toEqual([expect.stringMatching(/^--\S+ lets secrets out/)]);
  });

  test('beside SEC-07: NODE_DEBUG is told: `net` prints Authorization as it is sent', () => {
    expect(openMemory({ nodeArguments: [], env: { NODE_DEBUG: 'net' } })).toHaveLength(1);
  });

  test.each([
    [[], undefined],
    [[], ''],
    [['--max-old-space-size=96', '--disable-proto=delete', '--use-system-ca'], '--dns-result-order=ipv4first --enable-source-maps'],
  ])('beside SEC-07: %j with NODE_OPTIONS=%s is nothing to tell', (nodeArguments, options) => {
    expect(openMemory({ nodeArguments, env: { NODE_OPTIONS: options, NODE_DEBUG: '' } })).toEqual([]);
  });
});
