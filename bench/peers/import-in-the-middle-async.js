/** import-in-the-middle with its hooks on another thread (`module.register`). */
export default {
  name: 'import-in-the-middle, async hooks',
  packages: ['import-in-the-middle'],
  flags: ['--import', new URL('./preload/middle-async.js', import.meta.url).href],
};
