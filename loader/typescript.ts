/**
 * All that only modules in TypeScript and JSX need, in one: a program in JavaScript loads none of it. In: nothing; out: the
 * rooms behind it. Loaded through `typed` of language.ts, and imported by nobody.
 */
export { erase, restoreEnds } from './erase.ts';
export { finishTypes, importUse, setRequires, tellTypes, toldName, withoutUnused } from './imports.ts';
export { settingsFor } from './settings.ts';
export { JSX, relaid, transformExpression, transformModule } from './transform.ts';
