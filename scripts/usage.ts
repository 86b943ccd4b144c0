// What a script takes on its command line: told by --help, and to whoever mistypes.

/**
 * The options as `read` has them. Ends the process for `--help`, with 0, and for what `read` throws at, with 2; both print `usage`.
 */
export function orUsage<Options>(usage: string, read: () => Options): Options {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return read();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}
