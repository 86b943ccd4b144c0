// The page for people that each registry has.

/** Where each registry has its page for people, below its URL. */
export const howToPath = '/-/how-to-publish';

/** One way of publishing, for people: what it is, what to know, and what to copy. */
export interface HowTo {
  readonly title: string;
  readonly says: string;
  readonly code: string;
}
