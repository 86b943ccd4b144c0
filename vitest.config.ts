// How the tests run: every file in a process of its own, two at a time, against real servers. `npm test` runs the project
// `tests`; what takes long by its nature is in `slow`, what needs a real browser in `browser`, and `.ci/run` runs both, too.
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/support/closing-line.ts';

const slow = 'test/**/*.slow.test.ts';
const browser = 'test/**/*.browser.test.ts';

export default defineConfig({
  test: {
    globalSetup: ['test/support/run-folder.ts'],
    pool: 'forks',
    isolate: true,
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 15_000,
    reporters: ['default', new ClosingLine()],
    projects: [
      { extends: true, test: { name: 'tests', include: ['test/**/*.test.ts'], exclude: [slow, browser] } },
      { extends: true, test: { name: 'slow', include: [slow] } },
      { extends: true, test: { name: 'browser', include: [browser] } },
    ],
  },
});
