// Names of the variables in which a job's identity token is looked for.

/** Works on any CI; looked at before the CI's own ways. */
export const ownVariable = 'COUNTERSIGN_ID_TOKEN';

/**
 * The variables for an audience, in order: ours; the one that npm clients read for `npm:` audiences; and the one that
 * the Python clients read, the audience upper-cased with `_` for every character but letters and digits.
 */
export function tokenVariables(audience: string): readonly string[] {
  const named = `${audience.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_ID_TOKEN`;
  return [ownVariable, ...(audience.startsWith('npm:') ? ['NPM_ID_TOKEN'] : []), named];
}
