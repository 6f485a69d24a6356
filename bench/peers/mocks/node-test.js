/** `mock.module` of node:test, by Node's documentation: the importer is imported anew while the mock is in force. */
export default {
  name: 'node:test',
  packages: [],
  flags: ['--experimental-test-module-mocks'],
  async mocker() {
    const { mock } = await import('node:test');
    let made = 0;
    return async ({ importer, dependency }, impl) => {
      const mocked = mock.module(dependency, { namedExports: { price: impl } });
      const { total } = await import(`${importer}?mocked=${++made}`);
      return { total, restore: () => mocked.restore() };
    };
  },
};
