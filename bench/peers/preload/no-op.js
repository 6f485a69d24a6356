import * as module from 'node:module';

const load = 'load = (url, context, next) => next(url, context)';
if (module.registerHooks === undefined) module.register(`data:text/javascript,export const ${load}`);
else module.registerHooks({ load: (url, context, next) => next(url, context) });
