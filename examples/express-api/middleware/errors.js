export function notFound(req, res) {
  res.status(404).json({ error: `no ${req.path} here` });
}

// Express knows error handlers by their four parameters.
export function onError(error, _req, res, _next) {
  res.status(error.status ?? 500).json({ error: error.message });
}
