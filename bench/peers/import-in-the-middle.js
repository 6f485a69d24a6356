/** import-in-the-middle with its hooks on the program's thread (`module.registerHooks`). */
export default {
  name: 'import-in-the-middle',
  packages: ['import-in-the-middle'],
  flags: ['--import', new URL('./preload/middle.js', import.meta.url).href],
};
