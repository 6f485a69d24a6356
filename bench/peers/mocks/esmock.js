/** esmock, by its README: the importer is imported anew, with other imports. */
import { fileURLToPath } from 'node:url';

export default {
  name: 'esmock',
  packages: ['esmock'],
  flags: [],
  async mocker() {
    const { default: esmock } = await import('esmock');
    return async ({ importer, dependency }, impl) => {
      const fresh = await esmock(fileURLToPath(importer), { [fileURLToPath(dependency)]: { price: impl } });
      return { total: fresh.total, restore: () => esmock.purge(fresh) };
    };
  },
};
