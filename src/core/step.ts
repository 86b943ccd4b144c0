// Steps of a request that decide something or take time, for who looks on: a trace shows them, nothing depends on it.

export type StepName = 'verify' | 'match' | 'store' | 'inspect' | 'lookup' | 'forward' | 'pass-through';

/** Does the work and gives its result; a promise is waited for by who looks on, and is the same to everybody else. */
export type Step = <Result>(name: StepName, work: () => Result) => Result;

/** Nobody looks on. */
export const unwatched: Step = (_, work) => work();
