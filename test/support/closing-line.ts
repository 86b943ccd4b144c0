// Vitest reporter that ends a run with one plain line, `N passed, N failed, N skipped`, for CI and people to read.
import type { Reporter, TestModule } from 'vitest/node';

type Counts = { passed: number; failed: number; skipped: number };

/** A file that did not load and an error outside of any test count as failed, so that "0 failed" is never said of a red run. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) add(counts, test.result().state);
    }
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  }
}

function add(counts: Counts, state: 'passed' | 'failed' | 'skipped' | 'pending'): void {
  // A test that never ran to its end (an interrupted run) has not passed.
  counts[state === 'pending' ? 'failed' : state] += 1;
}
