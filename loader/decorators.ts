/**
 * What decorators go through at run time: TypeScript's own helpers, under the names that the transformer has for them. In:
 * nothing; out: a hidden global that loads them when a decorator first runs.
 */
import { createRequire } from '../node.ts';

/** Global that holds the helpers. */
export const HELPERS = 'hs$helpers';

const { defineProperty } = Object;

/** Defines the global. */
export function defineHelpers(): void {
  let made: object | undefined;
  const get = (): object => {
    if (made === undefined) {
      const { __decorate, __metadata, __param } = createRequire(import.meta.url)(
        'tslib',
      ) as typeof import('tslib');
      made = { decorate: __decorate, decorateMetadata: __metadata, decorateParam: __param };
    }
    return made;
  };
  defineProperty(globalThis, HELPERS, { get, enumerable: false, configurable: true });
}
