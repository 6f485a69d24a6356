/** The table on stdout. In: measured rows; out: text. Pure. */

const WIDTHS = [44, 12, 12, 8, 13, 12, 4];

export function heading({ node, v8, machine }) {
  const names = ['', 'plain', 'hotswap', 'ratio', '95%', 'target', ''];
  return `Node ${node} (V8 ${v8}), ${machine}\n\n${line(names)}\n${'─'.repeat(WIDTHS.reduce((a, b) => a + b + 1))}`;
}

/** A part's rows under its title. */
export function format(title, rows) {
  return [title, ...rows.map(rowText), ''].join('\n');
}

function rowText({ name, plain, hot, unit, ratio, low, high, target, note }) {
  return (
    line([
      `  ${name}`,
      amount(plain, unit),
      amount(hot, unit),
      ratio === undefined || !Number.isFinite(ratio) ? '' : `${ratio.toFixed(2)}x`,
      low === undefined ? '' : `${low.toFixed(2)}–${high.toFixed(2)}`,
      target?.says ?? '',
      target === undefined ? '' : met({ ratio, hot, target }) ? 'ok' : 'MISS',
    ]) + (note === undefined ? '' : ` ${note}`)
  );
}

export function met({ ratio, hot, target }) {
  return (
    (target.ratio === undefined || ratio <= target.ratio) && (target.hot === undefined || hot < target.hot)
  );
}

function amount(value, unit) {
  if (value === undefined) return '';
  if (unit === 'ns' && value >= 1e6) return `${(value / 1e6).toFixed(2)} ms`;
  if (unit === 'ns' && value >= 1e3) return `${(value / 1e3).toFixed(2)} µs`;
  if (unit === 'bytes') return `${Math.round(value)} bytes`;
  return `${value.toFixed(value < 1 ? 3 : 2)} ${unit}`;
}

function line(cells) {
  return cells
    .map((cell, i) => (i === 0 ? cell.padEnd(WIDTHS[0]) : cell.padStart(WIDTHS[i])))
    .join(' ')
    .trimEnd();
}
