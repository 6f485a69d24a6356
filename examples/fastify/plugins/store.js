/** Notes in memory, for all plugins that are registered after it. */
export async function store(app, { greeting }) {
  const notes = [];
  app.decorate('notes', {
    add(text) {
      notes.push(`${greeting} ${notes.length + 1}: ${text}`);
      return notes.length;
    },
    list: () => notes,
  });
  app.addHook('onClose', () => notes.splice(0));
}

// What fastify-plugin does: the decoration is for the app, not for this plugin alone.
store[Symbol.for('skip-override')] = true;
