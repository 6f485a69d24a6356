/** By "Usage" of import-in-the-middle's README. */
import { register } from 'node:module';
import './wrapped.js';

register('import-in-the-middle/hook.mjs', import.meta.url);
