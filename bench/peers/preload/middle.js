/** By "Synchronous loader hooks" of import-in-the-middle's README. */
import { register } from 'import-in-the-middle/register-hooks.mjs';
import './wrapped.js';

register();
