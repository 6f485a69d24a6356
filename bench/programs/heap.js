/** A program that has loaded what its argument names, a module's URL, and does nothing more. */
import { memory, serve } from './serve.js';

const url = process.argv[2];
if (url !== undefined) await import(url);

serve({ memory });
