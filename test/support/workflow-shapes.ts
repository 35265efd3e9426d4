/** A workflow's steps with their conditions, and how each of them is to end. */
export interface Shape {
  readonly steps: readonly (readonly [id: string, condition: string, ends: 'ok' | 'error' | 'skipped'])[];
  readonly b: 'fails' | 'works';
  readonly continueOnError: boolean;
}

export const straight: Shape = {
  b: 'works',
  continueOnError: false,
  steps: [
    ['a', 'always', 'ok'],
    ['b', 'previous-success', 'ok'],
    ['c', 'previous-success', 'ok'],
    ['d', 'previous-success', 'ok'],
    ['e', 'always', 'ok'],
  ],
};

export const broken: Shape = {
  b: 'fails',
  continueOnError: false,
  steps: [
    ['a', 'always', 'ok'],
    ['b', 'previous-success', 'error'],
    ['c', 'previous-success', 'skipped'],
    ['d', 'previous-error', 'ok'],
    ['e', 'always', 'skipped'],
  ],
};

export const stubborn: Shape = {
  b: 'fails',
  continueOnError: true,
  steps: [
    ['a', 'always', 'ok'],
    ['b', 'previous-success', 'error'],
    ['c', 'previous-error', 'ok'],
    ['d', 'previous-error', 'skipped'],
    ['e', 'previous-success', 'ok'],
    ['f', 'always', 'ok'],
  ],
};
