// `subject:` and `claims:` of publishers whose issuer is of no particular CI (provider: generic).
import { patternProblem } from '../../core/pattern.ts';
import { userControlled, type FreeClaim } from '../../providers/index.ts';
import type { Cursor } from '../cursor.ts';
import { didYouMean, quote } from '../did-you-mean.ts';
import { explainEmpty } from '../issues.ts';

/** Claims that every token is checked for anyway, so that naming them would only look like a condition. */
const always = ['iss', 'exp', 'iat', 'nbf', 'jti'];

type Value = Pick<FreeClaim, 'kind' | 'value'>;

/** The conditions, one of them the anchor; undefined after everything that is wrong was reported. */
export function freeClaims(from: Cursor): readonly FreeClaim[] | undefined {
  const subject = from.at('subject');
  const named = from.at('claims');
  const stated = [...(subject.exists ? [['sub', subject] as const] : []), ...named.entries];
  const claims = stated.map(([name, cursor]) => {
    const value = claimValue(name, cursor, name === 'sub' && cursor.path.at(-1) === 'subject');
    return value === undefined ? undefined : { name, ...value };
  });
  if (named.exists && named.entries.length === 0) return named.value === null ? explainEmpty(named) : named.error('write claims by name');
  if (!claims.every((claim) => claim !== undefined)) return undefined;
  if (!subject.exists && claims.length < 2) return from.errorAtKey('a publisher of this issuer states subject, or at least two claims');
  // A caller proves the anchor before it is told anything, so the anchor is no claim that it chooses itself.
  const anchor = claims.findIndex((claim) => !userControlled.includes(claim.name));
  if (anchor === -1) {
    const names = claims.map(({ name }) => name).join(', ');
    return named.errorAtKey(`whoever can start a job chooses ${names}`, 'add subject, or a claim that only the issuer sets');
  }
  return claims.map((claim, index) => ({ ...claim, anchor: index === anchor }));
}

function claimValue(name: string, cursor: Cursor, isSubject: boolean): Value | undefined {
  const { value } = cursor;
  if (!isSubject && name === 'sub') return cursor.errorAtKey('write sub as subject:, beside claims:');
  if (always.includes(name)) return cursor.errorAtKey(`${name} is always checked; name other claims`);
  if (value === null) return explainEmpty(cursor);
  if (typeof value === 'object') return operator(cursor, isSubject);
  const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  if (!scalar) return cursor.error('expected text');
  if (isSubject && typeof value !== 'string') return cursor.error(`expected text, got ${value}`, `quote it: "${value}"`);
  const text = String(value);
  if (text === '' || text.trim() !== text) return cursor.error(text === '' ? 'the text is empty' : 'begins or ends with a space');
  if (text === 'any') return cursor.error('any is no condition', 'leave the claim out');
  if (text.includes('*'))
    return cursor.error('"*" is not a pattern here, it is compared exactly', `write { glob: ${JSON.stringify(text)} }`);
  return { kind: 'equals', value: text };
}

function operator(cursor: Cursor, isSubject: boolean): Value | undefined {
  const known = isSubject ? ['glob'] : ['glob', 'contains'];
  const form = known.map((key) => `{ ${key}: … }`).join(' or ');
  const [entry, ...more] = cursor.entries;
  if (entry === undefined || more.length > 0) return cursor.error(`write a text, or ${form}`);
  const [kind, operand] = entry;
  if (!known.includes(kind))
    return operand.errorAtKey(`unknown key ${quote(kind)}${didYouMean(kind, known)}`, `known here: ${known.join(', ')}`);
  const { value } = operand;
  if (typeof value !== 'string' || value === '' || value.trim() !== value) return operand.error('expected text');
  if (kind === 'contains') {
    return value.includes('*') ? operand.error('contains compares exactly; "*" is not a pattern here') : { kind: 'contains', value };
  }
  const problem = patternProblem(value) ?? (/[A-Za-z0-9]/.test(value) ? undefined : 'the pattern matches everything');
  return problem === undefined ? { kind: 'glob', value } : operand.error(problem);
}
