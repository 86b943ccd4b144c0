// Which Node versions run Countersign. Imports nothing, so that an old Node gets as far as saying so.

const floors: Readonly<Record<number, readonly [minor: number, patch: number]>> = { 22: [22, 2], 24: [15, 0] };
const firstOpenMajor = 26;

/**
 * The sentence to print when this Node is not in `engines` of package.json (test/cli/node-version.test.ts compares the
 * two), else undefined. Older releases have parser faults that a proxy must not have.
 * @param version as in `process.versions.node`
 */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const floor = floors[major];
  const runs = floor === undefined ? major >= firstOpenMajor : minor > floor[0] || (minor === floor[0] && patch >= floor[1]);
  return runs ? undefined : `Countersign needs Node 22.22.2 or newer, 24.15.0 or newer, or 26 and up; this is Node ${version}.`;
}
